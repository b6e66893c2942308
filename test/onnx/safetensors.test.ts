// Checkpoints are written by hand, byte by byte, so that what is read owes nothing to our writer.
import { describe, expect, it } from "vitest";
import { openCheckpoint, rowChunks, type CheckpointSource } from "../../src/onnx/safetensors.js";

/** A file of this header and these bytes behind it. */
function fileOf(header: unknown, data: Uint8Array, length?: number): Uint8Array {
  const json = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const first = Buffer.alloc(8);
  first.writeBigUInt64LE(BigInt(length ?? json.length));
  return Buffer.concat([first, json, data]);
}

/** Files in memory; what was read of them is noted. */
function memory(files: Record<string, Uint8Array | string>): CheckpointSource & { reads: number[] } {
  const bytesOf = (file: string) => Buffer.from(files[file] ?? "");
  const reads: number[] = [];
  return {
    name: "here",
    reads,
    size: (file) => Promise.resolve(file in files ? bytesOf(file).length : null),
    read(file, start, end) {
      reads.push(end - start);
      return Promise.resolve(bytesOf(file).subarray(start, end));
    },
  };
}

const F32 = new Uint8Array(Float32Array.of(1.5, -2, 3, 4, 5, 6).buffer);
const F16 = new Uint8Array(Uint16Array.of(0x3c00, 0xc000, 0x0001).buffer); // 1, -2, 2^-24
const BF16 = new Uint8Array(Uint16Array.of(0x3fc0, 0xff80).buffer); // 1.5, -infinity
const MIXED = {
  __metadata__: { format: "pt" },
  bias: { dtype: "F16", shape: [3], data_offsets: [0, 6] },
  weight: { dtype: "F32", shape: [3, 2], data_offsets: [6, 30] },
  scale: { dtype: "BF16", shape: [2, 1], data_offsets: [30, 34] },
  steps: { dtype: "I64", shape: [], data_offsets: [34, 42] },
  none: { dtype: "F32", shape: [0, 7], data_offsets: [42, 42] },
};
const mixed = fileOf(MIXED, Buffer.concat([F16, F32, BF16, Buffer.alloc(8)]));

describe("a single file", () => {
  it("is read as single floats, whatever its types and alignment", async () => {
    const checkpoint = await openCheckpoint(memory({ "model.safetensors": mixed }));
    expect(checkpoint.names).toEqual(["bias", "weight", "scale", "steps", "none"]);
    expect(checkpoint.bytes).toBe(42);
    expect(checkpoint.shape("weight")).toEqual([3, 2]);
    expect(checkpoint.dtype("scale")).toBe("BF16");
    expect([checkpoint.has("bias"), checkpoint.has("__metadata__")]).toEqual([true, false]);
    expect(await checkpoint.read("bias")).toEqual(Float32Array.of(1, -2, 2 ** -24));
    expect(await checkpoint.read("weight")).toEqual(Float32Array.of(1.5, -2, 3, 4, 5, 6));
    expect(await checkpoint.read("scale")).toEqual(Float32Array.of(1.5, -Infinity));
    expect(await checkpoint.read("none")).toEqual(new Float32Array(0));
    expect(await checkpoint.rows("weight", 1, 3)).toEqual(Float32Array.of(3, 4, 5, 6));
    expect(await checkpoint.rows("weight", 1, 1)).toEqual(new Float32Array(0));
  });

  it("gives a tensor's rows in chunks of about so many bytes", async () => {
    const checkpoint = await openCheckpoint(memory({ "model.safetensors": mixed }));
    const chunks = [];
    for await (const chunk of rowChunks(checkpoint, "weight", 17)) chunks.push(chunk);
    expect(chunks).toEqual([
      { from: 0, values: Float32Array.of(1.5, -2, 3, 4) },
      { from: 2, values: Float32Array.of(5, 6) },
    ]);
  });

  it("is never read by more than eight megabytes at a time", async () => {
    const count = 5 * 2 ** 20 + 3;
    const header = { w: { dtype: "F32", shape: [count], data_offsets: [0, 4 * count] } };
    const values = Float32Array.from({ length: count }, (_, i) => i);
    const source = memory({ "model.safetensors": fileOf(header, new Uint8Array(values.buffer)) });
    const read = await (await openCheckpoint(source)).read("w");
    expect(Buffer.compare(Buffer.from(read.buffer), Buffer.from(values.buffer))).toBe(0);
    expect(Math.max(...source.reads)).toBe(8 * 2 ** 20);
  });

  it("refuses by name what it can't give", async () => {
    const checkpoint = await openCheckpoint(memory({ "model.safetensors": mixed }));
    await expect(checkpoint.read("steps")).rejects.toThrow(
      'here: "steps" is I64, only F32, F16, BF16 are read',
    );
    await expect(checkpoint.read("wieght")).rejects.toThrow(
      'here has no tensor "wieght"; it has "bias", "weight", "scale" and 2 more',
    );
    expect(() => checkpoint.shape("toString")).toThrow("no tensor");
    await expect(checkpoint.rows("weight", 2, 4)).rejects.toThrow(
      '"weight" has 3 rows, 2 up to 4 were asked for',
    );
  });
});

