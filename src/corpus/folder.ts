// A corpus from the user's own disk: every .py file under a folder. Skips hidden folders, installed packages and
// virtual environments, and does not follow symbolic links, so nothing outside the folder is read. The licence of a file
// is that of the nearest licence file above it, up to the folder itself.
import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { InputError } from "../core/errors.js";
import { MAX_FILE_BYTES, ordered, recordOf, tooLarge, type Corpus, type NoBytes } from "./corpus.js";
import { sha1Of } from "../core/record.js";
import { isLicenceFile, nearestLicence, noticesOf, readLicence, type Licence } from "./licence.js";

const SKIPPED = new Set(["node_modules", "__pycache__", "site-packages", "dist-packages", "venv"]);

/**
 * Opens a folder.
 * Throws InputError when it is missing, not a folder, unreadable, or holds no .py file.
 */
export async function openFolder(path: string): Promise<Corpus> {
  const root = resolve(path);
  await requireFolder(path, root);
  const listing = await list(root);
  if (listing.paths.length === 0) {
    throw new InputError(`folder "${path}" holds no .py file; name a folder with Python source in it`);
  }
  const name = basename(root);
  return {
    name: `folder:${name}`,
    title: `the folder ${name}`,
    identity: `folder:${name}@${sha1Of(await realpath(root)).slice(0, 8)}`,
    python: null,
    notices: noticesOf(name, listing.licences),
    licenceText: null,
    count: () => Promise.resolve(listing.paths.length),
    async *files(options) {
      for (const { order, path: file } of ordered(listing.paths, options)) {
        const licence = nearestLicence(file, listing.licences)?.spdx ?? null;
        const origin = { source: `folder:${name}`, repository: name, revision: null, licence, path: file };
        yield recordOf(order, origin, await readBytes(join(root, file)));
      }
    },
  };
}

async function requireFolder(path: string, root: string): Promise<void> {
  if (path === "") throw new InputError('corpus "folder:" names no folder; write folder:PATH');
  const found = await stat(root).catch(() => null);
  if (!found) throw new InputError(`folder "${path}" does not exist; check the path behind "folder:"`);
  if (!found.isDirectory())
    throw new InputError(`"${path}" is a file, not a folder; name the folder that holds it`);
}

interface Listing {
  /** Relative to the root, `/`-separated. */
  readonly paths: string[];
  /** By folder, `""` for the root. */
  readonly licences: Map<string, Licence>;
}

async function list(root: string): Promise<Listing> {
  const listing: Listing = { paths: [], licences: new Map() };
  const pending = [""];
  for (let folder = pending.pop(); folder !== undefined; folder = pending.pop()) {
    pending.push(...(await listOne(root, folder, listing)));
  }
  return listing;
}

/** Adds the files of one folder; gives the folders in it that are to be read too. */
async function listOne(root: string, folder: string, listing: Listing): Promise<string[]> {
  const entries = await readdir(join(root, folder), { withFileTypes: true }).catch((cause: unknown) => {
    if (folder === "")
      throw new InputError(`folder "${root}" can't be read; check its permissions`, { cause });
    listing.paths.push(folder); // reading it as a file fails and makes the reject that says so
    return [];
  });
  if (folder !== "" && entries.some((entry) => entry.name === "pyvenv.cfg")) return [];
  const within = (name: string): string => (folder === "" ? name : `${folder}/${name}`);
  const names = entries.filter((entry) => entry.isFile()).map((entry) => entry.name);
  listing.paths.push(...names.filter((name) => name.endsWith(".py")).map(within));
  const licenceFile = names.filter(isLicenceFile).sort()[0];
  if (licenceFile !== undefined)
    listing.licences.set(folder, readLicence(await textOf(join(root, within(licenceFile)))));
  return entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith(".") && !SKIPPED.has(entry.name))
    .map((entry) => within(entry.name));
}

function textOf(path: string): Promise<string> {
  return readFile(path, "utf8").catch(() => "");
}

async function readBytes(path: string): Promise<Uint8Array | NoBytes> {
  try {
    const { size } = await stat(path);
    return size > MAX_FILE_BYTES ? tooLarge(size) : await readFile(path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unknown error";
    return { reason: "unreadable", detail: code }; // the message would hold a path of this machine
  }
}
