// From a file to its seeds: every function is looked at and becomes either a seed, a function that can be imported and
// called on its own with what it needs of its module, or a reject with one reason. One file at a time; what is to be
// decided across files (duplicates, how many) is the caller's.
import {
  keyOf,
  sha1Of,
  type MeasuredReject,
  type Provenance,
  type Reject,
  type Seed,
  type SeedFigures,
  type SourceFile,
} from "../core/record.js";
import { functionsOf, type FunctionFacts } from "../python/functions.js";
import { BUILTINS } from "../python/modules.js";
import { scopesOf } from "../python/names.js";
import { python2Construct } from "../python/python2.js";
import { MAX_NODES, parseFile, parsePython, type SyntaxNode, type SyntaxTree } from "../python/syntax.js";
import { carriedNames, closureOf, seedText, type Closure } from "./carry.js";
import { refusal, type Why } from "./filters.js";
import { importProblem, type PackagePath } from "./imports.js";
import { fileFigures, figuresOf, missedThreshold, type FileFigures } from "./measure.js";
import { moduleStatements, type ModuleStatements, type Statement } from "./module.js";
import { SEED_LINES_LIMIT, THRESHOLDS, type Thresholds } from "./thresholds.js";

/** What one file gives. */
export interface SeedsOfFile {
  /** In source order. */
  readonly seeds: readonly Seed[];
  readonly rejects: readonly Reject[];
}

/** How to choose seeds: the thresholds, and what lies outside them. */
export interface SeedOptions extends Partial<Thresholds> {
  /** Top-level modules that seeds may import beside the standard library's; default none. */
  readonly allowImports?: readonly string[];
  /** Milliseconds to parse one file; default 5,000. */
  readonly timeoutMs?: number;
}

export const SEED_DEFAULTS: Required<SeedOptions> = { ...THRESHOLDS, allowImports: [], timeoutMs: 5_000 };

/** Seeds and rejects of a file. Needs `loadGrammar` first. */
export function seedsOf(file: SourceFile, options: SeedOptions = {}): SeedsOfFile {
  const settings = { ...SEED_DEFAULTS, ...options };
  const tree = parseFile(file.text, settings);
  if (tree === "time-limit")
    return fileReject(file, { reason: tree, detail: `parsing took over ${settings.timeoutMs} ms` });
  if (tree === "too-many-nodes")
    return fileReject(file, { reason: tree, detail: `its tree has more than ${MAX_NODES} nodes` });
  try {
    return seedsOfTree(file, tree, settings);
  } finally {
    tree.delete();
  }
}

function seedsOfTree(file: SourceFile, tree: SyntaxTree, options: Required<SeedOptions>): SeedsOfFile {
  const old = python2Construct(tree);
  if (old) return fileReject(file, { reason: "python-2", detail: `${old.what} in line ${old.line}` });
  const functions = functionsOf(tree, file.text);
  if (functions.length === 0 && tree.hasError) {
    return fileReject(file, { reason: "syntax-error", detail: "the file does not parse" });
  }
  const module = moduleStatements(tree.root, file.text);
  const statements = new Map(module.statements.map((statement) => [statement.node.startIndex, statement]));
  const found = { seeds: [] as Seed[], rejects: [] as Reject[] };
  let known: FileFigures | null = null;
  const ofFile = (): FileFigures => (known ??= fileFigures(file.path, file.text));
  for (const facts of functions) {
    const own = facts.topLevel ? (statements.get(facts.startIndex) ?? null) : null;
    const result = seedOf({ file, facts, own, module, options, ofFile });
    if (!("reason" in result)) found.seeds.push(result);
    else found.rejects.push("key" in result ? result : rejectOf(file, facts, result));
  }
  return found;
}

interface Case {
  readonly file: SourceFile;
  readonly facts: FunctionFacts;
  readonly own: Statement | null;
  readonly module: ModuleStatements;
  readonly options: Required<SeedOptions>;
  readonly ofFile: () => FileFigures;
}

