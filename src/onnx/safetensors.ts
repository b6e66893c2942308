// Checkpoints in the Hugging Face layout: `model.safetensors`, or several files and `model.safetensors.index.json`. In
// comes a source of files with random access, a folder or somewhere far away; out come weights as single floats, all of
// a tensor or some of its rows, read in pieces, so that memory is what is asked for and a few megabytes. F32, F16 and
// BF16 are read; other types are refused by name, when they are asked for. Bytes are taken as little-endian, like the
// machine's.
import { open, stat } from "node:fs/promises";
import path from "node:path";
import { isRecord } from "../core/json.js";
import { InputError } from "../core/errors.js";
import { asError, isMissing } from "../core/files.js";
import { fromBfloat, fromHalf } from "./floats.js";
import * as header from "./header.js";

/** Files by name, with random access. */
export interface CheckpointSource {
  /** What messages call it: a folder, a repository. */
  readonly name: string;
  /** Bytes of a file, or null where there is none of this name. */
  size(file: string): Promise<number | null>;
  /** Exactly the bytes from `start` up to `end`. */
  read(file: string, start: number, end: number): Promise<Uint8Array>;
}

export interface Checkpoint {
  /** Names of its tensors, in the order of the files. */
  readonly names: readonly string[];
  /** Bytes of all its tensors as they are stored. */
  readonly bytes: number;
  has(name: string): boolean;
  /** A tensor's type as it is stored, e.g. "BF16". */
  dtype(name: string): string;
  shape(name: string): readonly number[];
  /** All numbers of a tensor. */
  read(name: string): Promise<Float32Array>;
  /** Rows, along the first dimension, from `from` up to `to`. */
  rows(name: string, from: number, to: number): Promise<Float32Array>;
}

const WHOLE = "model.safetensors";
const INDEX = "model.safetensors.index.json";
/** Stored bytes that are read and widened at a time. */
const PIECE_BYTES = 8 * 2 ** 20;

/** Stored bytes as single floats, by type. */
const WIDEN = new Map<string, (bytes: Uint8Array) => Float32Array>([
  ["F32", (bytes) => new Float32Array(aligned(bytes))],
  ["F16", (bytes) => fromHalf(new Uint16Array(aligned(bytes)))],
  ["BF16", (bytes) => fromBfloat(new Uint16Array(aligned(bytes)))],
]);

/** A folder on this machine as a source. */
export function folderSource(folder: string): CheckpointSource {
  return {
    name: folder,
    async size(file) {
      try {
        return (await stat(path.join(folder, file))).size;
      } catch (error) {
        if (isMissing(error)) return null;
        throw asError(error);
      }
    },
    async read(file, start, end) {
      const handle = await open(path.join(folder, file), "r");
      try {
        const bytes = new Uint8Array(end - start);
        for (let filled = 0; filled < bytes.length;) {
          const { bytesRead } = await handle.read(bytes, filled, bytes.length - filled, start + filled);
          if (bytesRead === 0)
            throw new InputError(`${path.join(folder, file)} became shorter while it was read`);
          filled += bytesRead;
        }
        return bytes;
      } finally {
        await handle.close();
      }
    },
  };
}

/** Opens a checkpoint: reads and checks the headers of its files. */
export async function openCheckpoint(source: CheckpointSource): Promise<Checkpoint> {
  return checkpointOf(source, await tensorsOf(source));
}

/** Opens one safetensors file of any name: reads and checks its header. */
export async function openSafetensors(source: CheckpointSource, file: string): Promise<Checkpoint> {
  return checkpointOf(source, await tensorsIn(source, file));
}

function checkpointOf(source: CheckpointSource, tensors: ReadonlyMap<string, Tensor>): Checkpoint {
  const find = (name: string): Tensor => {
    const found = tensors.get(name);
    if (found !== undefined) return found;
    throw new InputError(`${source.name} has no tensor "${name}"; it has ${some([...tensors.keys()])}`);
  };

  async function rows(name: string, from: number, to: number): Promise<Float32Array> {
    const { file, dtype, shape, start, end } = find(name);
    const widen = WIDEN.get(dtype);
    if (widen === undefined) {
      const known = [...WIDEN.keys()].join(", ");
      throw new InputError(
        `${source.name}: "${name}" is ${dtype}, only ${known} are read; save it again as one of these`,
      );
    }
    const [count = 1] = shape;
    if (from < 0 || to > count || from > to) {
      throw new InputError(`${source.name}: "${name}" has ${count} rows, ${from} up to ${to} were asked for`);
    }
    const rowBytes = count === 0 ? 0 : (end - start) / count;
    const last = start + to * rowBytes;
    const values = new Float32Array(((to - from) * rowBytes) / (header.widthOf(dtype) ?? 1));
    let filled = 0;
    for (let at = start + from * rowBytes; at < last; at += PIECE_BYTES) {
      const piece = widen(await source.read(file, at, Math.min(at + PIECE_BYTES, last)));
      values.set(piece, filled);
      filled += piece.length;
    }
    return values;
  }

  return {
    names: [...tensors.keys()],
    bytes: [...tensors.values()].reduce((sum, { start, end }) => sum + end - start, 0),
    has: (name) => tensors.has(name),
    dtype: (name) => find(name).dtype,
    shape: (name) => find(name).shape,
    read: async (name) => rows(name, 0, find(name).shape[0] ?? 1),
    rows,
  };
}

