// The file of a model's weights while it is made: every weight at its own place, the steps of the plan one after the other.
// A line beside it is written for each step that is on the disk, so that a conversion that was cut goes on where it was;
// a line also holds the hash of each weight.
import { createHash, type Hash } from "node:crypto";
import { open, readFile, rm, type FileHandle } from "node:fs/promises";
import { asError, isMissing, writeWhole } from "../core/files.js";
import type { Stored } from "../onnx/external.js";
import type { Checkpoint } from "../onnx/safetensors.js";
import type { Step } from "./weights.js";

/** SHA-256 of a weight's bytes, in hex. */
export type Hashes = Readonly<Record<string, string>>;

export interface DataFile {
  readonly file: string;
  /** Of the plan and the checkpoint: what another conversion began is not gone on with. */
  readonly fingerprint: string;
  readonly places: ReadonlyMap<string, Stored>;
}

export interface WriteOptions {
  readonly signal?: AbortSignal | undefined;
  /** Hears of bytes that are done, those of an earlier start included. */
  readonly onBytes?: (bytes: number) => void;
}

/** Writes all steps; gives the hash of every weight. */
export async function writeData(
  { file, fingerprint, places }: DataFile,
  steps: readonly Step[],
  checkpoint: Checkpoint,
  { signal, onBytes = () => undefined }: WriteOptions = {},
): Promise<Hashes> {
  const noteFile = `${file}.steps`;
  const notes = await readNotes(noteFile, fingerprint);
  const handle = await open(file, notes.length > 0 ? "r+" : "w");
  // Written anew: a power cut may have left half a line at its end.
  await writeWhole(noteFile, [fingerprint, ...notes].map((line) => `${JSON.stringify(line)}\n`).join(""));
  const note = await open(noteFile, "a");
  try {
    const done: Hashes[] = [...notes];
    for (const [at, step] of steps.entries()) {
      const known = done[at];
      if (known === undefined) {
        const hashes = await writeStep(handle, step, places, checkpoint, onBytes, signal);
        await handle.sync();
        await note.writeFile(`${JSON.stringify(hashes)}\n`);
        await note.sync();
        done.push(hashes);
      } else for (const { name } of step.weights) onBytes(places.get(name)?.length ?? 0);
    }
    return Object.assign({}, ...done) as Hashes;
  } finally {
    await handle.close();
    await note.close();
  }
}

/** Forgets how far the conversion had come, when all is in place. */
export async function forgetSteps({ file }: DataFile): Promise<void> {
  await rm(`${file}.steps`, { force: true });
}

async function writeStep(
  handle: FileHandle,
  step: Step,
  places: ReadonlyMap<string, Stored>,
  checkpoint: Checkpoint,
  onBytes: (bytes: number) => void,
  signal: AbortSignal | undefined,
): Promise<Hashes> {
  const open = new Map<string, { at: number; readonly hash: Hash }>();
  for (const { name } of step.weights)
    open.set(name, { at: places.get(name)?.offset ?? 0, hash: createHash("sha256") });
  for await (const { name, bytes } of step.pieces(checkpoint)) {
    signal?.throwIfAborted();
    const region = open.get(name);
    if (region === undefined) throw new Error(`internal: "${name}" is no weight of this step`);
    for (let put = 0; put < bytes.length;)
      put += (await handle.write(bytes, put, bytes.length - put, region.at + put)).bytesWritten;
    region.at += bytes.length;
    region.hash.update(bytes);
    onBytes(bytes.length);
  }
  for (const [name, { at }] of open) {
    const place = places.get(name);
    if (place === undefined || at !== place.offset + place.length)
      throw new Error(`internal: "${name}" ended ${at - (place?.offset ?? 0)} bytes into its place`);
  }
  return Object.fromEntries([...open].map(([name, { hash }]) => [name, hash.digest("hex")]));
}

/** Hashes of the steps that are done, by an earlier start of the same conversion; none where there was none. */
async function readNotes(file: string, fingerprint: string): Promise<readonly Hashes[]> {
  try {
    const lines = (await readFile(file, "utf8")).split("\n").slice(0, -1);
    if (lines[0] !== JSON.stringify(fingerprint)) return [];
    return lines.slice(1).map((line) => JSON.parse(line) as Hashes);
  } catch (error) {
    if (isMissing(error)) return [];
    throw asError(error);
  }
}
