// Python's own safetensors and numpy judge the reader, the writer and the half floats, both ways. Bfloat16, which numpy
// lacks, goes as bytes.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fromHalf, toBfloat, toHalf } from "../../src/onnx/floats.js";
import { folderSource, openCheckpoint } from "../../src/onnx/safetensors.js";
import { writeSafetensors } from "../../src/onnx/save.js";
import { askPython, pythonWith } from "./python.js";

const python = pythonWith("safetensors", "numpy");
if (python === null) console.warn("skipped: no Python with safetensors and numpy; set SELFALIGN_PYTHON");

let folder: string;
beforeAll(() => (folder = mkdtempSync(path.join(tmpdir(), "selfalign-"))));
afterAll(() => rmSync(folder, { recursive: true }));

const ask = (script: string, input: unknown): unknown => askPython(python ?? "", script, input);
const bits = (values: Float32Array): Uint32Array => new Uint32Array(values.buffer);
const hex = (view: ArrayBufferView): string =>
  Buffer.from(view.buffer, view.byteOffset, view.byteLength).toString("hex");

/** Floats of all sizes, by their bits; the same in every run. */
function floats(count: number): Float32Array {
  const values = new Float32Array(count);
  for (let i = 0, state = 1; i < count; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    bits(values)[i] = state;
  }
  return values;
}

const writeFiles = `
import json, sys, struct, numpy, safetensors, safetensors.numpy
folder = json.load(sys.stdin)
def make(seed, shape, dtype):
    return numpy.random.default_rng(seed).standard_normal(shape).astype(dtype)
single = {"f32": make(1, (5, 3), "f4"), "f16": make(2, (7,), "f2"), "deep": make(3, (2, 3, 4), "f2"),
          "scalar": make(4, (), "f4"), "empty": make(5, (0, 4), "f4"), "ids": numpy.arange(3)}
bfloat = (make(6, (9, 2), "f4").view("u4") >> 16).astype("u2")
# numpy has no bfloat16: its numbers are saved as integers, then the header calls them what they are.
raw = safetensors.numpy.save({**single, "bf16": bfloat}, {"format": "pt"})
raw = struct.pack("<Q", struct.unpack("<Q", raw[:8])[0] + 1) + raw[8:].replace(b'"U16"', b'"BF16"', 1)
assert dict(safetensors.deserialize(raw))["bf16"]["dtype"] == "BF16"
open(folder + "/model.safetensors", "wb").write(raw)
wide = {name: a.astype("f4") for name, a in single.items() if name != "ids"}
wide["bf16"] = (bfloat.astype("u4") << 16).view("f4")
print(json.dumps({name: {"shape": list(a.shape), "bits": a.ravel().view("u4").tolist()} for name, a in wide.items()}))
`;

const readFile = `
import json, sys, safetensors
file = json.load(sys.stdin)
tensors = safetensors.deserialize(open(file, "rb").read())
with safetensors.safe_open(file, "np") as opened: metadata = opened.metadata()
print(json.dumps({"metadata": metadata, "tensors": {name: [t["dtype"], t["shape"], bytes(t["data"]).hex()] for name, t in tensors}}))
`;

const opens = `
import json, sys, safetensors
def opens(file):
    try:
        safetensors.deserialize(open(file, "rb").read())
        return True
    except safetensors.SafetensorError:
        return False
print(json.dumps([opens(file) for file in json.load(sys.stdin)]))
`;

const halves = `
import json, sys, numpy
numpy.seterr(over="ignore")
values = numpy.array(json.load(sys.stdin), "u4").view("f4")
all = numpy.arange(65536, dtype="u2").view("f2")
print(json.dumps({"wide": all.astype("f4").view("u4").tolist(), "narrow": values.astype("f2").view("u2").tolist()}))
`;

