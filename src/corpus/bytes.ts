// A file that may be large and far away: its size, any range of it, and a stream from any byte on. On this machine or on
// the Hub; whoever reads Parquet or JSON lines need not know which.
import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { InputError } from "../core/errors.js";
import { explainedRefusal, hubUrl, type Hub, type HubDataset, type HubFile } from "../hub/files.js";

export interface Bytes {
  /** Path inside the corpus. */
  readonly name: string;
  /** Number of bytes. */
  readonly size: number;
  /** Bytes from `start` up to `end`. */
  read(start: number, end: number, signal: AbortSignal | undefined): Promise<Uint8Array>;
  /** Bytes from `start` on. */
  stream(start: number, signal: AbortSignal | undefined): AsyncIterable<Uint8Array>;
}

/** A file on this machine, called `name` in the corpus. */
export async function localBytes(file: string, name: string): Promise<Bytes> {
  const { size } = await stat(file);
  return {
    name,
    size,
    async read(start, end) {
      const handle = await open(file, "r");
      try {
        const buffer = new Uint8Array(end - start);
        let filled = 0;
        while (filled < buffer.length) {
          const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, start + filled);
          if (bytesRead === 0) throw new InputError(`file "${name}" became shorter while it was read`);
          filled += bytesRead;
        }
        return buffer;
      } finally {
        await handle.close();
      }
    },
    stream: (start, signal) => createReadStream(file, { start, ...(signal ? { signal } : {}) }),
  };
}

/** A file of a dataset on the Hub. */
export function hubBytes(hub: Hub, dataset: HubDataset, { path, size }: HubFile): Bytes {
  const url = hubUrl(hub, dataset, path);
  return {
    name: path,
    size,
    async read(start, end, signal) {
      try {
        return (await hub.http.get(url, { start, end, signal })).bytes;
      } catch (error) {
        throw explainedRefusal(error, hub, dataset.repo);
      }
    },
    async *stream(start, signal) {
      try {
        if (start < size) yield* hub.http.stream(url, { start, end: size, signal });
      } catch (error) {
        throw explainedRefusal(error, hub, dataset.repo);
      }
    },
  };
}