/**
 * A tensor's rows in order, so many at a time that they take about `bytes` as single floats, at least one. The next rows
 * are asked for while the caller works with those before: a source far away answers meanwhile.
 */
export async function* rowChunks(
  checkpoint: Checkpoint,
  name: string,
  bytes: number = PIECE_BYTES,
): AsyncGenerator<{ readonly from: number; readonly values: Float32Array }> {
  const [count = 1, ...row] = checkpoint.shape(name);
  const step = Math.max(1, Math.floor(bytes / (4 * Math.max(1, header.countOf(row)))));
  const ask = (from: number): Promise<Float32Array> => {
    const values = checkpoint.rows(name, from, Math.min(from + step, count));
    // Whoever waits for it hears of a failure; it may come before, or when nobody does any more.
    values.catch(() => undefined);
    return values;
  };
  let coming = count > 0 ? ask(0) : null;
  for (let from = 0; coming !== null; from += step) {
    const values: Float32Array = await coming;
    coming = from + step < count ? ask(from + step) : null;
    yield { from, values };
  }
}

interface Tensor extends header.Place {
  readonly file: string;
}

async function tensorsOf(source: CheckpointSource): Promise<ReadonlyMap<string, Tensor>> {
  if ((await source.size(WHOLE)) !== null) return tensorsIn(source, WHOLE);
  const weightMap = await readIndex(source);
  const tensors = new Map<string, Tensor>();
  for (const file of new Set(weightMap.values())) {
    const inside = await tensorsIn(source, file, `, ${INDEX} names it`);
    for (const [name, tensor] of inside) if (weightMap.get(name) === file) tensors.set(name, tensor);
  }
  const lost = [...weightMap.keys()].filter((name) => !tensors.has(name));
  if (lost.length > 0) {
    throw new InputError(
      `${source.name}/${INDEX} promises ${some(lost)}, its files lack them: fetch the checkpoint again, all files of one revision`,
    );
  }
  return tensors;
}

/** `namedBy` says in a refusal why the file should be there. */
async function tensorsIn(
  source: CheckpointSource,
  file: string,
  namedBy = "",
): Promise<ReadonlyMap<string, Tensor>> {
  const called = `${source.name}/${file}`;
  const size = await source.size(file);
  if (size === null) {
    throw new InputError(`${called} is missing${namedBy}: fetch the checkpoint again, with all its files`);
  }
  const first = await source.read(file, 0, Math.min(header.LENGTH_BYTES, size));
  const behind = header.LENGTH_BYTES + header.headerLength(first, size, called);
  const places = header.readHeader(await source.read(file, header.LENGTH_BYTES, behind), size, called);
  return new Map([...places].map(([name, place]) => [name, { ...place, file }]));
}

/** File by tensor. */
async function readIndex(source: CheckpointSource): Promise<ReadonlyMap<string, string>> {
  const size = await source.size(INDEX);
  if (size === null) {
    const pickled = (await source.size("pytorch_model.bin")) !== null;
    const hint = pickled
      ? "it has a pytorch_model.bin: save the model again as safetensors"
      : "name another folder";
    throw new InputError(`${source.name} has neither ${WHOLE} nor ${INDEX}; ${hint}`);
  }
  const called = `${source.name}/${INDEX}`;
  let index: unknown;
  try {
    index = JSON.parse(Buffer.from(await source.read(INDEX, 0, size)).toString("utf8"));
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    index = null;
  }
  const files = isRecord(index) ? index["weight_map"] : null;
  if (!isRecord(files)) header.damaged(called, `is no JSON object with a "weight_map"`);
  return new Map(Object.entries(files).map(([name, file]) => [name, fileName(file, called)]));
}

/** A file beside the index, nowhere else. */
function fileName(file: unknown, index: string): string {
  if (typeof file === "string" && /^[^/\\]+\.safetensors$/.test(file)) return file;
  throw new InputError(
    `${index} names ${JSON.stringify(file)}, which is no safetensors file beside it; don't use it`,
  );
}

function some(names: readonly string[]): string {
  const first = names.slice(0, 3).map((name) => `"${name}"`);
  return names.length > 3 ? `${first.join(", ")} and ${names.length - 3} more` : first.join(", ");
}

/** The bytes in a buffer of their own, where numbers may begin. */
function aligned({ buffer, byteOffset, byteLength }: Uint8Array): ArrayBuffer {
  const own = byteOffset === 0 && byteLength === buffer.byteLength && buffer instanceof ArrayBuffer;
  return own ? buffer : new Uint8Array(new Uint8Array(buffer, byteOffset, byteLength)).buffer;
}
