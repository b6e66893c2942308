// What a dataset or a model on the Hub holds: its commit, its files, a dataset's configurations. Speaks the Hub's API over
// `http.ts`, since the official client neither tries again nor goes on after a cut; any mirror that speaks it too will do.
// Refusals are told with what to click and what to set.
// API: https://huggingface.co/docs/hub/api
import { isRecord } from "../core/json.js";
import { InputError } from "../core/errors.js";
import { openHttp, type Answer, type Http, type HttpOptions } from "./http.js";
import { explainedFailure, HttpError } from "./retry.js";

export const HUB_URL = "https://huggingface.co";

export interface HubOptions extends Omit<HttpOptions, "token"> {
  /** The Hub or a mirror of it, default `https://huggingface.co`. */
  readonly endpoint?: string;
  /** Access token for gated and private datasets; sent to the endpoint only. Default none. */
  readonly token?: string;
}

export interface Hub {
  readonly http: Http;
  /** Without a slash at its end. */
  readonly endpoint: string;
  readonly withToken: boolean;
}

/** A connection to the Hub; makes no request yet. @throws InputError when the endpoint is no URL. */
export function openHub({ endpoint = HUB_URL, token, ...http }: HubOptions = {}): Hub {
  const base = endpointOf(endpoint, "HF_ENDPOINT");
  const secret = token === undefined || token === "" ? {} : { token: { origin: base.origin, value: token } };
  const trimmed = base.href.replace(/\/+$/, "");
  return { http: openHttp({ ...http, ...secret }), endpoint: trimmed, withToken: "token" in secret };
}

/** An endpoint as a URL. @throws InputError naming the setting that holds it. */
export function endpointOf(text: string, setting: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url?.protocol === "https:" || url?.protocol === "http:") return url;
  throw new InputError(`${setting} "${text}" is not an http(s) address; write e.g. ${HUB_URL}`);
}

/** Kinds of repositories that are read. */
export type HubKind = "dataset" | "model";

/** A repository at one commit. */
export interface HubRepo {
  /** Default `dataset`. */
  readonly kind?: HubKind;
  readonly repo: string;
  /** Commit that everything is read at. */
  readonly revision: string;
}

/** Which files belong to a configuration, as the dataset's card says. */
export interface HubConfig {
  readonly name: string;
  readonly files: readonly { readonly split: string; readonly patterns: readonly string[] }[];
}

export interface HubDataset extends HubRepo {
  /** As on its card; null where it names none. */
  readonly licence: string | null;
  /** Empty where the card declares none. */
  readonly configs: readonly HubConfig[];
}

/** A dataset at a branch, tag or commit. @throws InputError when there is none, or none for this user. */
export async function hubDataset(
  hub: Hub,
  repo: string,
  revision: string,
  signal?: AbortSignal,
): Promise<HubDataset> {
  const { sha, cardData } = await lookUp(hub, { repo, revision }, signal);
  const card = isRecord(cardData) ? cardData : {};
  const licence = typeof card["license"] === "string" ? card["license"] : null;
  return { repo, revision: sha, licence, configs: configsOf(card["configs"]) };
}

/** A model at a branch, tag or commit. @throws InputError when there is none, or none for this user. */
export async function hubModel(
  hub: Hub,
  repo: string,
  revision: string,
  signal?: AbortSignal,
): Promise<HubRepo> {
  const { sha } = await lookUp(hub, { kind: "model", repo, revision }, signal);
  return { kind: "model", repo, revision: sha };
}

async function lookUp(
  hub: Hub,
  wanted: HubRepo,
  signal: AbortSignal | undefined,
): Promise<{ sha: string; cardData: unknown }> {
  const url = `${apiOf(hub, wanted)}/revision/${encodeURIComponent(wanted.revision)}`;
  const { bytes } = await ask(hub, wanted, url, signal);
  const about = parsed(bytes, url);
  const { sha, cardData } = isRecord(about) ? about : {};
  if (typeof sha !== "string") throw new InputError(`${url} names no commit; is it a Hub's address?`);
  return { sha, cardData };
}

function apiOf(hub: Hub, { kind = "dataset", repo }: HubRepo): string {
  return `${hub.endpoint}/api/${kind}s/${encoded(repo)}`;
}

/** A repository's page; models' lie at the top. */
function pageOf(hub: Hub, kind: HubKind, repo: string): string {
  return `${hub.endpoint}/${kind === "dataset" ? "datasets/" : ""}${repo}`;
}

/** A file of a repository. */
export interface HubFile {
  readonly path: string;
  /** Bytes. */
  readonly size: number;
}

