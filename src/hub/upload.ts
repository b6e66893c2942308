// A folder onto the Hub: a model or a dataset, all its files in one commit, through the official client. Files that the Hub
// already holds are not sent again, so after a failure the same call goes on. Sole owner of @huggingface/hub, which is loaded
// when something is sent.
import { openAsBlob } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import path from "node:path";
import { InputError, Interrupted } from "../core/errors.js";
import { asError } from "../core/files.js";
import { stoppable } from "../core/interrupt.js";
import { startProgress, type Draw } from "../core/progress.js";
import { endpointOf, HUB_URL, type HubKind } from "./files.js";

export interface PushOptions {
  /** What the repository is, default a model. */
  readonly kind?: HubKind;
  /** Made private where it is made; one that exists stays as it is. Default false. */
  readonly private?: boolean;
  /** Default `main`. */
  readonly branch?: string;
  /** First line of the commit. */
  readonly title?: string;
  readonly draw?: Draw;
  readonly signal?: AbortSignal;
  /** Where `HF_TOKEN` and `HF_ENDPOINT` are looked up; default the process's environment. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

export interface Pushed {
  /** The repository's page. */
  readonly url: string;
  readonly commit: string;
  readonly files: number;
  readonly bytes: number;
}

/**
 * Sends a folder's files, hidden and temporary ones left out, to `repo`, "owner/name", which is made where it is not there.
 * @throws InputError for a folder without files, a missing token, and what the Hub refuses; Interrupted when stopped.
 */
export async function pushFolder(folder: string, repo: string, options: PushOptions = {}): Promise<Pushed> {
  return stoppable(options.signal, (signal) => send(folder, repo, { ...options, signal }));
}

async function send(
  folder: string,
  repo: string,
  options: PushOptions & { readonly signal: AbortSignal },
): Promise<Pushed> {
  const { kind = "model", branch = "main", title = "Upload with selfalign", draw, signal } = options;
  const env = options.env ?? process.env;
  if (!["model", "dataset"].includes(kind))
    throw new InputError(`kind "${kind}" does not exist: choose model or dataset`);
  const accessToken = env["HF_TOKEN"];
  if (!/^[\w.-]+\/[\w.-]+$/.test(repo))
    throw new InputError(`repository "${repo}" must be written as OWNER/NAME`);
  if (accessToken === undefined || accessToken === "")
    throw new InputError(`HF_TOKEN is not set: make a token with write access at ${HUB_URL}/settings/tokens`);
  const hubUrl = endpointOf(env["HF_ENDPOINT"] ?? HUB_URL, "HF_ENDPOINT").href.replace(/\/+$/, "");
  const files = await filesIn(folder);
  if (files.length === 0) throw new InputError(`"${folder}" has no files to send; name another folder`);
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  const hub = await import("@huggingface/hub");
  const place = { repo: { type: kind, name: repo }, accessToken, hubUrl };
  const progress = startProgress(draw === undefined ? {} : { draw });
  try {
    const visibility = options.private === true ? { visibility: "private" as const } : {};
    await hub.createRepo({ ...place, ...visibility }).catch((error: unknown) => {
      // It exists.
      if (statusOf(error) !== 409) throw error;
    });
    signal.throwIfAborted();
    const operations = await Promise.all(
      files.map(async ({ name, file }) => ({
        operation: "addOrUpdate" as const,
        path: name,
        content: await openAsBlob(file),
      })),
    );
    const task = progress.start("MB sent", Math.ceil(bytes / 1e6));
    const sent = new Map<string, number>();
    const sizes = new Map(files.map(({ name, size }) => [name, size]));
    const events = hub.commitIter({ ...place, branch, title, operations, abortSignal: signal });
    let event = await events.next();
    for (let told = 0; !event.done; event = await events.next()) {
      if (event.value.event !== "fileProgress" || event.value.state !== "uploading") continue;
      sent.set(event.value.path, event.value.progress * (sizes.get(event.value.path) ?? 0));
      const all = Math.floor([...sent.values()].reduce((sum, size) => sum + size, 0) / 1e6);
      task.tick(all - told);
      told = all;
    }
    task.end(`${files.length} files`);
    const url = `${hubUrl}/${kind === "dataset" ? "datasets/" : ""}${repo}`;
    return { url, commit: event.value?.commit.oid ?? "", files: files.length, bytes };
  } catch (error) {
    if (signal.aborted) throw new Interrupted("stopped; what has been sent is not sent again");
    throw explained(error, repo, hubUrl);
  } finally {
    progress.close();
  }
}

interface LocalFile {
  /** Within the folder, with slashes. */
  readonly name: string;
  readonly file: string;
  readonly size: number;
}

async function filesIn(folder: string): Promise<LocalFile[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch((cause: unknown) => {
    throw new InputError(`"${folder}" is no folder that can be read; name the folder of a model or dataset`, {
      cause,
    });
  });
  const found: LocalFile[] = [];
  for (const entry of entries) {
    const file = path.join(entry.parentPath, entry.name);
    const name = path.relative(folder, file).replaceAll(path.sep, "/");
    if (/(?:^|\/)\./.test(name) || name.endsWith(".tmp")) continue;
    // Of what a link leads to: in caches of the Hub's files all are links.
    const info = await stat(file).catch((cause: unknown) => {
      throw new InputError(`"${file}" can't be read: restore it, or remove it`, { cause });
    });
    if (info.isFile()) found.push({ name, file, size: info.size });
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

function statusOf(error: unknown): number | null {
  const status = error instanceof Error && "statusCode" in error ? error.statusCode : null;
  return typeof status === "number" ? status : null;
}

/** What the Hub refuses as what the user can do about it. */
function explained(error: unknown, repo: string, hubUrl: string): Error {
  const status = statusOf(error);
  const said = asError(error).message;
  if (status === 401 || status === 403)
    return new InputError(
      `"${repo}" can't be written to (${status}): HF_TOKEN must have write access to it; see ${hubUrl}/settings/tokens`,
      { cause: error },
    );
  if (status !== null && status >= 400 && status < 500)
    return new InputError(`${hubUrl} refused "${repo}" (${status}): ${said}`, { cause: error });
  return new InputError(`"${repo}" could not be sent: ${said}. Run the same again; it goes on`, {
    cause: error,
  });
}
