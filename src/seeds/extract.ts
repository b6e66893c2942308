// Every function of a corpus, unfiltered, with the facts that researchers sort by: the raw material behind the seeds, for
// `selfalign extract`. Broken files give the functions that can be seen in them, and are counted.
import { open, rename, rm } from "node:fs/promises";
import type { Corpus } from "../corpus/corpus.js";
import { openCorpus } from "../corpus/open.js";
import { InputError } from "../core/errors.js";
import { startProgress, type Draw } from "../core/progress.js";
import { functionsOf } from "../python/functions.js";
import { loadGrammar, parsePython } from "../python/syntax.js";

/** A row of the extraction; the fields mean what they mean in `FunctionFacts`. */
export interface ExtractedFunction {
  /** Inside the corpus, `/`-separated. */
  readonly path: string;
  readonly qualname: string;
  readonly line: number;
  readonly endLine: number;
  readonly async: boolean;
  readonly docstring: string | null;
  readonly returnsValue: boolean;
  readonly params: number;
  readonly annotatedParams: number;
  readonly returnAnnotated: boolean;
  readonly complexity: number;
  readonly freeNames: readonly string[];
}

/** What was read on the way. */
export interface ExtractCounts {
  readonly files: number;
  readonly functions: number;
  /** Files with syntax errors; their functions are listed as far as they can be seen. */
  readonly filesWithErrors: number;
  /** Files that gave nothing, by reason: those of `CorpusReason`, and `time-limit`. */
  readonly skipped: Readonly<Record<string, number>>;
}

export interface ExtractOptions {
  /** Draws the order of the files; default 0. */
  readonly seed?: number;
  /** Milliseconds to parse one file; default 5,000. */
  readonly timeoutMs?: number;
}

/** The functions of a corpus in its order, those of one file in source order; returns the counts. */
export async function* extractCorpus(
  corpus: Corpus,
  options: ExtractOptions = {},
): AsyncGenerator<ExtractedFunction, ExtractCounts> {
  const { seed = 0, timeoutMs = 5_000 } = options;
  await loadGrammar();
  const counts = { files: 0, functions: 0, filesWithErrors: 0, skipped: {} as Record<string, number> };
  for await (const item of corpus.files({ seed })) {
    counts.files++;
    const found =
      "reject" in item ? item.reject.reason : extractText(item.file.path, item.file.text, timeoutMs);
    if (typeof found === "string") {
      counts.skipped[found] = (counts.skipped[found] ?? 0) + 1;
      continue;
    }
    if (found.hasError) counts.filesWithErrors++;
    counts.functions += found.rows.length;
    yield* found.rows;
  }
  return counts;
}

export interface ExtractToOptions extends ExtractOptions {
  /** Where progress is drawn; default nowhere. */
  readonly draw?: Draw;
}

/**
 * Writes every function of the corpus named `spec` to `out`, one JSON line each; `out` appears when all are written.
 * @throws InputError for an unknown or empty corpus and for a file that can't be written.
 */
export async function extractTo(
  spec: string,
  out: string,
  { draw, ...options }: ExtractToOptions = {},
): Promise<ExtractCounts> {
  let say: (text: string) => void = () => undefined;
  const corpus = await openCorpus(spec, { onNotice: (text) => say(text) });
  const temporary = `${out}.tmp`;
  const handle = await open(temporary, "w").catch((cause: unknown) => {
    throw new InputError(`file "${out}" can't be written: name a file in a folder that exists`, { cause });
  });
  const progress = startProgress(draw === undefined ? {} : { draw });
  say = (text) => progress.say(text);
  const task = progress.start("functions", null);
  try {
    const rows = extractCorpus(corpus, options);
    let batch: string[] = [];
    for (;;) {
      const { value, done } = await rows.next();
      if (!done) {
        batch.push(`${JSON.stringify(value)}\n`);
        if (batch.length < WRITE_ROWS) continue;
      }
      await handle.writeFile(batch.join(""));
      task.tick(batch.length);
      batch = [];
      if (!done) continue;
      await handle.sync();
      await rename(temporary, out);
      task.end(`${value.functions} found`);
      return value;
    }
  } finally {
    progress.close();
    await handle.close();
    await rm(temporary, { force: true });
  }
}

/** Rows that are written at once. */
const WRITE_ROWS = 500;

function extractText(
  path: string,
  text: string,
  timeoutMs: number,
): { readonly rows: readonly ExtractedFunction[]; readonly hasError: boolean } | "time-limit" {
  const tree = parsePython(text, { timeoutMs });
  if (!tree) return "time-limit";
  try {
    const rows = functionsOf(tree, text).map((facts) => ({
      path,
      qualname: facts.qualname,
      line: facts.line,
      endLine: facts.endLine,
      async: facts.async,
      docstring: facts.docstring,
      returnsValue: facts.returnsValue,
      params: facts.params,
      annotatedParams: facts.annotatedParams,
      returnAnnotated: facts.returnAnnotated,
      complexity: facts.complexity,
      freeNames: facts.freeNames,
    }));
    return { rows, hasError: tree.hasError };
  } finally {
    tree.delete();
  }
}
