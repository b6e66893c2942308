// Where a checkpoint is: a folder on this machine, or a repository on the Hub, of which only the ranges that are wanted are
// fetched and nothing is stored. In comes a name, out come its files and an origin that says what they are without telling
// where on this machine they lie. What is checked far away: every read is of one commit, gives exactly the bytes asked for,
// and is of a file as long as the listing says. The Hub's sha256 are of whole files, which nobody reads in one go here.
import { createHash } from "node:crypto";
import { readdir, readFile, realpath, stat } from "node:fs/promises";
import path from "node:path";
import { InputError } from "../core/errors.js";
import { asError, isMissing } from "../core/files.js";
import {
  explainedRefusal,
  hubFiles,
  hubModel,
  hubUrl,
  openHub,
  type Hub,
  type HubRepo,
} from "../hub/files.js";
import type { HttpOptions } from "../hub/http.js";
import { HttpError } from "../hub/retry.js";
import { folderSource, type CheckpointSource } from "../onnx/safetensors.js";
import { COPIED } from "./files.js";

export interface SourceOptions {
  /** Where `HF_TOKEN` and `HF_ENDPOINT` are looked up, default the process's environment. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Hears of long waits, one line each; default nobody. */
  readonly onNotice?: (text: string) => void;
  /** Stops the opening and all reads. */
  readonly signal?: AbortSignal;
  /** How the network is asked, e.g. how patiently. */
  readonly http?: Omit<HttpOptions, "token">;
}

export interface OpenedSource {
  readonly source: CheckpointSource;
  /** `owner/name@commit`, or a folder's name and what tells its contents from others': `name#1a2b3c4d5e6f`. */
  readonly origin: string;
}

/** `owner/name`, or that at a branch, tag or commit. */
export const REPOSITORY = /^([A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*)(?:@([^\s@]+))?$/;

/**
 * Opens the checkpoint that a name on the command line means; a folder goes before a repository of the same name.
 * @throws InputError where there is neither, or the Hub does not give it: each says what to do.
 */
export async function openSource(model: string, options: SourceOptions = {}): Promise<OpenedSource> {
  if (await isFolder(model)) {
    const weights = (await readdir(model)).filter((file) => /\.safetensors(?:\.index\.json)?$/.test(file));
    return { source: folderSource(model), origin: await folderOrigin(model, weights) };
  }
  const [, repo, revision = "main"] = REPOSITORY.exec(model) ?? [];
  if (repo === undefined) {
    throw new InputError(
      `model "${model}" is no folder here and no repository's name; give either, e.g. bigcode/starcoder2-3b`,
    );
  }
  const { hub, at } = await findRepository(repo, revision, options);
  const { signal } = options;
  return { source: await hubSource(hub, at, signal), origin: `${at.repo}@${at.revision}` };
}

/** The commit that a revision of a repository is. @throws InputError where the Hub does not tell. */
export async function findRepository(
  repo: string,
  revision: string,
  options: SourceOptions = {},
): Promise<{ readonly hub: Hub; readonly at: HubRepo }> {
  const { env = process.env, onNotice: onWait, signal } = options;
  const [endpoint, token] = [env["HF_ENDPOINT"], env["HF_TOKEN"]];
  const hub = openHub({
    ...(onWait === undefined ? {} : { onWait }),
    ...options.http,
    ...(endpoint === undefined || endpoint === "" ? {} : { endpoint }),
    ...(token === undefined ? {} : { token }),
  });
  const at = await hubModel(hub, repo, revision, signal).catch((error: unknown) => {
    throw isUnknown(error)
      ? new InputError(`${error.message}; nor is it a folder here`, { cause: error })
      : error;
  });
  return { hub, at };
}

/** True for a folder on this machine. */
export async function isFolder(name: string): Promise<boolean> {
  try {
    return (await stat(name)).isDirectory();
  } catch (error) {
    if (isMissing(error) || (error instanceof Error && "code" in error && error.code === "ENOTDIR"))
      return false;
    throw asError(error);
  }
}

function isUnknown(error: unknown): error is InputError {
  if (!(error instanceof InputError) || !(error.cause instanceof HttpError)) return false;
  const { status, headers } = error.cause;
  const code = headers.get("x-error-code");
  return code === "RepoNotFound" || (status === 404 && code === undefined);
}

/** The files of a model on the Hub: one listing, then ranges. */
async function hubSource(hub: Hub, at: HubRepo, signal: AbortSignal | undefined): Promise<CheckpointSource> {
  const sizes = new Map<string, number>();
  for await (const { path, size } of hubFiles(hub, at, null, signal)) sizes.set(path, size);
  return {
    name: at.repo,
    size: (file) => Promise.resolve(sizes.get(file) ?? null),
    async read(file, start, end) {
      if (start >= end) return new Uint8Array();
      const called = `${at.repo}/${file}`;
      const { bytes, headers } = await hub.http
        .get(hubUrl(hub, at, file), { start, end, signal })
        .catch((error: unknown) => {
          throw explainedRefusal(error, hub, at.repo, at.revision, "model");
        });
      const size = sizes.get(file) ?? 0;
      const total = /\/(\d+)$/.exec(headers.get("content-range") ?? "")?.[1];
      if (total === undefined && bytes.length < size) {
        throw new InputError(
          `${hub.endpoint} does not give parts of ${called}: fetch the checkpoint by other means and name its folder`,
        );
      }
      if (bytes.length !== end - start || (total !== undefined && Number(total) !== size)) {
        throw new InputError(
          `${called} is not as long as its listing says (${size} bytes): check HF_ENDPOINT, or try again later`,
        );
      }
      return bytes;
    },
  };
}

/** Bytes of a file of weights that are looked at in one place, and at how many places. */
const SAMPLE_BYTES = 4_096;
const SAMPLES = 64;

/**
 * A folder's name with a hash of its configuration and of samples of its weights: models that were trained on from the
 * same one have the same name and the same tensors, and must not be taken for one another.
 */
export async function folderOrigin(folder: string, weights: readonly string[]): Promise<string> {
  const hash = createHash("sha256");
  const source = folderSource(folder);
  for (const file of ["config.json", ...COPIED, ...[...weights].sort()]) {
    const size = (await source.size(file)) ?? 0;
    hash.update(`${file} ${size}\n`);
    const sampled = weights.includes(file) && !file.endsWith(".json");
    const step = sampled ? Math.max(SAMPLE_BYTES, Math.floor(size / SAMPLES)) : Math.max(1, size);
    for (let at = 0; at < size; at += step)
      hash.update(await source.read(file, at, Math.min(at + (sampled ? SAMPLE_BYTES : step), size)));
  }
  return `${await nameOf(folder)}#${hash.digest("hex").slice(0, 12)}`;
}

/** The repository that a folder's configuration names, else the folder's own name. */
async function nameOf(folder: string): Promise<string> {
  try {
    const config = JSON.parse(await readFile(path.join(folder, "config.json"), "utf8")) as unknown;
    const named = (config as { _name_or_path?: unknown } | null)?._name_or_path;
    if (typeof named === "string" && REPOSITORY.exec(named)?.[2] === undefined && REPOSITORY.test(named))
      return named;
  } catch {
    // Absent or damaged: whoever reads it next says so.
  }
  return path.basename(await realpath(folder));
}
