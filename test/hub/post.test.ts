import { afterEach, describe, expect, it } from "vitest";
import { openPoster, type PostOptions } from "../../src/hub/post.js";
import { Cut } from "../../src/hub/retry.js";
import { serve, type TestServer } from "./server.js";

let server: TestServer | null = null;

afterEach(async () => {
  await server?.close();
});

async function start(): Promise<TestServer> {
  server = await serve((_, response, url) => {
    if (url.pathname === "/moved") response.writeHead(307, { location: `${server?.other}/file` }).end();
    else response.writeHead(200).end(JSON.stringify({ path: url.pathname }));
  });
  return server;
}

/** Waits nowhere, and notes what it would have waited. */
function patient(waits: number[] = []): PostOptions {
  return { random: () => 1, now: () => 0, sleep: (ms) => Promise.resolve(void waits.push(ms)) };
}

const read = (json: unknown): unknown => json;

describe("a question", () => {
  it("is asked again after 429, 5xx and cuts, each try in its turn", async () => {
    const { url, faults, seen } = await start();
    const waits: number[] = [];
    faults.push(
      { path: /file/, status: 429, headers: { "retry-after": "7" } },
      { path: /file/, status: 500 },
    );
    faults.push({ path: /file/, cutAfter: 3 });
    const poster = openPoster(patient(waits));
    let turns = 0;
    const turn = <T>(attempt: () => Promise<T>): Promise<T> => {
      turns++;
      return attempt();
    };
    expect(await poster.post(`${url}/file`, { a: 1 }, { read, turn })).toEqual({ path: "/file" });
    expect(waits).toEqual([7_500, 1_000, 2_000]);
    expect([turns, seen.length]).toEqual([4, 4]);
    poster.close();
  });

  it("is asked again where the answer is not understood, and twice at most where nothing comes", async () => {
    const { url, faults, seen } = await start();
    const poster = openPoster({ ...patient(), attempts: 3, timeoutMs: 60 });
    const fussy = (): never => {
      throw new Cut("odd");
    };
    await expect(poster.post(`${url}/file`, {}, { read: fussy })).rejects.toThrow("odd");
    expect(seen).toHaveLength(3);
    for (let at = 0; at < 3; at++) faults.push({ path: /file/, silent: true });
    await expect(poster.post(`${url}/file`, {}, { read })).rejects.toThrow("/file said nothing for 0.06 s");
    expect(seen).toHaveLength(5);
    poster.close();
  });

  it("follows no redirect, and takes its token to one origin only", async () => {
    const { url, other, seen } = await start();
    const poster = openPoster({ ...patient(), token: { origin: url, value: "secret" } });
    await expect(poster.post(`${url}/moved`, {}, { read })).rejects.toThrow("/moved answered 307");
    await poster.post(`${other}/file`, {}, { read });
    expect(seen.map(({ path, authorization }) => [path, authorization])).toEqual([
      ["/moved", "Bearer secret"],
      ["/file", undefined],
    ]);
    poster.close();
  });
});
