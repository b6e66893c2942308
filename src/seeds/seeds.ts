// From a file to its seeds: every function is looked at and becomes either a seed, a function that can be imported and
// called on its own with what it needs of its module, or a reject with one reason. One file at a time; what is to be
// decided across files (duplicates, how many) is the caller's.
import { keyOf, sha1Of, type Provenance, type Reject, type Seed, type SourceFile } from "../core/record.js";
import { functionsOf, type FunctionFacts } from "../python/functions.js";
import { BUILTINS } from "../python/modules.js";
import { scopesOf } from "../python/names.js";
import { python2Construct } from "../python/python2.js";
import { parsePython, type SyntaxNode, type SyntaxTree } from "../python/syntax.js";
import { carriedNames, closureOf, seedText, type Closure } from "./carry.js";
import { linesOf, refusal, wordsOf, type SeedReason, type Thresholds } from "./filters.js";
import { importProblem, type PackagePath } from "./imports.js";
import { moduleStatements, type ModuleStatements, type Statement } from "./module.js";

/** What one file gives. */
export interface SeedsOfFile {
  /** In source order. */
  readonly seeds: readonly Seed[];
  readonly rejects: readonly Reject[];
}

interface Why {
  readonly reason: SeedReason;
  readonly detail: string;
}

/** How to choose seeds; the thresholds of the filters and two limits more. */
export interface SeedOptions extends Partial<Thresholds> {
  /** Lines of the whole seed, with what it carries; default 250. */
  readonly maxSeedLines?: number;
  /** Milliseconds to parse one file; default 5,000. */
  readonly timeoutMs?: number;
}

export const SEED_DEFAULTS: Required<SeedOptions> = {
  minLines: 3,
  maxLines: 150,
  minDocstringWords: 3,
  maxSeedLines: 250,
  timeoutMs: 5_000,
};

/** Seeds and rejects of a file. Needs `loadGrammar` first. */
export function seedsOf(file: SourceFile, options: SeedOptions = {}): SeedsOfFile {
  const settings = { ...SEED_DEFAULTS, ...options };
  const tree = parsePython(file.text, settings);
  if (!tree)
    return fileReject(file, { reason: "time-limit", detail: `parsing took over ${settings.timeoutMs} ms` });
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
  for (const facts of functions) {
    const own = facts.topLevel ? (statements.get(facts.startIndex) ?? null) : null;
    const result = seedOf({ file, facts, own, module, options });
    if ("reason" in result) found.rejects.push(rejectOf(file, facts, result));
    else found.seeds.push(result);
  }
  return found;
}

interface Case {
  readonly file: SourceFile;
  readonly facts: FunctionFacts;
  readonly own: Statement | null;
  readonly module: ModuleStatements;
  readonly options: Required<SeedOptions>;
}

function seedOf(item: Case): Seed | Why {
  const { file, facts, own, module, options } = item;
  const candidate = { facts, path: file.path, text: file.text.slice(facts.startIndex, facts.endIndex) };
  const refused = refusal(candidate, own && definitionOf(own.node), options);
  if (refused) return refused;
  if (!own) throw new Error(`internal: no statement for the function ${facts.qualname} of ${file.path}`);
  const closure = closureOf(own, module);
  const place = packageOf(file);
  const problem = carryProblem(closure, module, place);
  if (problem) return problem;
  const text = seedText(own, closure, file.text, place);
  return checked(text, facts, options) ?? finished(item, text, carriedNames(own, closure));
}

function definitionOf(statement: SyntaxNode): SyntaxNode {
  return statement.childForFieldName("definition") ?? statement;
}

/** The standard library's paths are its package names; of other corpora we don't know where packages begin. */
function packageOf(file: SourceFile): PackagePath {
  return file.source === "stdlib" ? file.path.split("/").slice(0, -1) : null;
}

function carryProblem(closure: Closure, module: ModuleStatements, place: PackagePath): Why | null {
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
    importProblem([...isTop], (name) => closure.needed.has(name), place) ??
    importProblem(plain, () => true, place)
  );
}

/** The text must stand by itself: parse, be short enough, and leave no name undefined. */
function checked(text: string, facts: FunctionFacts, options: Required<SeedOptions>): Why | null {
  const lines = text.split("\n").length - 1;
  if (lines > options.maxSeedLines) {
    return { reason: "too-long", detail: `seed has ${lines} lines, at most ${options.maxSeedLines}` };
  }
  const tree = parsePython(text, options);
  if (!tree || tree.hasError) return { reason: "syntax-error", detail: "carried code does not parse" };
  const { module } = scopesOf(tree.root);
  tree.delete();
  const unknown = [...module.globalReads()].filter((name) => !module.bound.has(name) && !BUILTINS.has(name));
  const declared = [...facts.freeNames].filter((name) => unknown.includes(name));
  return declared.length > 0 ? { reason: "undefined-name", detail: declared.join(", ") } : null;
}

function finished({ file, facts }: Case, text: string, carried: readonly string[]): Seed {
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
    figures: {
      functionLines: linesOf(facts),
      seedLines: text.split("\n").length - 1,
      docstringWords: wordsOf(facts.docstring ?? ""),
      complexity: facts.complexity,
      parameterCount: facts.params,
      annotatedParameters: facts.annotatedParams,
      returnAnnotated: facts.returnAnnotated,
    },
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
