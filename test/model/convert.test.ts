// Conversions that are cut: reading fails at every place in turn, and the next start must give the same bytes as one that
// was never cut, without reading again what was done.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { convert, GRAPHS, MANIFEST, type Manifest } from "../../src/model/convert.js";
import { folderSource, type CheckpointSource } from "../../src/onnx/safetensors.js";
import { writeSafetensors } from "../../src/onnx/save.js";

const fixture = path.resolve(import.meta.dirname, "../fixtures/starcoder2/unbiased");
const quiet = { draw: () => undefined };

let folder: string;
beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), "selfalign-"))));
afterEach(() => rmSync(folder, { recursive: true }));

const at = (name: string): string => path.join(folder, name);

/** The source, which stops answering at its read number `last`; counts reads. */
function failingAt(last: number, source = folderSource(fixture)): CheckpointSource & { reads: number } {
  const failing = {
    ...source,
    reads: 0,
    read(file: string, start: number, end: number) {
      if (++failing.reads === last) throw new Error("cut");
      return source.read(file, start, end);
    },
  };
  return failing;
}

/** Bytes of all files of a folder, by their names. */
function filesOf(out: string): Record<string, string> {
  const names = readdirSync(out, { recursive: true, encoding: "utf8" }).sort();
  const files = names.filter((name) => statSync(path.join(out, name)).isFile());
  return Object.fromEntries(files.map((name) => [name, readFileSync(path.join(out, name), "base64")]));
}

describe("a conversion", () => {
  it("gives a folder with graphs, weights, the configuration and a manifest", async () => {
    writeFileSync(at("config.json"), readFileSync(path.join(fixture, "config.json")));
    writeFileSync(at("model.safetensors"), readFileSync(path.join(fixture, "model.safetensors")));
    writeFileSync(at("tokenizer.json"), '{"a": "ü"}');
    const manifest = await convert(folderSource(folder), at("out"), { ...quiet, origin: "me/model@1" });
    expect(Object.keys(filesOf(at("out")))).toEqual([
      "config.json",
      GRAPHS.choose,
      GRAPHS.decode,
      "onnx/model_quantized.onnx",
      "onnx/model_quantized.onnx_data",
      GRAPHS.score,
      GRAPHS.step,
      MANIFEST,
      "tokenizer.json",
    ]);
    expect(readFileSync(path.join(at("out"), "tokenizer.json"), "utf8")).toBe('{"a": "ü"}');
    expect(JSON.parse(readFileSync(path.join(at("out"), MANIFEST), "utf8"))).toEqual(manifest);
    expect(manifest).toMatchObject({ version: 2, origin: "me/model@1", dtype: "int8", device: "cpu" });
    const config = JSON.parse(readFileSync(path.join(at("out"), "config.json"), "utf8")) as object;
    expect(config).toMatchObject({
      model_type: "starcoder2",
      "transformers.js_config": { use_external_data_format: { "model_quantized.onnx": 1 } },
    });
  });

  it("promises no graph that is not there", async () => {
    await convert(folderSource(fixture), at("out"), { ...quiet, dtype: "fp16" });
    expect(existsSync(path.join(at("out"), "onnx/model_fp16.onnx"))).toBe(false);
    expect(readFileSync(path.join(at("out"), "config.json"), "utf8")).not.toContain("transformers.js_config");
  });

  it.each([
    ["int8", "starcoder2/unbiased"],
    ["int8-64", "starcoder2/unbiased"],
    ["int8-128", "starcoder2/unbiased"],
    ["fp32", "starcoder2/unbiased"],
    ["int8", "gpt2/untied"],
  ] as const)("that is cut anywhere goes on: %s of %s", async (dtype, name) => {
    const from = folderSource(path.resolve(import.meta.dirname, "../fixtures", name));
    const uncut = failingAt(0, from);
    await convert(uncut, at("whole"), { ...quiet, dtype });
    const expected = filesOf(at("whole"));
    for (let last = 1; last <= uncut.reads; last++) {
      const out = at(`cut ${last}`);
      await expect(convert(failingAt(last, from), out, { ...quiet, dtype })).rejects.toThrow("cut");
      expect(existsSync(path.join(out, MANIFEST))).toBe(false);
      const again = failingAt(0, from);
      await convert(again, out, { ...quiet, dtype });
      expect(filesOf(out)).toEqual(expected);
      // The configuration and the header are read each time.
      if (last > 10) expect(again.reads).toBeLessThan(uncut.reads - last + 8);
    }
  });

  it("goes on after two cuts, a torn note and a lost file", async () => {
    await convert(folderSource(fixture), at("whole"), quiet);
    const expected = filesOf(at("whole"));
    const data = path.join(at("out"), "onnx/model_quantized.onnx_data");
    const tear = () => writeFileSync(`${data}.steps`, readFileSync(`${data}.steps`).subarray(0, -20));
    await expect(convert(failingAt(12), at("out"), quiet)).rejects.toThrow("cut");
    tear();
    await expect(convert(failingAt(6), at("out"), quiet)).rejects.toThrow("cut");
    tear();
    await convert(folderSource(fixture), at("out"), quiet);
    expect(filesOf(at("out"))).toEqual(expected);

    rmSync(path.join(at("out"), MANIFEST));
    await expect(convert(failingAt(12), at("out"), quiet)).rejects.toThrow("cut");
    rmSync(data);
    await convert(folderSource(fixture), at("out"), quiet);
    expect(filesOf(at("out"))).toEqual(expected);
  });

  it("does not go on with what another one began", async () => {
    const sliding = path.resolve(fixture, "../sliding");
    for (const [name, source, options] of [
      ["another checkpoint", folderSource(sliding), {}],
      ["another origin", folderSource(fixture), { origin: "other" }],
      ["another device", folderSource(fixture), { device: "cuda" as const }],
    ] as const) {
      await expect(convert(failingAt(14), at(name), quiet)).rejects.toThrow("cut");
      const [after, whole] = [failingAt(0, source), failingAt(0, source)];
      await convert(after, at(name), { ...quiet, ...options });
      await convert(whole, at(`${name}, whole`), { ...quiet, ...options });
      expect(after.reads).toBe(whole.reads);
      const plain = (out: string) => {
        const { [MANIFEST]: manifest, ...files } = filesOf(out);
        return [files["onnx/model_quantized.onnx_data"], files[GRAPHS.decode], manifest];
      };
      expect(plain(at(name))).toEqual(plain(at(`${name}, whole`)));
    }
  });

  it("that replaces a model leaves none before it is done", async () => {
    await convert(folderSource(fixture), at("out"), quiet);
    await expect(convert(failingAt(12), at("out"), quiet)).rejects.toThrow("cut");
    expect(existsSync(path.join(at("out"), MANIFEST))).toBe(false);
  });

  it("ends with its signal's reason", async () => {
    const abort = new AbortController();
    const source = failingAt(0);
    const stopping = {
      ...source,
      read: (file: string, start: number, end: number) => {
        if (source.reads === 10) abort.abort(new Error("enough"));
        return source.read(file, start, end);
      },
    };
    const started = convert(stopping, at("out"), { ...quiet, signal: abort.signal });
    await expect(started).rejects.toThrow("enough");
    await convert(folderSource(fixture), at("out"), quiet);
    await convert(folderSource(fixture), at("whole"), quiet);
    expect(filesOf(at("out"))).toEqual(filesOf(at("whole")));
  });

  it("knows equal weights by their hash, whatever they are called", async () => {
    const { sha256 } = await convert(folderSource(fixture), at("a"), { ...quiet, origin: "a" });
    const same: Manifest = await convert(folderSource(fixture), at("b"), { ...quiet, origin: "b" });
    expect(same.sha256).toBe(sha256);
    expect((await convert(folderSource(fixture), at("c"), { ...quiet, dtype: "fp32" })).sha256).not.toBe(
      sha256,
    );
  });
});

