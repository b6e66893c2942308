// Starts the real command line on a run directory, kills it where a test wants, and reads what it published.
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";

export const ROOT = path.resolve(import.meta.dirname, "../..");

export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** Starts `selfalign` with these arguments. */
export function start(args: readonly string[], env: NodeJS.ProcessEnv = {}): Started {
  const child = spawn(process.execPath, [path.join(ROOT, "scripts/selfalign.mjs"), ...args], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<Ended>((resolve) => {
    child.on("close", (status, signal) => resolve({ status, signal, stdout, stderr }));
  });
  return { child, ended };
}

/** Runs `selfalign` to its end. */
export function run(...args: readonly string[]): Promise<Ended> {
  return start(args).ended;
}

/** Folders whose files must be the same to the byte, whatever happened on the way. */
const RECORD_FOLDERS = ["seed_output", "self_oss_output", "validation_output", "final_dataset"];

/** Every published record file of a run with its bytes. */
export function published(dir: string): Map<string, Buffer> {
  const files = RECORD_FOLDERS.flatMap((folder) =>
    readdirSync(path.join(dir, folder)).map((file) => path.join(folder, file)),
  );
  return new Map(files.sort().map((file) => [file, readFileSync(path.join(dir, file))]));
}

/** Names of the files that differ between two runs, or are in one only. */
export function differences(a: ReadonlyMap<string, Buffer>, b: ReadonlyMap<string, Buffer>): string[] {
  const names = new Set([...a.keys(), ...b.keys()]);
  return [...names].filter((name) => !(a.get(name) ?? Buffer.of(1)).equals(b.get(name) ?? Buffer.of(2)));
}

/** Journals of a run that are under way, with their sizes. */
export function journals(dir: string): { file: string; bytes: number }[] {
  return ["seed_output", "self_oss_output", "validation_output"]
    .map((folder) => path.join(dir, folder))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((file) => path.join(folder, file)))
    .filter((file) => file.endsWith(".part"))
    .map((file) => ({ file, bytes: statSync(file, { throwIfNoEntry: false })?.size ?? 0 }));
}

/** Bytes that the stages have written so far, published or not. */
export function bytesWritten(
  dir: string,
  folders: readonly string[] = ["seed_output", "self_oss_output", "validation_output"],
): number {
  const done = folders
    .map((folder) => path.join(dir, folder))
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((file) => path.join(folder, file)))
    .filter((file) => file.endsWith(".jsonl") || file.endsWith(".part"));
  return done.reduce((sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0), 0);
}
