// A corpus as token ids in a folder: `tokens.bin`, two or four bytes an id (little-endian), one file of the corpus behind the other;
// `documents.jsonl`, a line for each; and `store.json`, which says what they were made of and is written last. Read back
// by pieces, as large as training wants them. Refuses a folder that was made of something else.
import { createHash, type Hash } from "node:crypto";
import { mkdir, open, readFile, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { availableParallelism } from "node:os";
import path from "node:path";
import { InputError } from "../core/errors.js";
import { isMissing, readRows, syncFolder, writeRows, writeWhole } from "../core/files.js";
import { startProgress, type Progress } from "../core/progress.js";
import type { SourceFile } from "../core/record.js";
import { changesOf, type ContentOptions } from "../core/run.js";
import { loadTokenizer } from "../model/tokenizer.js";
import { batched, mapTexts } from "./pool.js";
import type { EncodedTexts } from "./texts.js";

/** Token ids as they are stored. */
export type Ids = Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

/** A file of the corpus. */
export interface TokenDocument {
  readonly key: string;
  readonly repository: string;
  readonly path: string;
  readonly tokens: number;
}

export interface StoreManifest {
  readonly format: 1;
  /** Bytes of an id. */
  readonly width: 2 | 4;
  readonly tokens: number;
  readonly documents: number;
  /** sha256 of tokens.bin. */
  readonly digest: string;
  /** What it was made of; `tokenizer` is the sha256 of its tokenizer.json. */
  readonly content: ContentOptions;
}

export interface EncodeOptions {
  /** What tells this corpus from others: its identity, seed, filters. A store made with other values is refused. */
  readonly content: ContentOptions;
  /** The token that ends texts stands before and behind each file; default false, nothing does. */
  readonly enclosed?: boolean;
  /** Threads that encode; default one per processor. */
  readonly workers?: number;
  readonly signal?: AbortSignal;
  /** Default nobody. */
  readonly progress?: Progress;
}

/** Characters that are encoded at once. */
const BATCH = 2 ** 20;

const MANIFEST = "store.json";
const IDS = "tokens.bin";
const DOCUMENTS = "documents.jsonl";

/** The fingerprint of a tokenizer's folder or file. @throws InputError where it has no tokenizer.json. */
export async function tokenizerDigest(place: string): Promise<string> {
  const info = await stat(place).catch(() => null);
  const file = info?.isDirectory() === true ? path.join(place, "tokenizer.json") : place;
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new InputError(`"${place}" has no tokenizer.json; name a folder that has one`, { cause });
  });
  return createHash("sha256").update(bytes).digest("hex");
}

/**
 * Encodes files with a tokenizer (its folder or tokenizer.json) into a store, or leaves one alone that was made of the same.
 * A store appears whole or not at all; a killed run begins again.
 * @throws InputError where a store of something else is in the folder, and for a tokenizer without a token to enclose files with.
 */
