import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { openCorpus, type CorpusOptions } from "../../src/corpus/open.js";
import { filesOf, wantedOf } from "../../src/corpus/published.js";
import { COMMIT, serveHub, serveObjects, TOKEN, type HubRepo, type TestServer } from "../hub/server.js";
import { expectResumable, itemsOf, linesOf, parquetOf, shown } from "./reading.js";

const servers: TestServer[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

const http = { firstDelayMs: 1, longestDelayMs: 5 };

async function hubOf(
  repos: Record<string, HubRepo>,
  env: Record<string, string> = {},
): Promise<[TestServer, CorpusOptions]> {
  const server = await serveHub(repos);
  servers.push(server);
  return [server, { env: { HF_ENDPOINT: server.url, ...env }, http }];
}

/** Functions as the published seeds have them: a row is one function. */
function functions(name: string, count: number): Buffer {
  const numbers = Array.from({ length: count }, (_, at) => at);
  return parquetOf({
    content: numbers.map((at) => `def ${name}${at}(x):\n    return x + ${at}\n`),
    sha1: numbers.map((at) => `sha-${at}`),
    id: numbers,
  });
}

const SEEDS = "python-stack-v1-functions-filtered-sc2";
const SEED_REPO = {
  [`bigcode/${SEEDS}`]: {
    files: {
      "README.md": "# seeds",
      "data/train-00000-of-00002.parquet": functions("a", 8),
      "data/train-00001-of-00002.parquet": functions("b", 5),
    },
    cardData: { license: "other" },
  },
};

describe("a dataset of functions", () => {
  it("gives each row as a small file that says where it is from", async () => {
    const [, options] = await hubOf(SEED_REPO);
    const corpus = await openCorpus(SEEDS, options);
    const items = await itemsOf(corpus, 1);
    expect(items).toHaveLength(13);
    expect(items.find((item) => "file" in item && item.file.text.includes("a3("))).toMatchObject({
      file: {
        source: SEEDS,
        repository: `bigcode/${SEEDS}`,
        revision: COMMIT,
        path: "data:train-00000-of-00002.parquet#3",
        licence: "other",
        text: "def a3(x):\n    return x + 3\n",
      },
    });
    expect(await corpus.count()).toBeNull();
    expect(corpus.identity).toBe(`${SEEDS}@${COMMIT}`);
    expect(corpus.notices.join()).toContain(`/datasets/bigcode/${SEEDS}`);
  });

  it("goes on behind every position, and draws the order of files by the seed", async () => {
    const [, options] = await hubOf(SEED_REPO);
    const corpus = await openCorpus(SEEDS, options);
    await expectResumable(corpus);
    const firsts = new Set<string>();
    for (let seed = 0; seed < 8; seed++) firsts.add(shown((await itemsOf(corpus, seed))[0] ?? expect.fail()));
    expect(firsts.size).toBe(2);
  });

  it("loses nothing and gives nothing twice, whatever the network does", async () => {
    const [server, options] = await hubOf(SEED_REPO);
    const calm = await itemsOf(await openCorpus(SEEDS, options), 3);
    server.faults.push({ path: /revision/, status: 500 }, { path: /tree/, cutAfter: 20 });
    server.faults.push({ path: /resolve/, status: 429, headers: { "retry-after": "0" } });
    for (const cutAfter of [0, 1, 100, 300]) server.faults.push({ path: /cdn/, cutAfter });
    server.faults.push(
      { path: /cdn/, status: 403 },
      { path: /cdn/, status: 503 },
      { path: /resolve/, status: 502 },
    );
    expect(await itemsOf(await openCorpus(SEEDS, options), 3)).toEqual(calm);
    expect(server.faults).toEqual([]);
  });

  it("reads no more of a file than it needs", async () => {
    const [server, options] = await hubOf(SEED_REPO);
    const corpus = await openCorpus(SEEDS, options);
    const items = await itemsOf(corpus, 3);
    server.seen.length = 0;
    for await (const item of corpus.files({ seed: 3 })) {
      expect(item).toEqual(items[0]);
      break;
    }
    expect(
      new Set(server.seen.filter(({ path }) => path.startsWith("/cdn")).map(({ path }) => path)).size,
    ).toBe(1);
  });

  it("says that nothing is lost when the network is gone for good", async () => {
    const [server, options] = await hubOf(SEED_REPO);
    const corpus = await openCorpus(SEEDS, { ...options, http: { ...http, attempts: 2 } });
    server.faults.push({ path: /cdn/, status: 503 }, { path: /cdn/, status: 503 });
    const failure = await itemsOf(corpus, 3).catch(String);
    expect(failure).toMatch(
      /^InputError: .* answered 503, at every try: what was finished is kept; .* run the same command again$/,
    );
    expect(failure).not.toContain("signature");
    await server.close();
    expect(await openCorpus(SEEDS, { ...options, http: { ...http, attempts: 2 } }).catch(String)).toMatch(
      /^InputError: .* can't be reached \(connect ECONNREFUSED/,
    );
  });

  it("stops in the middle of a request", async () => {
    const [server, options] = await hubOf(SEED_REPO);
    const corpus = await openCorpus(SEEDS, options);
    server.faults.push({ path: /cdn/, silent: true });
    const stop = new AbortController();
    setTimeout(() => stop.abort(new Error("stopped")), 50);
    await expect(corpus.files({ seed: 3, signal: stop.signal }).next()).rejects.toThrow("stopped");
  });
});

describe("The Stack with its contents", () => {
  const stack = {
    "bigcode/the-stack-dedup": {
      gated: true,
      files: {
        "data/java/data-0.parquet": functions("java", 2),
        "data/python/data-0.parquet": parquetOf({
          max_stars_repo_path: ["a.py", "b.py", "c.py"],
          max_stars_repo_name: ["ada/x", "ada/x", "bob/y"],
          max_stars_repo_head_hexsha: ["c1", "c1", "c2"],
          max_stars_repo_licenses: [["MIT"], ["MIT", "Apache-2.0"], []],
          content: ["x = 1\r\n", "y = 2", "z\0"],
          avg_line_length: [1.5, 2, 3],
        }),
      },
    },
    "bigcode/the-stack-smol": {
      files: {
        "data/python/data.json": linesOf([
          { content: "x = 1\n", repository_name: "ada/x", path: "x.py", licenses: ["MIT"], lang: "Python" },
          { content: "int x;", repository_name: "ada/x", path: "x.c", licenses: ["MIT"], lang: "C" },
          "{broken",
          { content: null, path: "n.py" },
        ]),
      },
    },
  };

  it("takes origin and licences from the rows", async () => {
    const [server, options] = await hubOf(stack, { HF_TOKEN: TOKEN });
    const items = await expectResumable(await openCorpus("the-stack-dedup", options));
    expect(items.map((item) => ("file" in item ? item.file : item.reject))).toMatchObject([
      { repository: "ada/x", revision: "c1", path: "a.py", licence: "MIT", text: "x = 1\n" },
      { repository: "ada/x", path: "b.py", licence: "Apache-2.0 AND MIT", text: "y = 2" },
      {
        reason: "nul-byte",
        provenance: { repository: "bob/y", revision: "c2", path: "c.py", licence: null },
      },
    ]);
    expect(server.seen.filter(({ path }) => path.includes("java"))).toEqual([]);
  });

  it("reads its samples from JSON lines, broken ones as rejects", async () => {
    const [, options] = await hubOf(stack);
    const items = await expectResumable(await openCorpus("the-stack-smol", options));
    expect(items.map(shown)).toEqual([
      "x.py x = 1\n",
      "x.c !not-python",
      expect.stringMatching(/^data:python:data.json#\d+ !not-json$/),
      "n.py !no-content",
    ]);
  });

  it("says how to get in where it is gated", async () => {
    const [server, options] = await hubOf(stack);
    await expect(openCorpus("the-stack-dedup", options)).rejects.toThrow(
      `dataset "bigcode/the-stack-dedup" is gated: sign in, accept its terms at ${server.url}/datasets/bigcode/the-stack-dedup`,
    );
  });
});

describe("The Stack v2", () => {
  const sha1 = (content: string | Buffer): string => createHash("sha1").update(content).digest("hex");
  const contents = [
    "def f():\n    return 1\n",
    "def g():\n    return 2\n",
    Buffer.from("s = '\xe9'\n", "latin1"),
  ];
  const [f = "", g = "", latin = ""] = contents.map(sha1);
  const row = (blob_id: string, more: Record<string, unknown> = {}): Record<string, unknown> => ({
    blob_id,
    repo_name: "ada/x",
    path: `/src/${blob_id.slice(0, 4)}.py`,
    revision_id: "r1",
    detected_licenses: ["MIT"],
    license_type: "permissive",
    src_encoding: "UTF-8",
    length_bytes: 20n,
    ...more,
  });
  const rows = [
    row(f),
    row("0".repeat(40)),
    row(g, { license_type: "no_license", detected_licenses: [] }),
    row(latin, { src_encoding: "ISO-8859-1" }),
    row("1".repeat(40)),
    row(g),
    row(f, { path: "/large.py", length_bytes: 2_000_000n }),
    row("../secret", { path: "/odd.py" }),
    row(f, { path: "/again.py" }),
  ];
  const columns = Object.fromEntries(
    Object.keys(rows[0] ?? {}).map((name) => [name, rows.map((one) => one[name])]),
  );
  const repos = {
    "bigcode/the-stack-v2-dedup": { files: { "data/Python/train-0.parquet": parquetOf(columns) } },
  };
  const packed = contents.map((content): [string, Buffer] => [sha1(content), gzipSync(content)]);
  const objects = new Map<string, Buffer>([...packed, ["1".repeat(40), gzipSync("something else")]]);
  const expected = [
    `src/${f.slice(0, 4)}.py def f():\n    return 1\n`,
    "src/0000.py !content-missing",
    `src/${g.slice(0, 4)}.py !not-permissive`,
    `src/${latin.slice(0, 4)}.py s = 'é'\n`,
    "src/1111.py !content-corrupt",
    `src/${g.slice(0, 4)}.py def g():\n    return 2\n`,
    "large.py !file-too-large",
    "odd.py !content-missing",
    "again.py def f():\n    return 1\n",
  ];

  async function open(): Promise<[TestServer, CorpusOptions, string[]]> {
    const archive = await serveObjects(objects);
    servers.push(archive);
    const said: string[] = [];
    const [, options] = await hubOf(repos, { SWH_CONTENT_URL: `${archive.url}/content`, HF_TOKEN: TOKEN });
    return [archive, { ...options, onNotice: (text) => said.push(text) }, said];
  }

  it("fetches contents by their hash, in order, and says which hash it is", async () => {
    const [archive, options, said] = await open();
    const items = await expectResumable(await openCorpus("the-stack-v2-dedup", options));
    expect(items.map(shown)).toEqual(expected);
    expect(said).toEqual([`contents come from ${archive.url}/content; their identifiers are sha1`]);
    expect(archive.seen.every(({ authorization }) => authorization === undefined)).toBe(true);
    expect(items[0]).toMatchObject({ file: { licence: "MIT", repository: "ada/x", revision: "r1" } });
  });

  it("leaves licences aside when it is told to", async () => {
    const [, options] = await open();
    const corpus = await openCorpus("the-stack-v2-dedup:any-licence", options);
    expect(corpus.identity).toBe(`the-stack-v2-dedup:any-licence@${COMMIT}`);
    const items = await itemsOf(corpus, 1);
    expect(items[2]).toMatchObject({ file: { text: "def g():\n    return 2\n", licence: null } });
  });

  it("bears an archive that fails for a while", async () => {
    const [archive, options] = await open();
    archive.faults.push({ path: /content/, status: 503 }, { path: /content/, cutAfter: 10 });
    archive.faults.push({ path: /content/, status: 500 }, { path: /content/, cutAfter: 0 });
    const items = await itemsOf(await openCorpus("the-stack-v2-dedup", options), 1);
    expect(items.map(shown)).toEqual(expected);
  });

  it("knows git's hash by the first object too", async () => {
    const git = createHash("sha1").update("blob 1\0x").digest("hex");
    const archive = await serveObjects(new Map([[git, gzipSync("x")]]));
    servers.push(archive);
    const file = linesOf([{ blob_id: git, path: "x.py" }]);
    const [, options] = await hubOf(
      { "a/b": { files: { "x.jsonl": file } } },
      { SWH_CONTENT_URL: `${archive.url}/content` },
    );
    const said: string[] = [];
    const corpus = await openCorpus("hf:a/b", { ...options, onNotice: (text) => said.push(text) });
    expect((await itemsOf(corpus, 0)).map(shown)).toEqual(["x.py x"]);
    expect(said.join()).toContain("their identifiers are sha1_git");
  });

  it("ends where the archive refuses everything", async () => {
    const archive = await serveObjects(new Map());
    servers.push(archive);
    const ids = Array.from({ length: 40 }, (_, at) => sha1(String(at)));
    const files = { "x.jsonl": linesOf(ids.map((blob_id) => ({ blob_id }))) };
    const [, options] = await hubOf({ "a/b": { files } }, { SWH_CONTENT_URL: `${archive.url}/content` });
    await expect(itemsOf(await openCorpus("hf:a/b", options), 0)).rejects.toThrow(
      /the first 20 contents asked of .* were refused \(404\); .* SWH_CONTENT_URL/,
    );
  });
});

describe("hf:REPO", () => {
  const paths = (
    spec: string,
    names: readonly string[],
    configs: Parameters<typeof filesOf>[1] = [],
  ): string[] => {
    const wanted = wantedOf(spec) ?? expect.fail(spec);
    return filesOf(wanted, configs, names.map((path) => ({ path, size: 1 }))).map(({ path }) => path); // prettier-ignore
  };

  it("finds the files of a configuration and a split by their names", () => {
    const all = ["data/train-0.parquet", "data/test-0.parquet", "x/train.jsonl", "y/trainer.parquet"];
    expect(paths("hf:a/b", all)).toEqual(["data/train-0.parquet"]);
    expect(paths("hf:a/b:test", all)).toEqual(["data/test-0.parquet"]);
    expect(paths("hf:a/b/x", all)).toEqual(["x/train.jsonl"]);
    expect(paths("hf:a/b/y", all)).toEqual(["y/trainer.parquet"]);
    expect(paths("hf:a/b/y:train", all)).toEqual([]);
    expect(paths("hf:a/b", ["all.jsonl.gz", "info.json"])).toEqual(["all.jsonl.gz"]);
  });

  it("prefers what the card says", () => {
    const all = ["p/one.parquet", "p/deep/two.parquet", "q/x+1.parquet"];
    const configs = [
      { name: "default", files: [{ split: "train", patterns: ["p/*.parquet"] }] },
      { name: "deep", files: [{ split: "all", patterns: ["p/**/*.parquet"] }] },
      { name: "q", files: [{ split: "test", patterns: ["q/x+?.parquet"] }] },
    ];
    expect(paths("hf:a/b", all, configs)).toEqual(["p/one.parquet"]);
    expect(paths("hf:a/b/deep", all, configs)).toEqual(["p/one.parquet", "p/deep/two.parquet"]);
    expect(paths("hf:a/b/q:test", all, configs)).toEqual(["q/x+1.parquet"]);
    expect(paths("hf:a/b/q:train", all, configs)).toEqual([]);
  });

  it("fetches its own columns and row groups only, and goes on in the middle of a file of lines", async () => {
    const hash = (text: string): string => createHash("sha512").update(text).digest("hex");
    const noise = Array.from({ length: 40 }, (_, at) =>
      Array.from({ length: 300 }, (_, part) => hash(`${at}.${part}`)).join(""),
    );
    const content = noise.map((_, at) => `x = ${at}\n`);
    const wide = parquetOf({ content, embedding: noise }, 10);
    const lines = linesOf(noise.map((text, at) => ({ code: `y = ${at}`, text })));
    const [server, options] = await hubOf({
      "a/wide": { files: { "x.parquet": wide } },
      "a/long": { files: { "x.jsonl": lines } },
    });
    const fetched = (): number =>
      server.seen.splice(0).reduce((sum, { path, range = "" }) => {
        const [, start = 0, end = 0] = /(\d+)-(\d+)/.exec(range) ?? [];
        return path.startsWith("/cdn") ? sum + Number(end) - Number(start) + 1 : sum;
      }, 0);
    const corpus = await openCorpus("hf:a/wide", options);
    server.seen.length = 0;
    const items = await itemsOf(corpus, 0);
    expect(items).toHaveLength(40);
    const [footer, all] = [Math.min(wide.length, 512 * 1024), fetched()];
    expect(all).toBeLessThan(footer + 5_000);
    expect(wide.length).toBeGreaterThan(1_000_000);
    const long = await openCorpus("hf:a/long", options);
    const orders = (await itemsOf(long, 0)).map(({ order }) => order);
    fetched();
    expect(await itemsOf(long, 0, orders[37])).toHaveLength(2);
    expect(fetched()).toBeLessThan(lines.length / 10);
  });

  it("takes a revision, and keeps it out of the records", async () => {
    const [, options] = await hubOf({ "a/b": { files: { "x.jsonl": linesOf([{ code: "x" }]) } } });
    const corpus = await openCorpus(`hf:a/b@${COMMIT}`, options);
    expect(await itemsOf(corpus, 0)).toMatchObject([
      { file: { source: "hf:a/b", revision: COMMIT, text: "x" } },
    ]);
    await expect(openCorpus("hf:a/b@v9", options)).rejects.toThrow('dataset "a/b" has no revision "v9"');
  });

  it("refuses what gives no programs, in one line", async () => {
    const [, options] = await hubOf({
      "a/none": { files: { "README.md": "x" } },
      "a/images": { files: { "x.parquet": parquetOf({ image: ["x"], label: [1] }) } },
      "a/labels": { files: { "x.jsonl": linesOf([{ label: 1 }]) } },
      "a/broken": { files: { "x.parquet": Buffer.from("PAR1 this is no Parquet at all PAR1") } },
    });
    const failure = async (spec: string): Promise<string> =>
      openCorpus(spec, options)
        .then((corpus) => itemsOf(corpus, 0))
        .then(() => "no failure", String);
    expect(await failure("hf:a/none")).toContain(
      'corpus "hf:a/none" has no .parquet or .jsonl file in dataset',
    );
    for (const [spec, has] of [
      ["hf:a/images", "image, label"],
      ["hf:a/labels", "label"],
    ] as const) {
      expect(await failure(spec)).toBe(
        `InputError: "${spec}" has no column with programs: it needs one of content, code, text, or blob_id; it has ${has}`,
      );
    }
    expect(await failure("hf:a/broken")).toMatch(
      /^InputError: Parquet file "x.parquet": its footer can't be read/,
    );
    expect(await failure("hf:a")).toContain('corpus "hf:a" is not a dataset\'s name; write hf:OWNER/NAME');
    expect(await failure("hf:a/gone")).toContain('dataset "a/gone" is not at');
  });
});
