// Where Python files come from, and in which order. A corpus is named on the command line, hands out decoded files one by
// one in an order fixed by a seed, so that the first N are a fair sample and more is a continuation, and can go on
// after any position. What can't be read becomes a reject, never an exception.
import { keyOf, sha1Of, type Reject, type SourceFile } from "../core/record.js";
import { decodePython, type CorpusReason, type Decoded } from "./decode.js";

/** Files above this are rejected: they are tables and generated code, and cost the parser seconds. */
export const MAX_FILE_BYTES = 1_000_000;

/** A decoded file and its position: hex that sorts in the corpus's order. */
export interface CorpusFile {
  readonly order: string;
  readonly file: SourceFile;
}

/** A file left out and its position. */
export interface CorpusReject {
  readonly order: string;
  readonly reject: Reject;
}

export interface FilesOptions {
  /** Draws the order. */
  readonly seed: number;
  /** Go on behind this position; default: from the start. */
  readonly after?: string;
  /** Stops waiting for a network or a disk. */
  readonly signal?: AbortSignal;
}

export interface Corpus {
  /** As in `Provenance.source`. */
  readonly name: string;
  /** For people, e.g. `CPython 3.14.2's standard library`. */
  readonly title: string;
  /** Tells two corpora of the same name apart; what a run remembers. Holds no path of the machine. */
  readonly identity: string;
  /** Python that its files are written for, e.g. `[3, 14]`; null where that is not known. */
  readonly python: readonly [number, number] | null;
  /** Attribution lines that a dataset made from it must carry. */
  readonly notices: readonly string[];
  /** Full text of the licence that must lie beside such a dataset; null where none is known. */
  readonly licenceText: string | null;
  files(options: FilesOptions): AsyncGenerator<CorpusFile | CorpusReject>;
  /** Number of Python files; null where only reading them all would tell. */
  count(): Promise<number | null>;
}

/** What is known of a file before it is read. */
export type FileOrigin = Omit<SourceFile, "key" | "text">;

/** Why a file's bytes can't be had. */
export interface NoBytes {
  readonly reason: CorpusReason;
  readonly detail: string;
}

/** Paths in the seeded order, each with its position, beginning behind `after`. */
export function ordered(paths: readonly string[], options: FilesOptions): { order: string; path: string }[] {
  const { seed, after = "" } = options;
  return paths
    .map((path) => ({ order: sha1Of(`${seed}:${path}`), path }))
    .filter(({ order }) => order > after)
    .sort((a, b) => (a.order < b.order ? -1 : 1));
}

/** A file's bytes as a record: the decoded file, or a reject that says why not. */
export function recordOf(
  order: string,
  origin: FileOrigin,
  bytes: Uint8Array | NoBytes,
): CorpusFile | CorpusReject {
  const { source, repository, revision, path } = origin;
  const result = bytes instanceof Uint8Array ? readable(bytes) : bytes;
  return itemOf(order, keyOf(source, repository, revision, path), origin, result);
}

/** A text as a record, or the reject that says why there is none; `key` is the file's. */
export function itemOf(
  order: string,
  key: string,
  origin: FileOrigin,
  result: Decoded | NoBytes,
): CorpusFile | CorpusReject {
  if ("text" in result) return { order, file: { key, ...origin, text: result.text } };
  const provenance = { ...origin, startLine: 1, endLine: 1 };
  const reject = { key: keyOf("corpus", key), stage: "corpus", ...result, qualname: null, provenance };
  return { order, reject };
}

function readable(bytes: Uint8Array): Decoded | NoBytes {
  if (bytes.length <= MAX_FILE_BYTES) return decodePython(bytes);
  return tooLarge(bytes.length);
}

/** The reject of a file above `MAX_FILE_BYTES`. */
export function tooLarge(bytes: number): NoBytes {
  return { reason: "file-too-large", detail: `${bytes} bytes, at most ${MAX_FILE_BYTES}` };
}