function seedOf(item: Case): Seed | Why | MeasuredReject {
  const { file, facts, own, module, options } = item;
  const refused = refusal({ facts, path: file.path }, own && definitionOf(own.node));
  if (refused) return refused;
  if (!own) throw new Error(`internal: no statement for the function ${facts.qualname} of ${file.path}`);
  const closure = closureOf(own, module);
  const place = packageOf(file);
  const problem = carryProblem(closure, module, place, options.allowImports);
  if (problem) return problem;
  const text = seedText(own, closure, file.text, place);
  const measured = measure(item, text);
  if ("reason" in measured) return measured;
  const missed = missedThreshold(measured, file.licence, options);
  if (!missed) return finished(item, text, measured, carriedNames(own, closure));
  return { ...rejectOf(file, facts, missed), sha1: sha1Of(text), figures: measured };
}

function definitionOf(statement: SyntaxNode): SyntaxNode {
  return statement.childForFieldName("definition") ?? statement;
}

/** The standard library's paths are its package names; of other corpora we don't know where packages begin. */
function packageOf(file: SourceFile): PackagePath {
  return file.source === "stdlib" ? file.path.split("/").slice(0, -1) : null;
}

function carryProblem(
  closure: Closure,
  module: ModuleStatements,
  place: PackagePath,
  allowed: readonly string[],
): Why | null {
  const broken = closure.statements.find(({ node }) => node.hasError);
  if (broken) return { reason: "syntax-error", detail: `carried line ${broken.node.startPosition.row + 1}` };
  if (closure.missing.length > 0) {
    return {
      reason: module.hasStarImport ? "star-import" : "undefined-name",
      detail: closure.missing.join(", "),
    };
  }
  if (closure.fileNames.length > 0) return { reason: "needs-file", detail: closure.fileNames.join(", ") };
  const isTop = new Set(closure.statements.filter(({ kind }) => kind === "import").map(({ node }) => node));
  const plain = closure.statements.map(({ node }) => node).filter((node) => !isTop.has(node));
  return (
    importProblem([...isTop], (name) => closure.needed.has(name), place, allowed) ??
    importProblem(plain, () => true, place, allowed)
  );
}

/** Figures of a text that stands by itself: it parses, and leaves no name undefined. */
function measure({ file, facts, options, ofFile }: Case, text: string): SeedFigures | Why {
  const lines = text.split("\n").length - 1;
  if (lines > SEED_LINES_LIMIT)
    return { reason: "too-long", detail: `seed has ${lines} lines, at most ${options.maxSeedLines}` };
  const tree = parsePython(text, options);
  try {
    if (!tree || tree.hasError) return { reason: "syntax-error", detail: "carried code does not parse" };
    const { module } = scopesOf(tree.root);
    const unknown = [...module.globalReads()].filter(
      (name) => !module.bound.has(name) && !BUILTINS.has(name),
    );
    const declared = [...facts.freeNames].filter((name) => unknown.includes(name));
    if (declared.length > 0) return { reason: "undefined-name", detail: declared.join(", ") };
    return figuresOf(facts, file.text.slice(facts.startIndex, facts.endIndex), text, tree.root, ofFile());
  } finally {
    tree?.delete();
  }
}

function finished(
  { file, facts }: Case,
  text: string,
  figures: SeedFigures,
  carried: readonly string[],
): Seed {
  return {
    key: keyOf("seeds", file.key, facts.qualname, facts.line),
    sha1: sha1Of(text),
    seed: text,
    entryPoint: facts.name,
    parameters: facts.parameters,
    returns: facts.returns,
    async: facts.async,
    docstring: facts.docstring ?? "",
    carried,
    figures,
    provenance: provenanceOf(file, facts.startLine, facts.endLine),
  };
}

function provenanceOf(file: SourceFile, startLine: number, endLine: number): Provenance {
  const { source, repository, revision, path, licence } = file;
  return { source, repository, revision, path, licence, startLine, endLine };
}

function rejectOf(file: SourceFile, facts: FunctionFacts, why: Why): Reject {
  return {
    key: keyOf("seeds", file.key, facts.qualname, facts.line),
    stage: "seeds",
    ...why,
    qualname: facts.qualname,
    provenance: provenanceOf(file, facts.startLine, facts.endLine),
  };
}

function fileReject(file: SourceFile, why: Why): SeedsOfFile {
  const provenance = provenanceOf(file, 1, Math.max(1, file.text.split("\n").length - 1));
  const reject = { key: keyOf("seeds", file.key, null), stage: "seeds", ...why, qualname: null, provenance };
  return { seeds: [], rejects: [reject] };
}
