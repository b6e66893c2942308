import { createHash } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import { openGithub } from "../../src/corpus/github.js";
import { openCorpus } from "../../src/corpus/open.js";
import { send, serve, type TestServer } from "../hub/server.js";
import { expectResumable, itemsOf, shown } from "./reading.js";

let server: TestServer | null = null;

afterEach(async () => {
  await server?.close();
});

const http = { firstDelayMs: 1, longestDelayMs: 2 };
/** Three windows of 30 days have passed. */
const now = (): number => Date.UTC(2015, 0, 1 + 95);

const program = (name: string, bytes = 1_200): string => `# ${name}\n`.padEnd(bytes, "#");
const shaOf = (text: string): string =>
  createHash("sha1")
    .update(`blob ${Buffer.byteLength(text)}\0`)
    .update(text)
    .digest("hex");

interface Entry {
  readonly path: string;
  readonly text: string;
  readonly mode?: string;
}

/** Repositories by the first day of the window that they were made in. */
async function serveGithub(
  windows: Readonly<Record<string, Readonly<Record<string, readonly Entry[] | number>>>>,
): Promise<string> {
  const names = Object.values(windows).flatMap((repos) => Object.keys(repos));
  const repos = Object.assign({}, ...Object.values(windows)) as Record<string, readonly Entry[] | number>;
  const blobs = new Map(
    Object.values(repos).flatMap((files) =>
      typeof files === "number" ? [] : files.map(({ text }) => [shaOf(text), text] as const),
    ),
  );
  server = await serve((request, response, url) => {
    const json = (body: unknown): unknown => response.writeHead(200).end(JSON.stringify(body));
    const path = decodeURIComponent(url.pathname);
    if (path === "/search/repositories") {
      const day = /created:(\S+)\.\./.exec(url.searchParams.get("q") ?? "")?.[1] ?? "";
      const found = Object.keys(windows[day] ?? {}).map((name) => ({
        id: names.indexOf(name) + 1,
        full_name: name,
        default_branch: "main",
        license: name.startsWith("odd") ? { spdx_id: "NOASSERTION" } : { spdx_id: "MIT" },
      }));
      json({ items: url.searchParams.get("page") === "1" ? found : [] });
      return;
    }
    const [, name = "", rest = ""] = /^\/repos\/([^/]+\/[^/]+)\/(.+)$/.exec(path) ?? [];
    const files = repos[name] ?? 404;
    if (typeof files === "number") response.writeHead(files).end("{}");
    else if (rest === "branches/main") json({ commit: { sha: `commit-of-${name}` } });
    else if (rest.startsWith("git/trees/")) {
      const size = (text: string): number => Buffer.byteLength(text);
      json({ tree: [{ path: "lib", type: "tree", mode: "040000", sha: "0" }, ...files.map(({ path, text, mode = "100644" }) => ({ path, type: "blob", mode, sha: shaOf(text), size: size(text) }))] }); // prettier-ignore
    } else send(request, response, Buffer.from(blobs.get(rest.replace("git/blobs/", "")) ?? ""));
  });
  return server.url;
}

const WINDOWS = {
  "2015-01-01": {
    "ada/x": [
      { path: "a.py", text: program("a") },
      { path: "same.py", text: program("a") },
      { path: "b.py", text: program("b") },
      { path: "setup.py", text: program("s") },
      { path: "small.py", text: "x" },
      { path: "large.py", text: program("l", 100_001) },
      { path: "link.py", text: program("k"), mode: "120000" },
      { path: "x.c", text: program("c") },
    ],
    "bob/gone": 404,
  },
  "2015-01-31": { "odd/licence": [{ path: "main.py", text: program("m") }], "eve/taken-down": 451 },
  "2015-03-02": { "eve/last": [{ path: "nul.py", text: program("\0") }] },
  "2015-04-01": { "too/new": [{ path: "n.py", text: program("n") }] },
};

describe("github", () => {
  it("keeps the rules of the seed it follows, resumable behind each file", async () => {
    const corpus = openGithub({ endpoint: await serveGithub(WINDOWS), http, now });
    const items = await expectResumable(corpus);
    expect(items.map((item) => shown(item).slice(0, 20).replace(/#.*/s, "").trim()).sort()).toEqual([
      "!content-missing",
      "!content-missing",
      "a.py",
      "b.py",
      "main.py",
      "nul.py !nul-byte",
    ]);
    const found = items.flatMap((item) => ("file" in item ? [item.file] : []));
    expect(found.find(({ path }) => path === "a.py")).toMatchObject({
      source: "github",
      repository: "ada/x",
      revision: "commit-of-ada/x",
      licence: "MIT",
      text: program("a"),
    });
    expect(found.find(({ path }) => path === "main.py")?.licence).toBeNull();
    expect(await corpus.count()).toBeNull();
  });

  it("waits for its allowance, bears failures, and sends its token", async () => {
    const endpoint = await serveGithub(WINDOWS);
    const calm = await itemsOf(openGithub({ endpoint, http, now }), 1);
    const spent = {
      "x-ratelimit-remaining": "0",
      "x-ratelimit-reset": String(Math.floor(Date.now() / 1_000)),
    };
    server?.faults.push({ path: /search/, status: 403, headers: spent }, { path: /branches/, status: 502 });
    server?.faults.push(
      { path: /blobs/, cutAfter: 100 },
      { path: /trees/, status: 403, headers: { "retry-after": "0" } },
    );
    expect(await itemsOf(openGithub({ endpoint, http, now, token: "ghp_secret" }), 1)).toEqual(calm);
    expect(server?.faults).toEqual([]);
    expect(server?.seen.at(-1)?.authorization).toBe("Bearer ghp_secret");
  });

  it("is opened by name; says what to do about a token that is refused", async () => {
    const endpoint = await serveGithub(WINDOWS);
    const corpus = await openCorpus("github", {
      env: { GITHUB_API_URL: endpoint, GITHUB_TOKEN: "ghp_secret" },
      http,
    });
    server?.faults.push({ path: /search/, status: 401 });
    const error = await itemsOf(corpus, 0).catch(String);
    expect(error).toContain("GitHub does not know the token in GITHUB_TOKEN");
    expect(error).not.toContain("ghp_secret");
    await expect(openCorpus("github", { env: { GITHUB_API_URL: "nowhere" } })).rejects.toThrow(
      "GITHUB_API_URL",
    );
  });
});