describe("a damaged file", () => {
  const one = (entry: object) => ({ w: { dtype: "F32", shape: [2], data_offsets: [0, 8], ...entry } });
  const two = (start: number, end: number) => ({
    ...one({}),
    v: { dtype: "U8", shape: [end - start], data_offsets: [start, end] },
  });
  const data = (bytes: number) => new Uint8Array(bytes);
  const cases: Record<string, [Uint8Array, string]> = {
    "of no bytes": [data(0), "has 0 bytes, too few for a header"],
    "of too few bytes": [data(7), "has 7 bytes, too few"],
    "cut in its header": [fileOf(MIXED, data(0)).subarray(0, 40), "says that its header has"],
    "with an absurd length": [
      fileOf({}, data(0), 2 ** 52),
      "header has 4503599627370496 bytes, the file has 10",
    ],
    "with an empty header": [fileOf("", data(4)), "header has 0 bytes"],
    "with a header that is not JSON": [fileOf("{}}", data(0)), "not a JSON object"],
    "with a header that is a list": [fileOf("[]", data(0)), "not a JSON object"],
    "with a header that is not UTF-8": [
      Buffer.from('\x08\0\0\0\0\0\0\0{"\xff":{}}', "latin1"),
      "not a JSON object",
    ],
    "without a dtype": [fileOf(one({ dtype: 1 }), data(8)), '"w" has no dtype'],
    "without a shape": [fileOf(one({ shape: [-2] }), data(8)), '"w" has a shape that is not'],
    "without offsets": [fileOf(one({ data_offsets: [0] }), data(8)), '"w" has no pair of offsets'],
    "with a description that is none": [fileOf({ w: 3 }, data(0)), '"w" has no description'],
    "whose sizes do not match": [
      fileOf(one({ shape: [3] }), data(8)),
      '"w" of F32 [3] takes 12 bytes, its offsets give it 8',
    ],
    "with an end before its start": [
      fileOf(one({ dtype: "F4", data_offsets: [8, 0] }), data(8)),
      "its offsets give it -8",
    ],
    "with overlapping tensors": [fileOf(two(4, 12), data(12)), '"v" overlaps the tensor before it'],
    "with a gap": [fileOf(two(9, 12), data(12)), '"v" leaves a gap of 1 bytes'],
    "that ends too early": [fileOf(one({}), data(7)), "has 69 bytes where its header promises 70"],
    "that goes on": [fileOf(one({}), data(9)), "has 71 bytes where its header promises 70"],
  };

  it.each(Object.keys(cases))("%s is refused", async (name) => {
    const [bytes, message] = cases[name] ?? [data(0), ""];
    const opened = openCheckpoint(memory({ "model.safetensors": bytes }));
    await expect(opened).rejects.toThrow(message);
    await expect(opened).rejects.toThrow(
      /^here\/model\.safetensors.* damaged or was cut short: fetch it again$/,
    );
    await expect(opened).rejects.toHaveProperty("name", "InputError");
  });
});

describe("several files", () => {
  const first = fileOf({ a: { dtype: "F32", shape: [1], data_offsets: [0, 4] } }, F32.subarray(0, 4));
  const second = fileOf(
    {
      b: { dtype: "F32", shape: [1], data_offsets: [0, 4] },
      a: { dtype: "F32", shape: [1], data_offsets: [4, 8] },
    },
    F32.subarray(4, 12),
  );
  const index = (map: object) => JSON.stringify({ metadata: { total_size: 8 }, weight_map: map });
  const files = {
    "model.safetensors.index.json": index({ a: "1.safetensors", b: "2.safetensors" }),
    "1.safetensors": first,
    "2.safetensors": second,
  };

  it("are one checkpoint: the index says which file's tensor counts", async () => {
    const checkpoint = await openCheckpoint(memory(files));
    expect([checkpoint.names, checkpoint.bytes]).toEqual([["a", "b"], 8]);
    expect(await checkpoint.read("a")).toEqual(Float32Array.of(1.5));
    expect(await checkpoint.read("b")).toEqual(Float32Array.of(-2));
  });

  it("are refused where they don't belong together", async () => {
    const open = (changed: Record<string, Uint8Array | string>) =>
      openCheckpoint(memory({ ...files, ...changed }));
    const INDEX = "model.safetensors.index.json";
    await expect(open({ [INDEX]: index({ a: "3.safetensors" }) })).rejects.toThrow(
      "here/3.safetensors is missing, model.safetensors.index.json names it: fetch the checkpoint again",
    );
    await expect(open({ [INDEX]: index({ c: "2.safetensors" }) })).rejects.toThrow(
      'promises "c", its files lack them',
    );
    await expect(open({ [INDEX]: index({ a: "../1.safetensors" }) })).rejects.toThrow(
      'names "../1.safetensors", which is no safetensors file beside it',
    );
    await expect(open({ [INDEX]: "{}" })).rejects.toThrow('is no JSON object with a "weight_map"');
    await expect(open({ [INDEX]: "{" })).rejects.toThrow("is no JSON object");
    await expect(open({ "2.safetensors": second.subarray(0, 90) })).rejects.toThrow("here/2.safetensors");
  });

  it("are not there at all: the message says what was looked for", async () => {
    await expect(openCheckpoint(memory({}))).rejects.toThrow(
      "here has neither model.safetensors nor model.safetensors.index.json; name another folder",
    );
    await expect(openCheckpoint(memory({ "pytorch_model.bin": "x" }))).rejects.toThrow(
      "it has a pytorch_model.bin: save the model again as safetensors",
    );
  });
});
