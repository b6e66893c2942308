import { randomBytes } from "node:crypto";
import { inspect } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import { openHttp, type HttpOptions } from "../../src/hub/http.js";
import { send, serve, type TestServer } from "./server.js";

const FILE = randomBytes(300_000);
let server: TestServer | null = null;

afterEach(async () => {
  await server?.close();
});

async function fileServer(): Promise<TestServer> {
  server = await serve((request, response, url) => {
    if (url.pathname === "/moved") response.writeHead(302, { location: `${server?.other}/file?sig=x` }).end();
    else if (url.pathname === "/plain") response.writeHead(200, { "content-length": FILE.length }).end(FILE);
    else send(request, response, FILE);
  });
  return server;
}

/** Waits nowhere, and notes what it would have waited. */
function patient(waits: number[] = []): HttpOptions {
  return {
    random: () => 1,
    now: () => 1_000_000_000_000,
    sleep: (ms) => {
      waits.push(ms);
      return Promise.resolve();
    },
  };
}

describe("a request", () => {
  it("is made again after 429, 5xx, a refused start and a cut, each time a little later", async () => {
    const { url, faults } = await fileServer();
    const waits: number[] = [];
    faults.push(
      { path: /file/, status: 503 },
      { path: /file/, status: 429, headers: { "retry-after": "7" } },
    );
    faults.push({ path: /file/, status: 500 }, { path: /file/, cutAfter: 0 });
    const { bytes } = await openHttp(patient(waits)).get(`${url}/file`);
    expect(FILE.equals(bytes)).toBe(true);
    expect(waits).toEqual([500, 8_000, 2_000, 4_000]);
  });

  it("waits as long as it is asked to: a date, GitHub's reset, the Hub's allowance", async () => {
    const { url, faults } = await fileServer();
    const waits: number[] = [];
    const date = new Date(1_000_000_030_000).toUTCString();
    faults.push({ path: /file/, status: 429, headers: { "retry-after": date } });
    faults.push({
      path: /file/,
      status: 403,
      headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1000000060" },
    });
    faults.push({ path: /file/, status: 429, headers: { ratelimit: '"api";r=0;t=55' } });
    const said: string[] = [];
    await openHttp({ ...patient(waits), onWait: (text) => said.push(text) }).get(`${url}/file?sig=secret`);
    expect(waits).toEqual([30_500, 61_000, 57_000]);
    expect(said[0]).toBe(`${url}/file answered 429; trying again in 31 s`);
  });

  it("is not made again where nothing will change, and gives up in the end", async () => {
    const { url, faults, seen } = await fileServer();
    faults.push({ path: /file/, status: 404 });
    await expect(openHttp(patient()).get(`${url}/file`)).rejects.toThrow(`${url}/file answered 404`);
    expect(seen).toHaveLength(1);
    for (let at = 0; at < 3; at++) faults.push({ path: /file/, status: 502 });
    await expect(openHttp({ ...patient(), attempts: 3 }).get(`${url}/file`)).rejects.toThrow("answered 502");
    expect(seen).toHaveLength(4);
    faults.push({ path: /file/, status: 429, headers: { "retry-after": "999999" } });
    await expect(openHttp(patient()).get(`${url}/file`)).rejects.toThrow("answered 429");
  });

  it("notices a server that says nothing, at first or in the middle", async () => {
    const { url, faults } = await fileServer();
    faults.push({ path: /file/, silent: true }, { path: /file/, cutAfter: 1_000, stall: true });
    const { bytes } = await openHttp({ ...patient(), timeoutMs: 200 }).get(`${url}/file`);
    expect(FILE.equals(bytes)).toBe(true);
  });

  it("does not call a slow reader a silent server", async () => {
    const { url, seen } = await fileServer();
    const parts: Uint8Array[] = [];
    for await (const part of openHttp({ ...patient(), timeoutMs: 100 }).stream(`${url}/file`)) {
      if (parts.length < 2) await new Promise((resolve) => setTimeout(resolve, 250));
      parts.push(part);
    }
    expect(FILE.equals(Buffer.concat(parts))).toBe(true);
    expect(seen).toHaveLength(1);
  });

  it("stops at once when it is told to", async () => {
    const { url, faults } = await fileServer();
    faults.push({ path: /file/, silent: true });
    const stop = new AbortController();
    const going = openHttp().get(`${url}/file`, { signal: stop.signal });
    setTimeout(() => stop.abort(new Error("enough")), 50);
    await expect(going).rejects.toThrow("enough");
    faults.push({ path: /file/, status: 503, headers: { "retry-after": "600" } });
    const again = new AbortController();
    const waiting = openHttp().get(`${url}/file`, { signal: again.signal });
    setTimeout(() => again.abort(new Error("enough too")), 50);
    await expect(waiting).rejects.toThrow("enough too");
  });
});

