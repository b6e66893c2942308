import { afterEach, describe, expect, it } from "vitest";
import { explainedRefusal, hubDataset, hubFiles, hubUrl, openHub, type Hub } from "../../src/hub/files.js";
import { COMMIT, serveHub, TOKEN, type HubRepo, type TestServer } from "./server.js";

let server: TestServer | null = null;

afterEach(async () => {
  await server?.close();
});

async function hubOf(repo: HubRepo, token?: string): Promise<Hub> {
  server = await serveHub({ "acme/stack": repo });
  return openHub({ endpoint: server.url, firstDelayMs: 1, ...(token === undefined ? {} : { token }) });
}

const FILES = { "README.md": "# x", "data/a b.parquet": "A", "data/b.parquet": "BB", "x/y/c.jsonl": "CCC" };

describe("a dataset on the Hub", () => {
  it("is listed page by page, whatever fails on the way", async () => {
    const hub = await hubOf({ files: FILES, cardData: { license: "mit" } });
    server?.faults.push(
      { path: /tree/, status: 500 },
      { path: /tree/, cutAfter: 9 },
      { path: /tree/, status: 429 },
    );
    const dataset = await hubDataset(hub, "acme/stack", "main");
    expect(dataset).toEqual({ repo: "acme/stack", revision: COMMIT, licence: "mit", configs: [] });
    const files = [];
    for await (const file of hubFiles(hub, dataset, null)) files.push(file);
    const inside = [];
    for await (const { path } of hubFiles(hub, dataset, "data")) inside.push(path);
    expect(inside).toEqual(["data/a b.parquet", "data/b.parquet"]);
    expect(files).toEqual(Object.entries(FILES).map(([path, text]) => ({ path, size: text.length })));
  });

  it("tells its configurations in each way that cards write them", async () => {
    const configs = [
      { config_name: "one", data_files: "data/*.parquet" },
      { config_name: "two", data_files: ["a", "b"] },
      { data_files: [{ split: "test", path: ["c", 7] }] },
      { config_name: "inside", data_dir: "python/" },
      "nonsense",
    ];
    const dataset = await hubDataset(await hubOf({ files: {}, cardData: { configs } }), "acme/stack", "main");
    expect(dataset.configs).toEqual([
      { name: "one", files: [{ split: "train", patterns: ["data/*.parquet"] }] },
      {
        name: "two",
        files: [
          { split: "train", patterns: ["a"] },
          { split: "train", patterns: ["b"] },
        ],
      },
      { name: "default", files: [{ split: "test", patterns: ["c"] }] },
      { name: "inside", files: [{ split: "train", patterns: ["python/**"] }] },
    ]);
  });

  it("gives its files from wherever they lie, without the token", async () => {
    const hub = await hubOf({ files: FILES, gated: true }, TOKEN);
    const dataset = await hubDataset(hub, "acme/stack", "main");
    const { bytes } = await hub.http.get(hubUrl(hub, dataset, "data/a b.parquet"));
    expect(Buffer.from(bytes).toString()).toBe("A");
    expect(server?.seen.map(({ authorization }) => authorization)).toEqual([
      `Bearer ${TOKEN}`,
      `Bearer ${TOKEN}`,
      undefined,
    ]);
  });
});

describe("a refusal of the Hub", () => {
  const refusal = async (repo: HubRepo, token: string | undefined, name: string, revision = "main") =>
    hubDataset(await hubOf(repo, token), name, revision).catch((error: unknown) => String(error));

  it("says what to click and what to set", async () => {
    const gated = { files: FILES, gated: true };
    expect(await refusal(gated, undefined, "acme/stack")).toBe(
      `InputError: dataset "acme/stack" is gated: sign in, accept its terms at ${server?.url}/datasets/acme/stack, ` +
        `and set HF_TOKEN to a token of that account (${server?.url}/settings/tokens)`,
    );
    const wrong = await refusal(gated, "hf_wrong", "acme/stack");
    expect(wrong).toContain("make sure that HF_TOKEN is a token of that account");
    expect(wrong).not.toContain("hf_wrong");
  });

  it("names a dataset or revision that is not there", async () => {
    expect(await refusal({ files: {} }, undefined, "acme/none")).toBe(
      `InputError: dataset "acme/none" is not at ${server?.url}; check its name, or set HF_TOKEN if it is private`,
    );
    expect(await refusal({ files: {} }, undefined, "acme/stack", "v9")).toContain('has no revision "v9"');
  });

  it("is told of the Hub's own answers only", async () => {
    const hub = await hubOf({ files: {} });
    const error = new Error("x");
    expect(explainedRefusal(error, hub, "acme/stack")).toBe(error);
    expect(() => openHub({ endpoint: "huggingface" })).toThrow(
      'HF_ENDPOINT "huggingface" is not an http(s) address',
    );
  });
});
