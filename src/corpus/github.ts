// GitHub as a corpus, by the rules of the code-completion seed: Python repositories with stars, made since 2015, searched in
// windows of 30 days; of each the .py files at its top, 1 to 100 KB, without setup.py, each content once. The seed draws
// the order of windows, repositories and files. Allowances are kept by waiting as long as GitHub says.
// API: https://docs.github.com/en/rest/search/search#search-repositories
import { createHash } from "node:crypto";
import { InputError } from "../core/errors.js";
import { asError } from "../core/files.js";
import { keyOf, sha1Of } from "../core/record.js";
import { endpointOf } from "../hub/files.js";
import { openHttp, type Http, type HttpOptions } from "../hub/http.js";
import { explainedFailure, HttpError } from "../hub/retry.js";
import {
  itemOf,
  type Corpus,
  type CorpusFile,
  type CorpusReject,
  type FilesOptions,
  type NoBytes,
} from "./corpus.js";
import { decodePython, type Decoded } from "./decode.js";
import { ahead } from "./shards.js";

export const GITHUB_URL = "https://api.github.com";

const FIRST_DAY = Date.UTC(2015, 0, 1);
const DAY_MS = 86_400_000;
const WINDOW_DAYS = 30;
const MIN_STARS = 10;
const MIN_BYTES = 1_000;
const MAX_BYTES = 100_000;
/** GitHub gives the first thousand results of a search. */
const PAGES = 10;
const PER_PAGE = 100;
/** Contents fetched at the same time; GitHub asks not to be hurried. */
const AT_ONCE = 4;
/** Hex digits of a window, a repository and a file in a position. */
const DIGITS = 16;

export interface GithubOptions {
  /** The API, default `https://api.github.com`. */
  readonly endpoint?: string;
  /** Access token; without one, GitHub allows 60 requests an hour. */
  readonly token?: string;
  /** Of the network. */
  readonly http?: Omit<HttpOptions, "token">;
  /** Milliseconds clock: windows that are not over yet are left out. */
  readonly now?: () => number;
}

/** Opens GitHub; makes no request yet. @throws InputError when the endpoint is no URL. */
export function openGithub({
  endpoint = GITHUB_URL,
  token,
  http = {},
  now = Date.now,
}: GithubOptions = {}): Corpus {
  const base = endpointOf(endpoint, "GITHUB_API_URL");
  const url = base.href.replace(/\/+$/, "");
  const secret = token === undefined || token === "" ? {} : { token: { origin: base.origin, value: token } };
  const client = (accept: string): Http =>
    openHttp({ ...http, ...secret, headers: { accept, "user-agent": "selfalign" } });
  const api: Api = {
    url,
    json: client("application/vnd.github+json"),
    raw: client("application/vnd.github.raw+json"),
  };
  return {
    name: "github",
    title: "Python repositories on GitHub",
    identity: `github ${base.host} stars>=${MIN_STARS}`,
    python: null,
    notices: [
      "Functions from repositories on GitHub: each row names its repository, commit and licence where known",
    ],
    licenceText: null,
    count: () => Promise.resolve(null),
    files: (options) => filesOf(api, options, now()),
  };
}

interface Api {
  readonly url: string;
  readonly json: Http;
  readonly raw: Http;
}

interface Repository {
  readonly id: number;
  /** `owner/name`. */
  readonly name: string;
  readonly branch: string;
  /** SPDX. */
  readonly licence: string | null;
}

async function* filesOf(
  api: Api,
  { seed, after = "", signal }: FilesOptions,
  now: number,
): AsyncGenerator<CorpusFile | CorpusReject> {
  const count = Math.floor((now - FIRST_DAY) / DAY_MS / WINDOW_DAYS);
  const windows = drawn(Array.from({ length: count }, (_, at) => at), (at) => `${seed}:${at}`, "", after); // prettier-ignore
  for (const { order, item: window } of windows) {
    const found = await search(api, window, signal);
    for (const { order: place, item } of drawn(found, ({ id }) => `${seed}:${id}`, order, after)) {
      yield* filesIn(api, item, place, seed, after, signal);
    }
  }
}

/** Items in the seeded order, each with `prefix` and its own digits, beginning where `after` lies. */
function drawn<T>(
  items: readonly T[],
  name: (item: T) => string,
  prefix: string,
  after: string,
): { order: string; item: T }[] {
  return items
    .map((item) => ({ order: prefix + sha1Of(name(item)).slice(0, DIGITS), item }))
    .filter(({ order }) => order >= after.slice(0, order.length))
    .sort((a, b) => (a.order < b.order ? -1 : 1));
}