describe("a body", () => {
  it("goes on where it was cut, each byte once, wherever that is", async () => {
    const { url, faults, seen } = await fileServer();
    for (const cutAfter of [1, 70_000, 65_536, 100_000]) faults.push({ path: /file/, cutAfter });
    const { bytes } = await openHttp(patient()).get(`${url}/file`);
    expect(FILE.equals(bytes)).toBe(true);
    expect(seen[0]?.range).toBeUndefined();
    expect(seen.slice(1).every(({ range }) => /^bytes=\d+-\d+$/.test(range ?? ""))).toBe(true);
  });

  it("is cut more often than there are tries, as long as something came each time", async () => {
    const { url, faults } = await fileServer();
    for (let at = 0; at < 20; at++) faults.push({ path: /file/, cutAfter: 9_000 });
    const { bytes } = await openHttp({ ...patient(), attempts: 2 }).get(`${url}/file`);
    expect(FILE.equals(bytes)).toBe(true);
  });

  it("is taken from the start where the server knows no ranges", async () => {
    const { url, faults } = await fileServer();
    faults.push({ path: /plain/, cutAfter: 100_000 });
    const { bytes } = await openHttp(patient()).get(`${url}/plain`, { start: 10, end: 250_000 });
    expect(FILE.subarray(10, 250_000).equals(bytes)).toBe(true);
  });

  it("of a file that changed in between is refused", async () => {
    let version = 0;
    server = await serve((request, response) => send(request, response, randomBytes(1_000 + version++)));
    server.faults.push({ path: /x/, cutAfter: 500 });
    await expect(openHttp(patient()).get(`${server.url}/x`)).rejects.toThrow("/x changed while it was read");
  });
});

describe("a token", () => {
  it("goes to its origin and to no other, and stands in no message", async () => {
    const { url, other, faults, seen } = await fileServer();
    const http = openHttp({ ...patient(), attempts: 1, token: { origin: url, value: "hf_secret" } });
    await http.get(`${url}/moved`, { start: 0, end: 10 });
    await http.get(`${other}/file`, { start: 0, end: 10 });
    expect(seen.map(({ path, authorization }) => [path, authorization])).toEqual([
      ["/moved", "Bearer hf_secret"],
      ["/file", undefined],
      ["/file", undefined],
    ]);
    faults.push({ path: /file/, status: 500 });
    const error: unknown = await http.get(`${url}/file?token=hf_secret`).catch((reason: unknown) => reason);
    expect(inspect(error, { depth: 9 })).toContain(`${url}/file answered 500`);
    expect(inspect(error, { depth: 9 })).not.toContain("hf_secret");
    faults.push({ path: /file/, cutAfter: 5 });
    const cut: unknown = await http.get(`${url}/file?token=hf_secret`).catch((reason: unknown) => reason);
    expect(inspect(cut, { depth: 9 })).toContain(`the connection to ${url}/file broke`);
    expect(inspect(cut, { depth: 9 })).not.toContain("hf_secret");
  });

  it("is not needed again for the ranges of a file that lies elsewhere, until that address expires", async () => {
    const { url, faults, seen } = await fileServer();
    const http = openHttp({ ...patient(), token: { origin: url, value: "t" } });
    for (let at = 0; at < 3; at++) await http.get(`${url}/moved`, { start: at, end: at + 1 });
    faults.push({ path: /file/, status: 403 });
    const { bytes } = await http.get(`${url}/moved`, { start: 5, end: 9 });
    expect(FILE.subarray(5, 9).equals(bytes)).toBe(true);
    expect(seen.map(({ path }) => path).join(" ")).toBe("/moved /file /file /file /file /moved /file");
  });
});
