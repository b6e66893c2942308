// Checkpoints on a Hub of ours, over real sockets: what is converted from there is, to the byte, what is converted from
// the folder, whatever breaks on the way.
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { Interrupted } from "../../src/core/errors.js";
import { convertModel, type ConvertModelOptions } from "../../src/model/conversion.js";
import { openSource } from "../../src/model/source.js";
import { folderSource, openCheckpoint } from "../../src/onnx/safetensors.js";
import { writeSafetensors } from "../../src/onnx/save.js";
import { COMMIT, serveHub, TOKEN, type Fault, type HubRepo, type TestServer } from "../hub/server.js";

const TINY = path.resolve(import.meta.dirname, "../fixtures/starcoder2/tiny");
const base = mkdtempSync(path.join(tmpdir(), "selfalign-source-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

let server: TestServer | null = null;
afterEach(async () => {
  await server?.close();
  server = null;
});

let folders = 0;
const fresh = (): string => path.join(base, `out-${folders++}`);

/** Its files, and text files beside them that a checkpoint has. */
const filesOf = (folder: string): Record<string, Buffer | string> => ({
  ...Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(path.join(folder, name))])),
  "tokenizer.json": '{"model":{}}',
  "runs/events.txt": "x",
});

/** Options that name a Hub which holds this model as `acme/tiny`. */
async function hubWith(
  repo: Partial<HubRepo> = {},
  env: Record<string, string> = {},
): Promise<Pick<ConvertModelOptions, "env" | "http">> {
  server = await serveHub({ "acme/tiny": { kind: "model", files: filesOf(TINY), ...repo } });
  return {
    env: { HF_ENDPOINT: server.url, ...env },
    http: { firstDelayMs: 1, timeoutMs: 500, sleep: () => Promise.resolve() },
  };
}

/** Every file of a converted model; the manifest without the name of what it was made from. */
function converted(folder: string): Map<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return new Map(
    files.map((entry) => {
      const file = path.join(entry.parentPath, entry.name);
      const text = readFileSync(file).toString("latin1");
      return [path.relative(folder, file), text.replace(/"origin": "[^"]*"/, "")];
    }),
  );
}

/** The fixture as a folder with a tokenizer, in two files of weights if wanted. */
async function folderOf({ sharded = false } = {}): Promise<string> {
  const folder = fresh();
  mkdirSync(folder);
  cpSync(path.join(TINY, "config.json"), path.join(folder, "config.json"));
  writeFileSync(path.join(folder, "tokenizer.json"), '{"model":{}}');
  if (!sharded) {
    cpSync(path.join(TINY, "model.safetensors"), path.join(folder, "model.safetensors"));
    return folder;
  }
  const checkpoint = await openCheckpoint(folderSource(TINY));
  const weightMap: Record<string, string> = {};
  for (const shard of [0, 1]) {
    const file = `model-0000${shard + 1}-of-00002.safetensors`;
    const names = checkpoint.names.filter((_, at) => at % 2 === shard);
    const tensors = names.map(async (name) => ({
      name,
      shape: checkpoint.shape(name),
      values: await checkpoint.read(name),
    }));
    await writeSafetensors(path.join(folder, file), await Promise.all(tensors));
    for (const name of names) weightMap[name] = file;
  }
  writeFileSync(path.join(folder, "model.safetensors.index.json"), JSON.stringify({ weight_map: weightMap }));
  return folder;
}

const fault = (fields: Omit<Fault, "path">): Fault => ({ path: /safetensors/, ...fields });