/** The repositories made in a window of days. */
async function search(api: Api, window: number, signal: AbortSignal | undefined): Promise<Repository[]> {
  const day = (offset: number): string =>
    new Date(FIRST_DAY + (window * WINDOW_DAYS + offset) * DAY_MS).toISOString().slice(0, 10);
  const query = `language:python stars:>=${MIN_STARS} size:5..5000 created:${day(0)}..${day(WINDOW_DAYS - 1)}`;
  const found = new Map<number, Repository>();
  for (let page = 1; page <= PAGES; page++) {
    const search = new URLSearchParams({ q: query, per_page: String(PER_PAGE), page: String(page) });
    const path = `/search/repositories?${search.toString()}`;
    const answer = await ask(api, path, signal).catch((error: unknown) => {
      throw asError(explainedFailure(error));
    });
    const { items = [] } = answer as { items?: Found[] };
    // A repository may move to the next page between two requests.
    for (const item of items) found.set(item.id, repositoryOf(item));
    if (items.length < PER_PAGE) break;
  }
  return [...found.values()];
}

interface Found {
  readonly id: number;
  readonly full_name: string;
  readonly default_branch: string;
  readonly license?: { readonly spdx_id?: string | null } | null;
}

function repositoryOf({ id, full_name: name, default_branch: branch, license }: Found): Repository {
  const spdx = license?.spdx_id ?? null;
  return { id, name, branch, licence: spdx === "NOASSERTION" ? null : spdx };
}

interface Blob {
  readonly path: string;
  readonly sha: string;
}

/** The files of a repository at its newest commit; one reject where it can't be listed. */
async function* filesIn(
  api: Api,
  repository: Repository,
  place: string,
  seed: number,
  after: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<CorpusFile | CorpusReject> {
  const { name, licence } = repository;
  const make = (order: string, revision: string | null, path: string, result: Decoded | NoBytes) => {
    const origin = { source: "github", repository: name, revision, path, licence };
    return itemOf(order, keyOf("github", name, revision, path), origin, result);
  };
  const listed = await commitOf(api, repository, signal);
  if ("reason" in listed) {
    const order = place + "0".repeat(DIGITS);
    if (order > after) yield make(order, null, "", listed);
    return;
  }
  const files = drawn(listed.blobs, ({ path }) => `${seed}:${path}`, place, after).filter(
    ({ order }) => order > after,
  );
  yield* ahead(inTurn(files), AT_ONCE, signal, async ({ order, item }, stop) =>
    make(order, listed.commit, item.path, await textOf(api, name, item.sha, stop)),
  );
}

// eslint-disable-next-line @typescript-eslint/require-await -- `ahead` takes what may come late; these are here
async function* inTurn<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items;
}

async function commitOf(
  api: Api,
  { name, branch }: Repository,
  signal: AbortSignal | undefined,
): Promise<{ commit: string; blobs: Blob[] } | NoBytes> {
  try {
    const head = (await ask(api, `/repos/${name}/branches/${encodeURIComponent(branch)}`, signal)) as {
      commit: { sha: string };
    };
    const { tree } = (await ask(api, `/repos/${name}/git/trees/${head.commit.sha}`, signal)) as {
      tree: { path: string; type: string; mode: string; sha: string; size?: number }[];
    };
    const wanted = tree.filter(
      ({ path, type, mode, size = 0 }) =>
        type === "blob" && mode !== "120000" && path.endsWith(".py") && path !== "setup.py" && size >= MIN_BYTES && size <= MAX_BYTES, // prettier-ignore
    );
    const first = new Map<string, Blob>();
    for (const { path, sha } of wanted) if (!first.has(sha)) first.set(sha, { path, sha });
    return { commit: head.commit.sha, blobs: [...first.values()] };
  } catch (error) {
    // Gone, empty, or taken down since it was found.
    if (error instanceof HttpError && [403, 404, 409, 410, 451].includes(error.status)) {
      return { reason: "content-missing", detail: `the repository answers ${error.status}` };
    }
    throw explainedFailure(error);
  }
}

async function textOf(api: Api, name: string, sha: string, signal: AbortSignal): Promise<Decoded | NoBytes> {
  try {
    const { bytes } = await api.raw.get(`${api.url}/repos/${name}/git/blobs/${sha}`, { signal });
    const hash = createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex");
    return hash === sha
      ? decodePython(bytes)
      : { reason: "content-corrupt", detail: `${sha} is not its hash` };
  } catch (error) {
    if (error instanceof HttpError && error.status === 404) return { reason: "content-missing", detail: sha };
    throw explainedFailure(error);
  }
}

/** An answer of the API; what it holds is GitHub's promise. */
async function ask(api: Api, path: string, signal: AbortSignal | undefined): Promise<unknown> {
  try {
    const { bytes } = await api.json.get(`${api.url}${path}`, { signal });
    return JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch (error) {
    if (error instanceof HttpError && error.status === 401) {
      throw new InputError(
        "GitHub does not know the token in GITHUB_TOKEN; make one at https://github.com/settings/tokens, or unset it",
        { cause: error },
      );
    }
    throw error;
  }
}