describe.skipIf(python === null)("safetensors", () => {
  it("writes what we read, bit for bit", async () => {
    const expected = ask(writeFiles, folder) as Record<string, { shape: number[]; bits: number[] }>;
    const checkpoint = await openCheckpoint(folderSource(folder));
    expect([...checkpoint.names].sort()).toEqual([...Object.keys(expected), "ids"].sort());
    for (const [name, { shape, bits: wanted }] of Object.entries(expected)) {
      expect(checkpoint.shape(name)).toEqual(shape);
      expect([...bits(await checkpoint.read(name))]).toEqual(wanted);
    }
    await expect(checkpoint.read("ids")).rejects.toThrow('"ids" is I64');
  });

  it("reads what we write, bit for bit", async () => {
    const values = floats(999);
    const shape = [27, 37];
    const file = path.join(folder, "ours.safetensors");
    await writeSafetensors(file, [
      { name: "a", shape, values, dtype: "BF16" },
      { name: "b", shape, values },
      { name: 'ü "c"', shape, values, dtype: "F16" },
      { name: "d", shape: [], values: Float32Array.of(7) },
      { name: "e", shape: [3, 0], values: new Float32Array(0) },
    ]);
    expect(ask(readFile, file)).toEqual({
      metadata: { format: "pt" },
      tensors: {
        a: ["BF16", shape, hex(toBfloat(values))],
        b: ["F32", shape, hex(values)],
        'ü "c"': ["F16", shape, hex(toHalf(values))],
        d: ["F32", [], hex(Float32Array.of(7))],
        e: ["F32", [3, 0], ""],
      },
    });
  });

  it("refuses the damaged files that we refuse, and opens the others", async () => {
    const whole = readFileSync(path.join(folder, "ours.safetensors"));
    const cut = [7, 8, 100, whole.length - 1].map((length) => whole.subarray(0, length));
    const header = whole.subarray(0, 8 + Number(whole.readBigUInt64LE()));
    // Digits of sizes and offsets; those of types are left alone, for we also open files with types that we don't know.
    const numbers = header.toString("latin1").matchAll(/[0-9]+(?=[\],])/g);
    const digits = [...numbers].flatMap(({ index, 0: number }) =>
      Array.from({ length: number.length }, (_, i) => index + i),
    );
    const wrong = digits.map((at) => {
      const changed = Buffer.from(whole);
      changed[at] = 48 + (((changed[at] ?? 0) - 47) % 10);
      return changed;
    });
    const cases = [...cut, ...wrong, Buffer.concat([whole, Buffer.alloc(1)]), whole];
    const files = cases.map((bytes, i) => {
      const file = path.join(folder, `${i}.safetensors`);
      writeFileSync(file, bytes);
      return file;
    });
    const ours = cases.map((bytes) =>
      openCheckpoint({
        name: "here",
        size: () => Promise.resolve(bytes.length),
        read: (_, start, end) => Promise.resolve(bytes.subarray(start, end)),
      }).then(
        () => true,
        () => false,
      ),
    );
    expect(cases.length).toBeGreaterThan(30);
    expect(await Promise.all(ours)).toEqual(ask(opens, files));
  });
});

describe.skipIf(python === null)("numpy", () => {
  it("widens all half floats, and narrows 200,000 floats of all sizes, as we do", () => {
    const values = floats(200_000);
    const { wide, narrow } = ask(halves, [...bits(values)]) as Record<string, number[]>;
    const all = Uint16Array.from({ length: 65_536 }, (_, i) => i);
    const isNaNHalf = (half: number) => (half & 0x7fff) > 0x7c00;
    // numpy makes a signalling NaN a quiet one where the processor does; a NaN need only stay one.
    const same = (half: number) => (isNaNHalf(half) ? "NaN" : half);
    const wider = [...bits(fromHalf(all))].filter((value, i) => !isNaNHalf(i) && value !== wide?.[i]);
    expect(wider).toEqual([]);
    expect([...toHalf(values)].map(same)).toEqual(narrow?.map(same));
  });
});