describe("a model on the Hub", () => {
  it.each(["int8", "fp32", "fp16"] as const)("converts to %s like its folder", async (dtype) => {
    const [here, there] = [fresh(), fresh()];
    await convertModel(await folderOf(), here, { dtype });
    const made = await convertModel("acme/tiny", there, { dtype, ...(await hubWith()) });
    expect(made).toMatchObject({ origin: `acme/tiny@${COMMIT}`, dtype, device: "cpu", worked: true });
    expect(converted(there)).toEqual(converted(here));
    expect([...converted(there).keys()]).toContain("tokenizer.json");
  });

  it("converts from several files, through failing answers, broken and silent connections", async () => {
    const [sharded, here, there] = [await folderOf({ sharded: true }), fresh(), fresh()];
    await convertModel(await folderOf(), here);
    const options = await hubWith({ files: filesOf(sharded) });
    server?.faults.push(
      { path: /revision/, status: 500 },
      { path: /tree/, status: 429, headers: { "retry-after": "1" } },
      fault({ status: 503 }),
      fault({ cutAfter: 3 }),
      fault({ status: 429 }),
      fault({ cutAfter: 0 }),
      fault({ cutAfter: 900 }),
      fault({ cutAfter: 20, stall: true }),
      fault({ silent: true }),
    );
    await convertModel("acme/tiny", there, options);
    expect(server?.faults).toEqual([]);
    expect(converted(there)).toEqual(converted(here));
  });

  it("is asked for ranges of what is needed, nothing twice, and the token goes to the Hub alone", async () => {
    const out = fresh();
    await convertModel("acme/tiny", out, await hubWith({ gated: true }, { HF_TOKEN: TOKEN }));
    const seen = server?.seen ?? [];
    const bodies = seen.filter(({ path }) => path.startsWith("/cdn/"));
    expect(bodies.every(({ authorization }) => authorization === undefined)).toBe(true);
    expect(bodies.every(({ range }) => /^bytes=\d+-\d+$/.test(range ?? ""))).toBe(true);
    const ranges = bodies.map(({ path, range }) => `${path} ${range}`);
    expect(new Set(ranges).size).toBe(ranges.length);
    const first = seen.filter(({ path }) => !path.startsWith("/cdn/"));
    expect(first.every(({ authorization }) => authorization === `Bearer ${TOKEN}`)).toBe(true);
    expect(first.filter(({ path }) => path.endsWith("model.safetensors"))).toHaveLength(1);
    expect(first.some(({ path }) => path.includes("/resolve/main/"))).toBe(false);
  });

  it("goes on after a stop with the same bytes, at the commit that it was begun at", async () => {
    const [here, there] = [fresh(), fresh()];
    await convertModel(await folderOf(), here, { dtype: "fp32" });
    const options = { dtype: "fp32", ...(await hubWith()) } as const;
    let stops = 0;
    for (let finished = false; !finished;) {
      const controller = new AbortController();
      const before = server?.seen.length ?? 0;
      const sleep = setInterval(() => {
        if ((server?.seen.length ?? 0) > before + 18) controller.abort(new Interrupted("stopped"));
      }, 1);
      finished = await convertModel("acme/tiny", there, { ...options, signal: controller.signal }).then(
        () => true,
        (error: unknown) => {
          expect(error).toBeInstanceOf(Interrupted);
          return false;
        },
      );
      clearInterval(sleep);
      if (!finished) stops++;
    }
    expect(stops).toBeGreaterThan(0);
    expect(converted(there)).toEqual(converted(here));
    expect(server?.seen.filter(({ path }) => path.endsWith("/revision/main"))).toHaveLength(1);
    await server?.close();
    expect(await convertModel("acme/tiny", there, options)).toMatchObject({ worked: false });
  });

  it("says what to click and what to set when it is gated", async () => {
    const ask = async (env: Record<string, string>): Promise<string> =>
      convertModel("acme/tiny", fresh(), await hubWith({ gated: true }, env)).then(String, String);
    expect(await ask({})).toBe(
      `InputError: model "acme/tiny" is gated: sign in, accept its terms at ${server?.url}/acme/tiny, ` +
        `and set HF_TOKEN to a token of that account (${server?.url}/settings/tokens)`,
    );
    await server?.close();
    expect(await ask({ HF_TOKEN: "hf_other" })).toMatch(/make sure that HF_TOKEN is a token of that account/);
  });

  it("is refused by its name where there is none, no such revision, or no checkpoint in it", async () => {
    const options = await hubWith({ files: { "config.json": "{}", "README.md": "# x" } });
    const ask = (model: string): Promise<string> =>
      convertModel(model, fresh(), options).then(String, String);
    expect(await ask("acme/none")).toBe(
      `InputError: model "acme/none" is not at ${server?.url}; check its name, or set HF_TOKEN if it is private; ` +
        "nor is it a folder here",
    );
    expect(await ask("acme/tiny@v9")).toMatch(/model "acme\/tiny" has no revision "v9"; choose a branch/);
    expect(await ask("acme/tiny")).toMatch(/acme\/tiny: config\.json/);
    expect(await ask("tiny")).toBe(
      'InputError: model "tiny" is no folder here and no repository\'s name; give either, e.g. bigcode/starcoder2-3b',
    );
    expect(await ask("./a/b")).toMatch(/is no folder here/);
  });

  it("is refused when a file is not as long as its listing says", async () => {
    const files = filesOf(TINY);
    const { source } = await openSource("acme/tiny", await hubWith({ files }));
    expect(await source.read("model.safetensors", 4, 8)).toHaveLength(4);
    files["model.safetensors"] = Buffer.alloc(999);
    await expect(source.read("model.safetensors", 4, 8)).rejects.toThrow(
      /acme\/tiny\/model\.safetensors is not as long as its listing says \(\d+ bytes\)/,
    );
  });

  it("is read on when the address that its files lie at has expired", async () => {
    const { source } = await openSource("acme/tiny", await hubWith());
    const first = await source.read("model.safetensors", 0, 8);
    server?.faults.push({ path: /^\/cdn/, status: 403 });
    expect(Buffer.from(await source.read("model.safetensors", 0, 8))).toEqual(Buffer.from(first));
    expect(server?.seen.filter(({ path }) => path.endsWith(`${COMMIT}/model.safetensors`))).toHaveLength(2);
  });
});