/** All files of a repository, or of a folder in it, page by page. */
export async function* hubFiles(
  hub: Hub,
  at: HubRepo,
  folder: string | null,
  signal?: AbortSignal,
): AsyncGenerator<HubFile> {
  const within = folder === null ? "" : `/${encoded(folder)}`;
  const tree = `${apiOf(hub, at)}/tree/${encodeURIComponent(at.revision)}`;
  let url: string | null = `${tree}${within}?recursive=true`;
  while (url !== null) {
    const { bytes, headers }: Answer = await ask(hub, at, url, signal);
    const entries = parsed(bytes, url);
    for (const entry of Array.isArray(entries) ? (entries as unknown[]) : []) {
      if (!isRecord(entry) || entry["type"] !== "file") continue;
      const { path, size } = entry;
      if (typeof path === "string" && typeof size === "number") yield { path, size };
    }
    url = nextPage(hub, headers.get("link"));
  }
}

/** Where a file's bytes are. */
export function hubUrl(hub: Hub, { kind = "dataset", repo, revision }: HubRepo, path: string): string {
  return `${pageOf(hub, kind, encoded(repo))}/resolve/${encodeURIComponent(revision)}/${encoded(path)}`;
}

/** A refusal of the Hub as what the user can do about it; anything else as it is. */
export function explainedRefusal(
  error: unknown,
  hub: Hub,
  repo: string,
  revision?: string,
  kind: HubKind = "dataset",
): unknown {
  if (!(error instanceof HttpError) || new URL(error.url).origin !== new URL(hub.endpoint).origin)
    return explainedFailure(error);
  const { status, headers } = error;
  const code = headers.get("x-error-code") ?? "";
  const page = pageOf(hub, kind, repo);
  const what = `${kind} "${repo}"`;
  if (code === "RevisionNotFound") {
    return new InputError(
      `${what} has no revision "${revision ?? ""}"; choose a branch, tag or commit from ${page}/tree/main`,
      { cause: error },
    );
  }
  if (code === "EntryNotFound") {
    return new InputError(`${error.url} is not there; the ${what} is laid out otherwise`, {
      cause: error,
    });
  }
  if (status === 404 || code === "RepoNotFound") {
    const hint = hub.withToken ? "check its name" : "check its name, or set HF_TOKEN if it is private";
    return new InputError(`${what} is not at ${hub.endpoint}; ${hint}`, { cause: error });
  }
  if (status !== 401 && status !== 403) return explainedFailure(error);
  const token = hub.withToken
    ? "and make sure that HF_TOKEN is a token of that account with read access to gated repositories"
    : "and set HF_TOKEN to a token of that account";
  return new InputError(
    `${what} is gated: sign in, accept its terms at ${page}, ${token} (${hub.endpoint}/settings/tokens)`,
    { cause: error },
  );
}

async function ask(
  hub: Hub,
  { kind, repo, revision }: HubRepo,
  url: string,
  signal?: AbortSignal,
): Promise<Answer> {
  try {
    return await hub.http.get(url, { signal });
  } catch (error) {
    throw explainedRefusal(error, hub, repo, revision, kind);
  }
}

function parsed(bytes: Uint8Array, url: string): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch (cause) {
    throw new InputError(`${url} answered something that is not JSON; is it a Hub's address?`, { cause });
  }
}

/** The next page of a listing, always at the endpoint: a mirror may hand through links that name the Hub itself. */
function nextPage(hub: Hub, link: string | undefined): string | null {
  const next = /<([^>]+)>\s*;\s*rel="?next"?/.exec(link ?? "")?.[1];
  if (next === undefined) return null;
  const { pathname, search } = new URL(next, hub.endpoint);
  return `${hub.endpoint}${pathname.slice(Math.max(0, pathname.indexOf("/api/")))}${search}`;
}

function configsOf(value: unknown): HubConfig[] {
  const list = Array.isArray(value) ? (value as unknown[]).filter(isRecord) : [];
  return list.map((config) => ({
    name: textOr(config["config_name"], "default"),
    files: splitsOf(config["data_files"] ?? insideOf(config["data_dir"])),
  }));
}

function insideOf(folder: unknown): string | undefined {
  return typeof folder === "string" ? `${folder.replace(/\/+$/, "")}/**` : undefined;
}

/** `data_files` may be a pattern, a list of patterns, or a list of splits with theirs. */
function splitsOf(value: unknown): HubConfig["files"] {
  const list: unknown[] = Array.isArray(value) ? value : value === undefined ? [] : [value];
  return list.map((item) => {
    const path = isRecord(item) ? item["path"] : item;
    const patterns = (Array.isArray(path) ? (path as unknown[]) : [path]).filter(
      (one) => typeof one === "string",
    );
    return { split: isRecord(item) ? textOr(item["split"], "train") : "train", patterns };
  });
}

function textOr(value: unknown, fallback: string): string {
  return typeof value === "string" ? value : fallback;
}

/** A path with each of its segments encoded. */
function encoded(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}
