// A run directory: where a run's files lie, which options they were made with, and how far each stage has come.
// `run.json` is the truth about options; it is written whole or not at all and holds no clock and no path of the machine.
import { createHash } from "node:crypto";
import { access, constants, mkdir, readFile, rm, stat } from "node:fs/promises";
import path from "node:path";
import { InputError } from "./errors.js";
import { asError, isMissing, writeWhole } from "./files.js";
import { lockFolder } from "./lock.js";

/** Options that decide what a row contains. Changing one of them makes another run. */
export type ContentOptions = Readonly<Record<string, string | number | boolean>>;

/** What is known of a finished stage. */
export interface StageRecord {
  /** Hash of content options, upstream fingerprint and the stage's own version. */
  readonly fingerprint: string;
  /** Digest of the upstream file that it was made from; null for the first stage. */
  readonly upstream: string | null;
  /** sha256 of its main file: what the next stage compares. */
  readonly digest: string;
  readonly rows: number;
  /** How many rows were asked for, where a number was; and whether the source had no more. */
  readonly target?: number;
  readonly exhausted?: boolean;
  /** Where a source is to be read on from, should more rows be asked for. */
  readonly position?: string;
}

export interface Manifest {
  readonly format: 1;
  readonly selfalign: string;
  readonly content: ContentOptions;
  readonly stages: Readonly<Record<string, StageRecord>>;
}

/** Files and folders of a run, as DESIGN names them; `clean` removes these and nothing else. */
export const RUN_ENTRIES = [
  "run.json",
  "seed_output",
  "self_oss_output",
  "validation_output",
  "final_dataset",
  "timings.jsonl",
  "pipeline.log",
  "pipeline_report.md",
  "pipeline_report.html",
] as const;

export interface RunDirectory {
  readonly dir: string;
  readonly manifest: Manifest;
  /** Absolute path of a file inside the run. */
  at(...parts: readonly string[]): string;
  /** Notes that a stage is finished. */
  record(stage: string, record: StageRecord): Promise<void>;
  /** Removes stages from the manifest and the folders that they wrote. */
  forget(stages: readonly string[], folders: readonly string[]): Promise<void>;
  /** Unlocks the directory. */
  release(): Promise<void>;
}

export interface OpenRunOptions {
  /** Version of this package. */
  readonly version: string;
  /** Remove what an earlier run left there. Default false. */
  readonly clean?: boolean;
}

/**
 * Opens a run directory for writing, making it if need be, and locks it.
 * @throws InputError when it is in use, unwritable, or was made with other content options (each named).
 */
export async function openRun(
  dir: string,
  content: ContentOptions,
  { version, clean = false }: OpenRunOptions,
): Promise<RunDirectory> {
  const root = path.resolve(dir);
  await makeWritable(root, dir);
  const release = await lockFolder(root);
  try {
    if (clean) await cleanRun(root);
    const before = await readManifest(root);
    if (before !== null) refuseOtherContent(dir, before.content, content);
    let manifest: Manifest = before ?? { format: 1, selfalign: version, content, stages: {} };
    if (before === null) await writeManifest(root, manifest);
    return {
      dir: root,
      get manifest() {
        return manifest;
      },
      at: (...parts) => path.join(root, ...parts),
      async record(stage, record) {
        manifest = { ...manifest, stages: { ...manifest.stages, [stage]: record } };
        await writeManifest(root, manifest);
      },
      async forget(stages, folders) {
        const kept = Object.entries(manifest.stages).filter(([name]) => !stages.includes(name));
        for (const folder of folders) await rm(path.join(root, folder), { recursive: true, force: true });
        manifest = { ...manifest, stages: Object.fromEntries(kept) };
        await writeManifest(root, manifest);
      },
      release,
    };
  } catch (error) {
    await release();
    throw error;
  }
}

/** The manifest of a run directory, or null where there is none yet. */
export async function readManifest(dir: string): Promise<Manifest | null> {
  const file = path.join(dir, "run.json");
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if (isMissing(error)) return null;
    throw asError(error);
  }
  try {
    const manifest = JSON.parse(text) as Partial<Manifest>;
    if (manifest.format === 1 && manifest.content && manifest.stages) return manifest as Manifest;
  } catch {
    // Told below together with any other wrong shape.
  }
  throw new InputError(
    `${file} is not a run's description: restore it, or start afresh with --clean or another --output-dir`,
  );
}

/** Fingerprint of a stage: sha256 over its version, its content options and its upstream's fingerprint. */
export function fingerprintOf(
  stage: string,
  version: number,
  content: ContentOptions,
  upstream: string | null,
): string {
  const options = Object.entries(content).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash("sha256")
    .update(JSON.stringify([stage, version, options, upstream]))
    .digest("hex");
}

async function makeWritable(root: string, named: string): Promise<void> {
  try {
    await makeFolder(root);
    await access(root, constants.W_OK);
  } catch (error) {
    const why = error instanceof Error && "code" in error ? String(error.code) : String(error);
    throw new InputError(
      `output directory "${named}" can't be written (${why}): choose another --output-dir`,
      {
        cause: error,
      },
    );
  }
}

/** Level by level: Node 20's recursive mkdir never returns in places such as /proc. */
async function makeFolder(folder: string): Promise<void> {
  if (path.dirname(folder) === folder) return;
  await makeFolder(path.dirname(folder));
  try {
    await mkdir(folder);
  } catch (error) {
    if ((await stat(folder).catch(() => null))?.isDirectory() !== true) throw asError(error);
  }
}

async function cleanRun(root: string): Promise<void> {
  for (const entry of RUN_ENTRIES) await rm(path.join(root, entry), { recursive: true, force: true });
}

async function writeManifest(root: string, manifest: Manifest): Promise<void> {
  await writeWhole(path.join(root, "run.json"), `${JSON.stringify(manifest, null, 2)}\n`);
}

function refuseOtherContent(dir: string, before: ContentOptions, now: ContentOptions): void {
  const changes = changesOf(before, now);
  if (changes === null) return;
  throw new InputError(
    `run directory ${dir} was made with other options (${changes}): ` +
      `repeat those, choose another --output-dir, or start afresh with --clean`,
  );
}

/** How options differ from those that something was made with, in words; null where they don't. */
export function changesOf(before: ContentOptions, now: ContentOptions): string | null {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])].sort();
  const changed = names.filter((name) => before[name] !== now[name]);
  if (changed.length === 0) return null;
  return changed
    .map((name) => `${name} was ${quoted(before[name])} and is now ${quoted(now[name])}`)
    .join("; ");
}

function quoted(value: string | number | boolean | undefined): string {
  return value === undefined ? "not set" : JSON.stringify(value);
}
