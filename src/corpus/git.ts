// A corpus from a git checkout: the files of its current commit, read from git's own store, so that what is untracked,
// ignored or not committed stays out and every record names the commit that has it. Links and submodules are left
// out. Runs the command `git` and nothing that a repository could bring along.
import { execFile, spawn } from "node:child_process";
import { basename } from "node:path";
import { promisify } from "node:util";
import { InputError } from "../core/errors.js";
import { linesIn } from "../core/files.js";
import { MAX_FILE_BYTES, ordered, recordOf, tooLarge, type Corpus, type NoBytes } from "./corpus.js";
import { isLicenceFile, nearestLicence, noticesOf, readLicence, type Licence } from "./licence.js";

/** Neither hooks nor a file system monitor, no replaced objects, nothing fetched, nobody asked. */
const SETTINGS = ["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "--no-replace-objects"];
/** The path alone says which checkout is meant, also where a hook of another one started us. */
const ENVIRONMENT = {
  GIT_DIR: undefined,
  GIT_WORK_TREE: undefined,
  GIT_OBJECT_DIRECTORY: undefined,
  GIT_OPTIONAL_LOCKS: "0",
  GIT_NO_LAZY_FETCH: "1",
  GIT_TERMINAL_PROMPT: "0",
  LC_ALL: "C",
};

/**
 * Opens the checkout that holds `path`; with a folder inside of it, what is below that folder.
 * @throws InputError when there is no checkout, no commit, no Python file, or no `git`.
 */
export async function openGit(path: string): Promise<Corpus> {
  if (path === "") throw new InputError('corpus "git:" names no checkout; write git:PATH');
  const ask = (...args: readonly string[]): Promise<string> => git(path, args);
  const top = (await ask("rev-parse", "--show-toplevel")).trim();
  const prefix = (await ask("rev-parse", "--show-prefix")).trim();
  const commit = (
    await ask("rev-parse", "--verify", "HEAD^{commit}").catch((cause: unknown) => {
      throw new InputError(`checkout "${path}" has no commit yet; commit something first`, { cause });
    })
  ).trim();
  const entries = entriesOf(await ask("ls-tree", "-r", "-z", "--long", "--full-tree", commit));
  const paths = [...entries.keys()].filter((file) => file.endsWith(".py") && file.startsWith(prefix));
  if (paths.length === 0) {
    throw new InputError(
      `checkout "${path}" has no .py file in its commit; name one with Python source in it`,
    );
  }
  const repository = await repositoryOf(ask, basename(top));
  const licences = await licencesOf(path, entries);
  const source = `git:${basename(repository)}`;
  return {
    name: source,
    title: `the repository ${repository}`,
    identity: `git:${repository}@${commit}${prefix === "" ? "" : `/${prefix}`}`,
    python: null,
    notices: noticesOf(repository, licences),
    licenceText: null,
    count: () => Promise.resolve(paths.length),
    async *files(options) {
      const order = ordered(paths, options).map((one) => ({ ...one, ...entryOf(entries, one.path) }));
      const wanted = order.filter(({ size }) => size <= MAX_FILE_BYTES);
      const contents = contentsOf(path, wanted.map(({ id }) => id), options.signal); // prettier-ignore
      try {
        for (const { order: position, path: file, size } of order) {
          const licence = nearestLicence(file, licences)?.spdx ?? null;
          const origin = { source, repository, revision: commit, licence, path: file };
          const bytes = size > MAX_FILE_BYTES ? tooLarge(size) : await nextOf(contents);
          yield recordOf(position, origin, bytes);
        }
      } finally {
        await contents.return(undefined);
      }
    },
  };
}

interface Entry {
  readonly id: string;
  /** Bytes. */
  readonly size: number;
}

function entryOf(entries: ReadonlyMap<string, Entry>, path: string): Entry {
  const entry = entries.get(path);
  if (entry === undefined) throw new Error(`internal: ${path} is not in the tree`);
  return entry;
}

/** Files of a tree by their path; links (mode 120000) and submodules (160000) are none. */
function entriesOf(listing: string): Map<string, Entry> {
  const entries = new Map<string, Entry>();
  for (const line of listing.split("\0")) {
    const parts = /^100\d{3} blob ([0-9a-f]+) +(\d+)\t([\s\S]+)$/.exec(line);
    if (parts !== null) entries.set(parts[3] ?? "", { id: parts[1] ?? "", size: Number(parts[2]) });
  }
  return entries;
}

async function licencesOf(path: string, entries: ReadonlyMap<string, Entry>): Promise<Map<string, Licence>> {
  const files = [...entries.keys()].filter((file) => isLicenceFile(basename(file))).sort();
  const firsts = files.filter((file, at) => at === 0 || folderOf(files[at - 1] ?? "") !== folderOf(file));
  const licences = new Map<string, Licence>();
  const contents = contentsOf(path, firsts.map((file) => entryOf(entries, file).id), undefined); // prettier-ignore
  for (const file of firsts) {
    const bytes = await nextOf(contents);
    if (bytes instanceof Uint8Array) licences.set(folderOf(file), readLicence(Buffer.from(bytes).toString()));
  }
  await contents.return(undefined);
  return licences;
}

function folderOf(file: string): string {
  return file.includes("/") ? file.slice(0, file.lastIndexOf("/")) : "";
}

/** `owner/name` of where it was cloned from, if that is a server; otherwise its folder's name. Never a user or password. */
async function repositoryOf(
  ask: (...args: readonly string[]) => Promise<string>,
  folder: string,
): Promise<string> {
  const remote = (await ask("config", "--get", "remote.origin.url").catch(() => "")).trim();
  const url = /^(?:(?:https?|ssh|git):\/\/[^/]+\/|[^/@:]+@[^/:]+:)(.+)$/.exec(remote)?.[1];
  const parts = url?.replace(/\/+$/, "").replace(/\.git$/, "").split("/").filter(Boolean) ?? []; // prettier-ignore
  return parts.length === 0 ? folder : parts.slice(-2).join("/");
}

async function git(path: string, args: readonly string[]): Promise<string> {
  try {
    const options = { maxBuffer: 1e9, env: { ...process.env, ...ENVIRONMENT } };
    return (await promisify(execFile)("git", [...SETTINGS, "-C", path, ...args], options)).stdout;
  } catch (cause) {
    throw notGit(path, cause);
  }
}

function notGit(path: string, cause: unknown): InputError {
  if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") {
    return new InputError('corpus "git:" needs the command git; install it, or use folder:PATH', { cause });
  }
  const said = cause instanceof Error && "stderr" in cause ? String(cause.stderr).trim().split("\n")[0] : "";
  return new InputError(`"${path}" is not a git checkout (${said}); clone one, or use folder:PATH`, {
    cause,
  });
}

