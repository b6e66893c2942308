// The outer fence of the native sandbox: bubblewrap's command line for a Python that sees /usr, three devices, an empty
// /tmp and nothing else, in namespaces of its own, as a user of its own. What it needs is looked for here, and what is
// missing is told. Bubblewrap: https://github.com/containers/bubblewrap
import { spawnSync } from "node:child_process";
import { accessSync, constants, lstatSync, readlinkSync, realpathSync, statSync } from "node:fs";
import path from "node:path";
import { InputError } from "../core/errors.js";

/** An interpreter that can run in the fence. */
export interface Interpreter {
  /** Its file, without links. */
  readonly file: string;
  /** Folders that it needs besides /usr. */
  readonly folders: readonly string[];
  readonly version: readonly [number, number];
  /** Where it finds modules that are not its own (site-packages). */
  readonly path: readonly string[];
}

/** What the fence is made with, or why it can't be. */
export type Found<T> = { readonly found: T } | { readonly missing: string };

const PATHS = ["/usr/bin", "/bin", "/usr/local/bin"];

function executable(name: string, folders: readonly string[]): string | null {
  for (const folder of folders) {
    const file = path.join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Not here: the next folder.
    }
  }
  return null;
}

/** Bubblewrap's file on this machine. */
export function findBubblewrap(): Found<string> {
  if (process.platform !== "linux" || process.arch !== "x64")
    return {
      missing: `the native sandbox needs Linux on x86-64, not ${process.platform} on ${process.arch}`,
    };
  const file = executable("bwrap", [...PATHS, ...(process.env["PATH"] ?? "").split(":")]);
  return file === null ? { missing: "bubblewrap (bwrap) is not installed" } : { found: file };
}

/** Asks an interpreter where its parts lie; our own script, on the user's own interpreter. */
const ASK = `import json, os, site, sys
paths = [os.path.realpath(p) for p in (sys.prefix, sys.base_prefix, sys.exec_prefix, os.path.dirname(os.__file__))]
print(json.dumps({"version": sys.version_info[:2], "file": os.path.realpath(sys.executable), "folders": paths, "sites": site.getsitepackages()}))`;

interface Answer {
  readonly version: readonly [number, number];
  readonly file: string;
  readonly folders: readonly string[];
  readonly sites: readonly string[];
}

function asked(python: string): Answer | null {
  const { status, stdout } = spawnSync(python, ["-I", "-c", ASK], {
    encoding: "utf8",
    timeout: 20_000,
    env: { LANG: "C.UTF-8" },
  });
  return status === 0 ? (JSON.parse(stdout) as Answer) : null;
}

/** The system's python3, whose standard library everyone can read. */
export function findPython(): Found<Interpreter> {
  const file = executable("python3", ["/usr/bin", "/usr/local/bin"]);
  const answer = file === null ? null : asked(file);
  if (answer === null) return { missing: "there is no /usr/bin/python3" };
  return checked(answer, [], file ?? "");
}

/**
 * The interpreter that the user names, with its site-packages.
 * @throws InputError when it is none, is too old or lies where the sandbox's user can't read.
 */
export function pythonAt(python: string): Interpreter {
  const answer = asked(python);
  if (answer === null)
    throw new InputError(`python '${python}' can't be started: name an interpreter, e.g. venv/bin/python`);
  const found = checked(answer, answer.sites, python);
  if ("missing" in found) throw new InputError(`python '${python}' can't be used: ${found.missing}`);
  return found.found;
}

function checked(answer: Answer, sites: readonly string[], name: string): Found<Interpreter> {
  const [major, minor] = answer.version;
  if (major !== 3 || minor < 10) return { missing: `${name} is Python ${major}.${minor}, older than 3.10` };
  const needed = [...new Set([...answer.folders, ...sites, path.dirname(answer.file)])];
  const hidden = needed.find((folder) => `${folder}/`.startsWith("/tmp/"));
  if (hidden !== undefined)
    return { missing: `'${hidden}' lies in /tmp, of which every program has its own` };
  const shut = process.getuid?.() === 0 ? needed.find((folder) => !openToAll(folder)) : undefined;
  if (shut !== undefined)
    return { missing: `'${shut}' can't be read by other users, which the sandbox's user is` };
  const folders = needed.filter((folder) => !folder.startsWith("/usr/") && existsFolder(folder));
  return { found: { file: answer.file, version: answer.version, folders, path: sites } };
}

function existsFolder(folder: string): boolean {
  return statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** Whether any user can go into a folder and into all above it. */
function openToAll(folder: string): boolean {
  if (!existsFolder(folder)) return true;
  for (let at = realpathSync(folder); ; at = path.dirname(at)) {
    if ((statSync(at).mode & 0o005) !== 0o005) return false;
    if (at === "/") return true;
  }
}

/** `/lib` and its like are links into /usr on most systems, folders on others. */
function systemFolders(): string[] {
  return ["/lib", "/lib64", "/bin"].flatMap((folder) => {
    const stat = lstatSync(folder, { throwIfNoEntry: false });
    if (stat === undefined) return [];
    return stat.isSymbolicLink()
      ? ["--symlink", readlinkSync(folder), folder]
      : ["--ro-bind", folder, folder];
  });
}

/** The command line of bubblewrap around `python3 -c SCRIPT`. */
export function fenced(interpreter: Interpreter, script: string): readonly string[] {
  const devices = ["null", "zero", "urandom"].flatMap((name) => [
    "--dev-bind",
    `/dev/${name}`,
    `/dev/${name}`,
  ]);
  const folders = interpreter.folders.flatMap((folder) => ["--ro-bind", folder, folder]);
  return [
    ...["--unshare-all", "--die-with-parent", "--new-session"],
    ...["--ro-bind", "/usr", "/usr", ...systemFolders(), ...folders, ...devices, "--dir", "/tmp"],
    ...["--clearenv", "--setenv", "LANG", "C.UTF-8", "--setenv", "PYTHONHASHSEED", "0"],
    ...["--chdir", "/tmp", "--remount-ro", "/", "--cap-add", "CAP_SYS_ADMIN"],
    ...[interpreter.file, "-s", "-S", "-B", "-c", script],
  ];
}
