// The functions of one file, unfiltered, as the rows of an extraction. Broken files give the functions that can be seen
// in them.
import type { SourceFile } from "../core/record.js";
import { functionsOf } from "../python/functions.js";
import { parseFile, type ParseFailure } from "../python/syntax.js";

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

export interface FunctionsOfFile {
  /** In source order. */
  readonly rows: readonly ExtractedFunction[];
  /** True when the file has syntax errors. */
  readonly hasError: boolean;
}

/** Functions of a file, or why there are none; parsing may take `timeoutMs` (default 5,000) milliseconds. */
export function readFunctions({ path, text }: SourceFile, timeoutMs = 5_000): FunctionsOfFile | ParseFailure {
  const tree = parseFile(text, { timeoutMs });
  if (typeof tree === "string") return tree;
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