describe("a folder", () => {
  it("is called by its name and its contents, never by its place", async () => {
    const folder = await folderOf();
    const { origin } = await openSource(folder);
    expect(origin).toMatch(/^out-\d+#[0-9a-f]{12}$/);
    writeFileSync(path.join(folder, "optimizer.pt"), "not read");
    expect((await openSource(folder)).origin).toBe(origin);
    const weights = readFileSync(path.join(folder, "model.safetensors"));
    weights.fill(7, weights.length / 2);
    writeFileSync(path.join(folder, "model.safetensors"), weights);
    expect((await openSource(folder)).origin).not.toBe(origin);
  });

  it("is called like the repository that its configuration names, if that is no path", async () => {
    const folder = await folderOf();
    const named = async (name: string): Promise<string> => {
      writeFileSync(path.join(folder, "config.json"), JSON.stringify({ _name_or_path: name }));
      return (await openSource(folder)).origin;
    };
    expect(await named("bigcode/starcoder2-3b")).toMatch(/^bigcode\/starcoder2-3b#/);
    expect(await named("/home/someone/model")).toMatch(/^out-/);
    expect(await named("../someone/model")).toMatch(/^out-/);
  });
});

describe("a folder that is converted into", () => {
  it("is left alone when it holds something else", async () => {
    const [folder, out] = [await folderOf(), fresh()];
    const ask = (into: string, options: ConvertModelOptions = {}): Promise<string> =>
      convertModel(folder, into, options).then(({ worked }) => `worked: ${worked}`, String);
    expect(await ask(out)).toBe("worked: true");
    expect(await ask(`${out}/`)).toBe("worked: false");
    expect(await ask(out, { dtype: "fp32" })).toMatch(
      /holds out-\d+#\w+ as int8 for cpu, not out-\d+#\w+ as fp32 for cpu: choose another --out/,
    );
    expect(await ask(folder)).toMatch(/is the checkpoint itself/);
    expect(await ask(base)).toMatch(/holds other files \("out-0"\): choose another --out/);
    expect(await ask(path.join(folder, "config.json"))).toMatch(/can't be written \(EEXIST\)/);
    expect(readdirSync(folder).sort()).toEqual(["config.json", "model.safetensors", "tokenizer.json"]);
  });

  it("goes on behind half a line that a power cut left", async () => {
    const [calm, rough] = [fresh(), fresh()];
    await convertModel(await folderOf(), calm);
    const options = await hubWith();
    // The first ones change nothing: the request behind them fails, also when the Hub is asked for the place again.
    const gone = fault({ status: 404 });
    server?.faults.push(...Array.from({ length: 20 }, () => fault({})), gone, gone);
    await expect(convertModel("acme/tiny", rough, options)).rejects.toThrow('"acme/tiny" is not at');
    const steps = path.join(rough, "onnx/model_quantized.onnx_data.steps");
    expect(readFileSync(steps, "utf8").split("\n").length).toBeGreaterThan(5);
    writeFileSync(steps, `${readFileSync(steps, "utf8")}{"half`);
    await convertModel("acme/tiny", rough, options);
    expect(converted(rough)).toEqual(converted(calm));
  });

  it("has one writer", async () => {
    const [folder, out] = [await folderOf(), fresh()];
    const both = await Promise.allSettled([convertModel(folder, out), convertModel(folder, out)]);
    const refused = both.flatMap((one) => (one.status === "rejected" ? [String(one.reason)] : []));
    expect(refused).toHaveLength(1);
    expect(refused[0]).toMatch(/in use by process \d+/);
  });
});