/** Contents of objects in the order of `ids`, by one process that writes as fast as is read. */
async function* contentsOf(
  path: string,
  ids: readonly string[],
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array | NoBytes, undefined> {
  const child = spawn("git", [...SETTINGS, "-C", path, "cat-file", "--batch"], {
    env: { ...process.env, ...ENVIRONMENT },
    stdio: ["pipe", "pipe", "ignore"],
    ...(signal ? { signal } : {}),
  });
  const failures: Error[] = [];
  child.on("error", (error) => failures.push(error));
  child.stdin.on("error", (error) => failures.push(error)); // a reader that goes early breaks the pipe
  child.stdin.end(ids.map((id) => `${id}\n`).join(""));
  try {
    let head: { id: string; size: number } | null = null;
    let parts: Buffer[] = [];
    let length = 0;
    // Each object is a line `ID blob SIZE`, its bytes, and a newline; its own newlines are put back between the lines.
    for await (const { bytes } of linesIn(child.stdout as AsyncIterable<Buffer>)) {
      if (head === null) {
        const [, id = "", size] = /^(\S+) blob (\d+)$/.exec(bytes.toString("latin1")) ?? [];
        if (size === undefined) yield { reason: "unreadable", detail: "git does not have the object" };
        else head = { id, size: Number(size) };
        continue;
      }
      parts.push(bytes, Buffer.from("\n"));
      length += bytes.length + 1;
      if (length <= head.size) continue;
      yield Buffer.concat(parts).subarray(0, head.size);
      [head, parts, length] = [null, [], 0];
    }
    signal?.throwIfAborted();
    if (failures[0] !== undefined) throw notGit(path, failures[0]);
  } finally {
    child.kill();
  }
}

async function nextOf(
  contents: AsyncGenerator<Uint8Array | NoBytes, undefined>,
): Promise<Uint8Array | NoBytes> {
  const next = await contents.next();
  if (next.done === true) return { reason: "unreadable", detail: "git ended before the object" };
  return next.value;
}
