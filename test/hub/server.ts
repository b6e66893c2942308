// Servers of ours for tests: a Hub (tree listing in pages, resolve with a redirect to another origin, ranges, gates) and an
// object store such as Software Heritage's, over real sockets. Faults are injected by a list: each fits one request.
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What goes wrong with the next request whose path matches. */
export interface Fault {
  readonly path: RegExp;
  /** Answer this status instead. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Break the connection behind this many bytes of the body. */
  readonly cutAfter?: number;
  /** Never answer. */
  readonly silent?: boolean;
  /** Say nothing more behind the bytes of `cutAfter`, but keep the connection. */
  readonly stall?: boolean;
}

export interface Seen {
  readonly path: string;
  readonly range: string | undefined;
  readonly authorization: string | undefined;
}

export interface TestServer {
  readonly url: string;
  /** Of another origin, same files. */
  readonly other: string;
  /** Used up from the front by requests that match. */
  readonly faults: Fault[];
  /** All requests so far. */
  readonly seen: Seen[];
  close(): Promise<void>;
}

type Answer = (request: IncomingMessage, response: ServerResponse, url: URL) => void;

/** A server that answers as `answer` says, but for its faults. */
export async function serve(answer: Answer): Promise<TestServer> {
  const faults: Fault[] = [];
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://x");
    const { range, authorization } = request.headers;
    seen.push({ path: url.pathname, range, authorization });
    const at = faults.findIndex(({ path }) => path.test(decodeURIComponent(url.pathname)));
    const [fault] = at < 0 ? [] : faults.splice(at, 1);
    if (fault?.silent === true) return;
    if (fault?.status !== undefined) {
      response.writeHead(fault.status, fault.headers).end("injected");
      return;
    }
    if (fault?.cutAfter !== undefined) breakAfter(response, fault.cutAfter, fault.stall === true);
    answer(request, response, url);
  });
  await new Promise<void>((resolve) => server.listen(0, resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    other: `http://localhost:${port}`,
    faults,
    seen,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Lets a body end in the middle. */
function breakAfter(response: ServerResponse, bytes: number, stall: boolean): void {
  const end = response.end.bind(response);
  response.end = ((body?: Buffer) => {
    response.end = end;
    response.write(Buffer.from(body ?? "").subarray(0, bytes), () => {
      if (!stall) response.destroy();
    });
    return response;
  }) as typeof response.end;
}

/** Sends bytes, or the range of them that was asked for. */
export function send(request: IncomingMessage, response: ServerResponse, bytes: Buffer): void {
  const etag = `"${createHash("sha1").update(bytes).digest("hex")}"`;
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "");
  const start = Number(range?.[1] ?? 0);
  const end = Math.min(bytes.length, range?.[2] ? Number(range[2]) + 1 : bytes.length);
  if (range !== null && start >= bytes.length) {
    response.writeHead(416, { "content-range": `bytes */${bytes.length}` }).end();
    return;
  }
  const part = range === null ? bytes : bytes.subarray(start, end);
  response.writeHead(range === null ? 200 : 206, {
    etag,
    "content-length": part.length,
    ...(range === null ? {} : { "content-range": `bytes ${start}-${end - 1}/${bytes.length}` }),
  });
  response.end(part);
}

export interface HubRepo {
  /** Default a dataset. */
  readonly kind?: "dataset" | "model";
  readonly files: Readonly<Record<string, Buffer | string>>;
  /** A dataset is then hidden altogether; of a model, as on the Hub, everything but the files' contents is told. */
  readonly gated?: boolean;
  readonly cardData?: unknown;
}

export const TOKEN = "hf_test_0123456789";
export const COMMIT = "1234567890abcdef1234567890abcdef12345678";

/** A Hub with these repositories; lists `page` files at a time. Files come from another origin, which refuses tokens. */
export async function serveHub(repos: Readonly<Record<string, HubRepo>>, page = 2): Promise<TestServer> {
  const server: TestServer = await serve((request, response, url) => {
    const path = decodeURIComponent(url.pathname);
    const cdn = /^\/cdn\/([^/]+\/[^/]+)\/(.+)$/.exec(path);
    if (cdn !== null) {
      if (request.headers.authorization !== undefined) response.writeHead(400).end("a token came here");
      else send(request, response, Buffer.from(repos[cdn[1] ?? ""]?.files[cdn[2] ?? ""] ?? ""));
      return;
    }
    const route =
      /^\/api\/(datasets|models)\/([^/]+\/[^/]+)\/(revision|tree)\/([^/]+)\/?(.*)$/.exec(path) ??
      /^\/(?:(datasets)\/)?([^/]+\/[^/]+)\/(resolve)\/([^/]+)\/(.+)$/.exec(path);
    const [, kind = "models", name = "", verb, revision, file = ""] = route ?? [];
    const repo = `${repos[name]?.kind ?? "dataset"}s` === kind ? repos[name] : undefined;
    const { authorization } = request.headers;
    if (repo === undefined) refuse(response, 401, "RepoNotFound");
    else if (
      repo.gated === true &&
      (kind === "datasets" || verb === "resolve") &&
      authorization !== `Bearer ${TOKEN}`
    ) {
      refuse(response, authorization === undefined ? 401 : 403, "GatedRepo");
    } else if (revision !== "main" && revision !== COMMIT) refuse(response, 404, "RevisionNotFound");
    else if (verb === "revision") json(response, { id: name, sha: COMMIT, cardData: repo.cardData ?? {} });
    else if (verb === "tree") tree(response, url, repo, file, page);
    else if (!(file in repo.files)) refuse(response, 404, "EntryNotFound");
    else {
      const place = file.split("/").map(encodeURIComponent).join("/");
      response.writeHead(302, { location: `${server.other}/cdn/${name}/${place}?signature=secret` }).end();
    }
  });
  return server;
}

function tree(response: ServerResponse, url: URL, repo: HubRepo, folder: string, page: number): void {
  const inside = Object.entries(repo.files).filter(
    ([path]) => folder === "" || path.startsWith(`${folder}/`),
  );
  if (inside.length === 0 && folder !== "") {
    refuse(response, 404, "EntryNotFound");
    return;
  }
  const all = inside.map(([path, content]) => ({
    type: "file",
    oid: COMMIT,
    size: Buffer.from(content).length,
    path,
  }));
  const folders = new Set(all.map(({ path }) => path.split("/").slice(0, -1).join("/")).filter(Boolean));
  const entries = [...[...folders].map((path) => ({ type: "directory", oid: "0", size: 0, path })), ...all];
  const at = Number(url.searchParams.get("cursor") ?? 0);
  url.searchParams.set("cursor", String(at + page));
  const next =
    at + page < entries.length ? `<https://huggingface.co${url.pathname}${url.search}>; rel="next"` : null;
  json(response, entries.slice(at, at + page), next === null ? {} : { link: next });
}

function json(response: ServerResponse, body: unknown, headers: Record<string, string> = {}): void {
  response.writeHead(200, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
}

function refuse(response: ServerResponse, status: number, code: string): void {
  response.writeHead(status, { "x-error-code": code }).end("{}");
}

/** An object store: `/content/ID` gives what is stored under ID; S3's answer where there is nothing. */
export function serveObjects(objects: ReadonlyMap<string, Buffer>): Promise<TestServer> {
  return serve((request, response, url) => {
    const found = objects.get(url.pathname.replace("/content/", ""));
    if (found === undefined) response.writeHead(404).end("<Error><Code>NoSuchKey</Code></Error>");
    else send(request, response, found);
  });
}
