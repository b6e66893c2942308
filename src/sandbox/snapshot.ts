// Keeps the memory snapshot from which worlds boot in a tenth of a second: made once, before any untrusted code, and
// kept in the user's cache folder under a name that is the hash of all that went into it. The file is checked whenever
// it is opened and made again when it is damaged; two processes that make it at once do no harm. Making a new one
// removes those that nobody has opened for a month.
import { createHash, randomBytes } from "node:crypto";
import { closeSync, fsyncSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync } from "node:fs";
import { renameSync, rmSync, statSync, utimesSync, writeFileSync, writeSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { HARNESS_FILES, INSIDE_FILE, SNAPSHOT_HEADER_BYTES } from "./wire.js";

const UNUSED_MS = 30 * 24 * 3600 * 1000;

export interface SnapshotOptions {
  /** Folder of the `pyodide` package, and the one where `child.js` and the harness lie. */
  readonly pyodide: string;
  readonly here: string;
  /** Kind of world, see `ChildOptions`. */
  readonly variation: number;
  /** Default: `$XDG_CACHE_HOME/selfalign` or `~/.cache/selfalign`. */
  readonly cacheDir?: string | undefined;
  /** Told when a snapshot has to be made. */
  readonly onNotice?: ((text: string) => void) | undefined;
  /** Makes one, in seconds. */
  readonly build: () => Promise<Uint8Array>;
}

function defaultFolder(): string {
  const base = process.env["XDG_CACHE_HOME"];
  return path.join(
    base !== undefined && path.isAbsolute(base) ? base : path.join(os.homedir(), ".cache"),
    "selfalign",
  );
}

/** File name of the snapshot: pyodide's version, then a hash of every byte that takes part in making it. */
export function snapshotName(pyodide: string, here: string, variation: number): string {
  const { version } = JSON.parse(readFileSync(path.join(pyodide, "package.json"), "utf8")) as {
    version: string;
  };
  const hash = createHash("sha256").update(`${version}\n${process.versions.node.split(".")[0] ?? ""}\n`);
  for (const name of [...HARNESS_FILES, INSIDE_FILE, "child.js", "realm.js", "wire.js"]) {
    hash.update(`${name}\n`).update(readFileSync(path.join(here, name)));
  }
  return `pyodide-${version}-${hash.digest("hex").slice(0, 16)}-${variation}.snapshot`;
}

function headerOf(bytes: Uint8Array): Buffer {
  const header = Buffer.alloc(SNAPSHOT_HEADER_BYTES);
  header.writeBigUInt64LE(BigInt(bytes.length));
  createHash("sha256").update(bytes).digest().copy(header, 8);
  return header;
}

/** A descriptor on a sound snapshot, or null. Checked and used through the same descriptor: no one can slip in between. */
function openSound(file: string): number | null {
  let descriptor: number;
  try {
    descriptor = openSync(file, "r");
  } catch {
    return null;
  }
  const whole = readFileSync(descriptor);
  const bytes = whole.subarray(SNAPSHOT_HEADER_BYTES);
  if (bytes.length > 0 && headerOf(bytes).equals(whole.subarray(0, SNAPSHOT_HEADER_BYTES))) {
    markUsed(file);
    return descriptor;
  }
  closeSync(descriptor);
  return null;
}

function markUsed(file: string): void {
  try {
    utimesSync(file, new Date(), new Date());
  } catch {
    // A cache that others own can be read all the same.
  }
}

function forgetUnused(folder: string): void {
  const old = Date.now() - UNUSED_MS;
  const snapshots = readdirSync(folder).filter((name) => /^pyodide-.*\.snapshot$/.test(name));
  for (const file of snapshots.map((name) => path.join(folder, name))) {
    if (statSync(file).mtimeMs < old) rmSync(file, { force: true });
  }
}

function writeBeside(file: string, bytes: Uint8Array): string {
  const temporary = `${file}.${randomBytes(6).toString("hex")}.tmp`;
  const descriptor = openSync(temporary, "wx", 0o600);
  try {
    writeSync(descriptor, headerOf(bytes));
    writeFileSync(descriptor, bytes);
    fsyncSync(descriptor);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  } finally {
    closeSync(descriptor);
  }
  return temporary;
}

/** Puts the snapshot in place, or returns false where the folder can't be written. */
function keep(file: string, bytes: Uint8Array): boolean {
  try {
    mkdirSync(path.dirname(file), { recursive: true, mode: 0o700 });
    renameSync(writeBeside(file, bytes), file);
    forgetUnused(path.dirname(file));
    return true;
  } catch {
    return false;
  }
}

/** For this process alone: a private file that has no name any more once it is open. */
function openNameless(bytes: Uint8Array): number {
  const folder = mkdtempSync(path.join(os.tmpdir(), "selfalign-"));
  try {
    return openSync(writeBeside(path.join(folder, "snapshot"), bytes), "r");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Opens the snapshot, making it first where there is none; returns a descriptor that the caller closes. */
export async function openSnapshot(options: SnapshotOptions): Promise<number> {
  const { pyodide, here, variation, cacheDir = defaultFolder(), onNotice = () => undefined, build } = options;
  const file = path.join(cacheDir, snapshotName(pyodide, here, variation));
  const found = openSound(file);
  if (found !== null) return found;
  onNotice("Preparing the Python sandbox (a few seconds, once)");
  const bytes = await build();
  if (keep(file, bytes)) {
    const made = openSound(file);
    if (made !== null) return made;
  }
  onNotice(`The cache folder '${cacheDir}' can't be written: the sandbox will be prepared anew each time`);
  return openNameless(bytes);
}