export async function encodeTo(
  folder: string,
  files: AsyncIterable<SourceFile>,
  tokenizer: string,
  options: EncodeOptions,
): Promise<StoreManifest> {
  const { enclosed = false } = options;
  const content = { ...options.content, enclosed, tokenizer: await tokenizerDigest(tokenizer) };
  const there = await manifestOf(folder);
  if (there !== null) {
    refuseOther(folder, there.content, content);
    return there;
  }
  const { vocabSize, special } = await loadTokenizer(tokenizer);
  const [end] = special.eos;
  if (enclosed && end === undefined)
    throw new InputError(`tokenizer "${tokenizer}" has no token that ends texts: choose another one`);
  const width = vocabSize <= 2 ** 16 ? 2 : 4;
  await mkdir(folder, { recursive: true });
  const temporary = path.join(folder, `${IDS}.tmp`);
  const handle = await open(temporary, "w");
  const hash = createHash("sha256");
  try {
    const written = writeIds(handle, hash, files, {
      ...options,
      tokenizer,
      width,
      around: enclosed ? end : undefined,
    });
    const totals = { tokens: 0, documents: 0 };
    const counted = async function* (): AsyncGenerator<TokenDocument> {
      for await (const document of written) {
        totals.tokens += document.tokens;
        totals.documents++;
        yield document;
      }
    };
    await writeRows(path.join(folder, DOCUMENTS), counted());
    await handle.sync();
    await rename(temporary, path.join(folder, IDS));
    await syncFolder(folder);
    const manifest: StoreManifest = { format: 1, width, ...totals, digest: hash.digest("hex"), content };
    await writeWhole(path.join(folder, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
    return manifest;
  } finally {
    await handle.close();
    await rm(temporary, { force: true });
  }
}

/** Writes the ids of the files in their order and gives each file when its ids are written. */
async function* writeIds(
  handle: FileHandle,
  hash: Hash,
  files: AsyncIterable<SourceFile>,
  options: EncodeOptions & { tokenizer: string; width: 2 | 4; around: number | undefined },
): AsyncGenerator<TokenDocument> {
  const { tokenizer, width, around, workers = availableParallelism() } = options;
  const { signal, progress = startProgress() } = options;
  const task = progress.start("encode", null);
  const waiting: Omit<SourceFile, "text">[] = [];
  const texts = async function* (): AsyncGenerator<string> {
    for await (const { text, ...file } of files) {
      signal?.throwIfAborted();
      waiting.push(file);
      yield text;
    }
  };
  let tokens = 0;
  for await (const encoded of mapTexts(batched(texts(), BATCH), "encode", tokenizer, workers)) {
    const { ids, ends } = around === undefined ? encoded : enclose(encoded, around);
    const stored = width === 2 ? Uint16Array.from(ids) : ids;
    const bytes = new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength);
    hash.update(bytes);
    await handle.appendFile(bytes);
    const done = waiting.splice(0, ends.length);
    for (const [at, { key, repository, path }] of done.entries())
      yield { key, repository, path, tokens: (ends[at] ?? 0) - (ends[at - 1] ?? 0) };
    tokens += ids.length;
    task.tick(ends.length);
  }
  task.end(`${tokens} tokens`);
}

/** The same texts with a token before and behind each. */
function enclose({ ids, ends }: EncodedTexts, token: number): EncodedTexts {
  const wide = new Uint32Array(ids.length + 2 * ends.length).fill(token);
  for (const [at, end] of ends.entries()) {
    const start = ends[at - 1] ?? 0;
    wide.set(ids.subarray(start, end), start + 2 * at + 1);
  }
  return { ids: wide, ends: ends.map((end, at) => end + 2 * (at + 1)) };
}

/** What a folder's store says of itself; null where there is none. */
async function manifestOf(folder: string): Promise<StoreManifest | null> {
  const file = path.join(folder, MANIFEST);
  const text = await readFile(file, "utf8").catch((error: unknown) => {
    if (isMissing(error)) return null;
    throw error;
  });
  if (text === null) return null;
  try {
    const manifest = JSON.parse(text) as { readonly format?: unknown };
    // A cast because a store of this format is written here alone.
    if (manifest.format === 1) return manifest as StoreManifest;
  } catch {
    // Told below.
  }
  throw new InputError(`${file} is no token store's; choose another folder, or remove this one`);
}

function refuseOther(folder: string, before: ContentOptions, now: ContentOptions): void {
  const changes = changesOf(before, now);
  if (changes !== null)
    throw new InputError(
      `token store ${folder} was made of something else (${changes}): choose another folder, or remove it`,
    );
}

export interface Tokens {
  readonly manifest: StoreManifest;
  readonly documents: readonly TokenDocument[];
  /** The ids from `start` on, `count` of them. */
  read(start: number, count: number): Promise<Ids>;
  close(): Promise<void>;
}

/**
 * Opens a store for reading.
 * @throws InputError where there is none, it is damaged, or was made with another tokenizer than that of this folder or file.
 */
export async function openTokens(folder: string, tokenizer: string): Promise<Tokens> {
  const manifest = await manifestOf(folder);
  if (manifest === null) throw new InputError(`"${folder}" is no token store; encode a corpus into it first`);
  const { content, width, tokens } = manifest;
  refuseOther(folder, content, { ...content, tokenizer: await tokenizerDigest(tokenizer) });
  const documents: TokenDocument[] = [];
  for await (const row of readRows<TokenDocument>(path.join(folder, DOCUMENTS))) documents.push(row);
  const file = path.join(folder, IDS);
  const size = (await stat(file).catch(() => null))?.size;
  const listed = documents.reduce((sum, document) => sum + document.tokens, 0);
  if (size !== tokens * width || listed !== tokens || documents.length !== manifest.documents)
    throw new InputError(`token store ${folder} is damaged: remove it, and encode the corpus again`);
  const handle = await open(file, "r");
  return {
    manifest,
    documents,
    async read(start, count) {
      const ids = width === 2 ? new Uint16Array(count) : new Uint32Array(count);
      const { bytesRead } = await handle.read(ids, 0, count * width, start * width);
      if (bytesRead !== count * width)
        throw new Error(`internal: tokens ${start} to ${start + count} lie behind the end of ${file}`);
      return ids;
    },
    close: () => handle.close(),
  };
}