describe("a checkpoint is refused", () => {
  const config = readFileSync(path.join(fixture, "config.json"), "utf8");
  const EMBEDDING = "model.embed_tokens.weight";

  const refused = async (text: string | null, values: Float32Array, shape = [64, 32], options = {}) => {
    if (text !== null) writeFileSync(at("config.json"), text);
    await writeSafetensors(at("model.safetensors"), [{ name: EMBEDDING, shape, values }]);
    await convert(folderSource(folder), at("out"), { ...quiet, ...options }).then(
      () => expect.unreachable(),
      (error: unknown) => expect(error).toMatchObject({ name: "InputError" }),
    );
    return convert(folderSource(folder), at("out"), { ...quiet, ...options });
  };
  const zeros = new Float32Array(64 * 32);

  it("without a configuration, or with one that is none", async () => {
    await expect(refused(null, zeros)).rejects.toThrow("has no config.json");
    await expect(refused("{", zeros)).rejects.toThrow("config.json is not JSON");
    await expect(refused("[]", zeros)).rejects.toThrow("config.json is not a JSON object");
    expect(existsSync(at("out"))).toBe(false);
  });

  it("that lacks a tensor, or has one of another shape, before anything is written", async () => {
    await expect(refused(config, zeros)).rejects.toThrow(
      'has no tensor "model.layers.0.input_layernorm.weight", which its config.json asks for',
    );
    await expect(refused(config, zeros, [32, 64])).rejects.toThrow(
      `"${EMBEDDING}" is [32, 64]; its config.json asks for [64, 32]`,
    );
    expect(existsSync(at("out"))).toBe(false);
  });

  it.each([
    [NaN, "int8"],
    [Infinity, "int8"],
    [-Infinity, "fp32"],
    [NaN, "fp16"],
    [70_000, "fp16"],
  ] as const)("that has %d in it, for %s", async (odd, dtype) => {
    const source = folderSource(fixture);
    // All numbers of the fixture's embedding lie together in its file; one of them is put in the place of another.
    const spoilt: CheckpointSource = {
      ...source,
      async read(file, start, end) {
        const bytes = await source.read(file, start, end);
        if (bytes.length === 64 * 32 * 4) new DataView(bytes.buffer).setFloat32(400, odd, true);
        return bytes;
      },
    };
    await expect(convert(spoilt, at("out"), { ...quiet, dtype })).rejects.toThrow(
      /^"model\..*" has numbers that are infinite, NaN or too large for/,
    );
  });
});
