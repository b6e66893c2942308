// Sessions on the runtime itself, with the small models of test/fixtures/onnx. Runs on the compiled thread in dist.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import { InputError } from "../../src/core/errors.js";
import { ELEMENT, newGraph, type Graph } from "../../src/onnx/graph.js";
import { modelBytes } from "../../src/onnx/model.js";
import { openSession, type Session, type SessionOptions } from "../../src/onnx/session.js";
import type { Tensor } from "../../src/onnx/tensor.js";
import { addUncopied } from "../../src/onnx/uncopied.js";

const modelFile = (name: string): string =>
  path.resolve(import.meta.dirname, `../fixtures/onnx/${name}.onnx`);
const float32 = (...numbers: number[]): Tensor => ({
  type: "float32",
  dims: [numbers.length],
  data: Float32Array.from(numbers),
});
const shape = (count: number): Tensor => ({
  type: "int64",
  dims: [1],
  data: BigInt64Array.of(BigInt(count)),
});

const open: Session[] = [];
/** A session that the test need not close. */
async function session(name: string, options: SessionOptions = {}): Promise<Session> {
  const opened = await openSession(modelFile(name), { threads: 1, ...options });
  open.push(opened);
  return opened;
}
/** A session of a graph; the model's file is gone when it is open. */
async function built(graph: Graph): Promise<Session> {
  const folder = mkdtempSync(path.join(tmpdir(), "selfalign-session-"));
  const file = path.join(folder, "model.onnx");
  writeFileSync(file, modelBytes(graph));
  const opened = await openSession(file, { threads: 1 });
  open.push(opened);
  rmSync(folder, { recursive: true });
  return opened;
}
afterEach(async () => {
  for (const opened of open.splice(0)) await opened.close();
});

/** Work for as long as so many products of 200 by 200 matrices take; 1,000 take about a third of a second. */
const work = (times: number): Record<string, Tensor> => ({
  times: { type: "int64", dims: [], data: BigInt64Array.of(BigInt(times)) },
  start: { type: "float32", dims: [200, 200], data: new Float32Array(40_000).fill(0.001) },
});

describe("a session", () => {
  it("tells a model's inputs and outputs", async () => {
    const { inputs, outputs } = await session("grow");
    expect(inputs).toEqual([
      { name: "past", type: "float32", shape: ["p"] },
      { name: "new", type: "float32", shape: ["n"] },
    ]);
    expect(outputs).toEqual([
      { name: "present", type: "float32", shape: ["q"] },
      { name: "sum", type: "float32", shape: [] },
    ]);
  });

  it("gives every type as it got it", async () => {
    const feeds: Record<string, Tensor> = {
      float32: { type: "float32", dims: [2], data: Float32Array.of(0.1, -Infinity) },
      float16: { type: "float16", dims: [2], data: Uint16Array.of(0x3c00, 0xffff) },
      int64: { type: "int64", dims: [2], data: BigInt64Array.of(-1n, 2n ** 60n) },
      int32: { type: "int32", dims: [2], data: Int32Array.of(-1, 7) },
      int8: { type: "int8", dims: [2], data: Int8Array.of(-128, 127) },
      uint8: { type: "uint8", dims: [2], data: Uint8Array.of(0, 255) },
      bool: { type: "bool", dims: [2], data: Uint8Array.of(0, 1) },
    };
    const outputs = await (await session("types")).run(feeds);
    expect(outputs).toEqual(
      Object.fromEntries(Object.entries(feeds).map(([name, tensor]) => [`${name}_out`, tensor])),
    );
  });

  it("holds a tensor and writes outputs over it, also while it is fed", async () => {
    const graph = newGraph("sum");
    const [total, step] = ["total", "step"].map((name) => graph.input(name, "float32", [2]));
    graph.named("grown", "Add", [total ?? "", step ?? ""]);
    graph.output("grown", "float32", [2]);
    const sum = await built(graph);

    const given = float32(1, 2);
    const held = sum.hold(given);
    (given.data as Float32Array).fill(100);
    for (let run = 0; run < 3; run++)
      expect(await sum.run({ total: held, step: float32(1, 10) }, { into: { grown: held } })).toEqual({});
    expect(await sum.read(held)).toEqual(float32(4, 32));
    const other = sum.hold(float32(0, 0, 0));
    await expect(sum.run({ total: held, step: held }, { into: { grown: other } })).rejects.toThrow(
      "Got: 3 Expected: 2",
    );
    expect(await sum.run({ total: held, step: held })).toEqual({ grown: float32(8, 64) });
    sum.release([held]);
    await expect(sum.read(held)).rejects.toThrow(InputError);
    await expect(sum.run({ total: other, step: other }, { into: { grown: held } })).rejects.toThrow(
      '"grown" goes into a tensor that was released',
    );
  });

  it("shares what it holds, whole or in part, with a model beside it", async () => {
    const first = await session("grow");
    const held = first.hold(float32(1, 2, 3, 4), { transfer: true });
    const part = first.view(held, 1, [2]);
    const second = await first.beside(modelFile("grow"), { threads: 1, arena: false });
    expect(second.inputs).toEqual(first.inputs);
    expect(await second.run({ past: part, new: float32(4) }, { fetch: ["present"] })).toEqual({
      present: float32(2, 3, 4),
    });
    await first.run({ past: float32(7), new: float32(8) }, { fetch: [], into: { present: part } });
    expect(await first.read(held)).toEqual(float32(1, 7, 8, 4));
    expect(() => first.view(held, 3, [2])).toThrow("[4] has no 2 numbers from 3 on");
    await second.close();
    await expect(second.run({ past: part, new: part })).rejects.toThrow("the model was closed");
    expect(await first.run({ past: part, new: part }, { fetch: ["present"] })).toEqual({
      present: float32(7, 8, 7, 8),
    });
    await expect(first.beside(modelFile("missing"))).rejects.toThrow(/missing/);
  });

  it("writes over parts of what it keeps, gives what was written, and copies rows, where the graph spares copies", async () => {
    const graph = newGraph("count");
    const [total, step] = ["total", "step"].map((name) =>
      graph.input(name, "float32", ["rows", 1, "places", 1]),
    );
    addUncopied(graph, { name: graph.int64(1), type: "int64" });
    graph.named("grown", "Add", [total ?? "", step ?? ""]);
    graph.output("grown", "float32", ["rows", 1, "places", 1]);
    graph.named("doubled", "Add", [step ?? "", step ?? ""]);
    graph.output("doubled", "float32", ["rows", 1, "places", 1]);
    const folder = mkdtempSync(path.join(tmpdir(), "selfalign-session-"));
    const file = path.join(folder, "count.onnx");
    writeFileSync(file, modelBytes(graph));
    const count = await openSession(file, { threads: 1 });
    open.push(count);
    rmSync(folder, { recursive: true });
    const rows = (dims: readonly number[], ...numbers: number[]): Tensor => ({
      ...float32(...numbers),
      dims,
    });

    const all = await count.zeros("float32", [3, 1, 2, 1]);
    expect(await count.read(all)).toEqual(rows([3, 1, 2, 1], 0, 0, 0, 0, 0, 0));
    const [last] = count.rows([all], 1, 3);
    if (last === undefined) throw new Error("no rows");
    const places = await count.zeros("float32", [2, 1, 2, 1]);
    const step1234 = { total: last, step: rows([2, 1, 2, 1], 1, 2, 3, 4) };
    const into = { grown: last, doubled: places };
    expect(await count.run(step1234, { into })).toEqual({});
    expect(await count.run(step1234, { into, fetch: ["grown"] })).toEqual({
      grown: rows([2, 1, 2, 1], 2, 4, 6, 8),
    });
    expect(await count.read(all)).toEqual(rows([3, 1, 2, 1], 0, 0, 2, 4, 6, 8));
    // One that has no place is given; the other one is still written.
    expect(await count.run(step1234, { into: { grown: last } })).toEqual({
      doubled: await count.read(places),
    });
    const fed = { ...step1234, total: places };
    await expect(count.run(fed, { into: { grown: all, doubled: places } })).rejects.toThrow(
      "has shape {3,1,2,1} but the computed output shape for this run is {2,1,2,1}",
    );
    await expect(count.run({ total: places }, { into })).rejects.toThrow("input 'step' is missing");

    const longer = await count.zeros("float32", [2, 1, 3, 1]);
    count.copyRow([all], 2, [longer], 0, 2);
    count.copyRow([all], 1, [longer], 1, 1);
    expect(await count.read(longer)).toEqual(rows([2, 1, 3, 1], 9, 12, 0, 3, 0, 0));
    expect(() => count.copyRow([longer], 0, [all], 0, 3)).toThrow("3 places of row 0 do not fit row 0");
    expect(() => count.rows([all], 2, 4)).toThrow("rows 2 to 4 of 3");
    await expect(count.zeros("float32", [2 ** 40])).rejects.toMatchObject({ outOfMemory: true });
    count.release([all]);
    expect((await count.read(last)).data).toEqual(Float32Array.of(3, 6, 9, 12));
  });

  it("copies inputs and takes only their part of a larger array, or moves them if it may", async () => {
    const grow = await session("grow");
    const large = Float32Array.of(9, 1, 2, 9);
    const past: Tensor = { type: "float32", dims: [2], data: large.subarray(1, 3) };
    const sum = grow.run({ past, new: float32(4) });
    large.fill(100);
    expect(await sum).toEqual({
      present: float32(1, 2, 4),
      sum: { type: "float32", dims: [], data: Float32Array.of(7) },
    });
    const moved = float32(5);
    const feeds = { past: moved, new: { ...moved } };
    expect((await grow.run(feeds, { transfer: true }))["present"]).toEqual(float32(5, 5));
    expect(moved.data.length).toBe(0);
  });

  it("gives only what is fetched", async () => {
    const grow = await session("grow");
    const outputs = await grow.run({ past: float32(), new: float32(3) }, { fetch: ["sum"] });
    expect(outputs).toEqual({ sum: { type: "float32", dims: [], data: Float32Array.of(3) } });
  });

  it("hands configuration and optimisation to the runtime", async () => {
    await expect(session("grow", { sessionConfig: { "session.load_model_format": "ORT" } })).rejects.toThrow(
      "ORT model verification failed",
    );
    const plain = await session("grow", { optimisation: "disabled" });
    expect((await plain.run({ past: float32(1), new: float32(2) }))["present"]).toEqual(float32(1, 2));
  });

  it("writes a profile when it is closed, if it is asked to", async () => {
    const folder = mkdtempSync(path.join(tmpdir(), "selfalign-profile-"));
    try {
      const profiled = await openSession(modelFile("busy"), {
        threads: 1,
        profile: path.join(folder, "busy"),
      });
      await profiled.run(work(3));
      await profiled.close();
      const [file = ""] = readdirSync(folder);
      expect(file).toMatch(/^busy_.*\.json$/);
      const events = JSON.parse(readFileSync(path.join(folder, file), "utf8")) as { name: string }[];
      expect(events.filter(({ name }) => /^MatMul.*_kernel_time$/.test(name)).length).toBe(3);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("runs", () => {
  it("are done in the order in which they were asked for", async () => {
    const busy = await session("busy");
    const order: number[] = [];
    const times = [300, 0, 30];
    await Promise.all(times.map(async (count) => (await busy.run(work(count)), order.push(count))));
    expect(order).toEqual(times);
  });

  it("leave the thread that asks for them free", async () => {
    const busy = await session("busy");
    let ticks = 0;
    const clock = setInterval(() => ticks++, 10);
    await busy.run(work(2_000));
    clearInterval(clock);
    expect(ticks).toBeGreaterThan(5);
  });

  it("are dropped while they wait, and thrown away while they are done", async () => {
    const busy = await session("busy");
    const stop = new AbortController();
    const given = busy.run(work(300), { signal: stop.signal });
    const waiting = busy.run({}, { signal: stop.signal });
    stop.abort(new Error("enough"));
    await expect(given).rejects.toThrow("enough");
    await expect(waiting).rejects.toThrow("enough");
    await expect(busy.run(work(1), { signal: stop.signal })).rejects.toThrow("enough");
    expect(Object.keys(await busy.run(work(1)))).toEqual(["end"]);
  });

  it("fail with the runtime's words, and the next one is none the worse", async () => {
    const fill = await session("fill");
    await expect(fill.run({})).rejects.toThrow(/fill\.onnx": input 'shape' is missing/);
    await expect(fill.run({ shape: float32(1) })).rejects.toThrow("Unexpected input data type");
    await expect(fill.run({ shape: shape(1) }, { fetch: ["ones"] })).rejects.toThrow(
      'the model has no output "ones"',
    );
    await expect(fill.run({ shape: { ...shape(1), dims: [2] } })).rejects.toThrow("size(2)");
    await expect(fill.run({ shape: shape(1) })).resolves.toEqual({ zeros: float32(0) });
  });

  it("say when there was too little memory", async () => {
    const fill = await session("fill");
    await fill.run({ shape: shape(2) });
    await expect(fill.run({ shape: shape(2 ** 40) })).rejects.toMatchObject({
      name: "SessionError",
      outOfMemory: true,
    });
    await expect(fill.run({})).rejects.toMatchObject({ name: "SessionError", outOfMemory: false });
    expect((await fill.run({ shape: shape(2) }))["zeros"]).toEqual(float32(0, 0));
  });

  it("refuse types that we do not take", async () => {
    const graph = newGraph("unsigned");
    graph.named("unsigned", "Cast", [graph.input("number", "float32", [1])], { to: ELEMENT.uint32 });
    graph.output("unsigned", "uint32", [1]);
    await expect((await built(graph)).run({ number: float32(1) })).rejects.toThrow(
      'output "unsigned" is of uint32; only float32',
    );
  });

  it("gives doubles as they are", async () => {
    const { double } = await (await session("doubled")).run({ number: float32(0.1) });
    expect(double).toMatchObject({ type: "float64", data: Float64Array.of(Math.fround(0.1)) });
  });
});

describe("kept outputs", () => {
  it("stay with the runtime and are fed again", async () => {
    const grow = await session("grow");
    let { kept } = await grow.runKeeping({ past: float32(1), new: float32(2) }, ["present"]);
    expect(kept.present).toEqual({ type: "float32", dims: [2] });
    for (let round = 0; round < 3; round++) {
      const next = await grow.runKeeping({ past: kept.present, new: float32(10) }, ["present"]);
      expect(Object.keys(next.outputs)).toEqual(["sum"]);
      grow.release([kept.present]);
      kept = next.kept;
    }
    const { sum } = await grow.run({ past: kept.present, new: float32() });
    expect(sum?.data).toEqual(Float32Array.of(33));
  });

  it("may be given as well, and feed several inputs at once", async () => {
    const grow = await session("grow");
    const both = await grow.runKeeping({ past: float32(1), new: float32(2) }, ["present"], {
      fetch: ["present"],
    });
    expect(both.outputs).toEqual({ present: float32(1, 2) });
    const { present } = both.kept;
    expect((await grow.run({ past: present, new: present }))["present"]).toEqual(float32(1, 2, 1, 2));
  });

  it("are refused after their release and by other sessions; runs asked for before still have them", async () => {
    const [grow, other] = [await session("grow"), await session("grow")];
    const { kept } = await grow.runKeeping({ past: float32(1), new: float32(2) }, ["present"]);
    const feeds = { past: kept.present, new: float32(3) };
    const before = grow.run(feeds);
    grow.release([kept.present]);
    expect((await before)["present"]).toEqual(float32(1, 2, 3));
    await expect(grow.run(feeds)).rejects.toThrow('"past" is fed a tensor that was released');
    await expect(other.run(feeds)).rejects.toMatchObject({ name: "InputError" });
  });
});

describe("opening", () => {
  it("refuses a file that is not there or no model", async () => {
    await expect(session("absent")).rejects.toMatchObject({ name: "InputError" });
    await expect(openSession(import.meta.filename)).rejects.toMatchObject({
      name: "SessionError",
      message: expect.stringContaining("Protobuf parsing failed") as string,
    });
  });

  it("refuses a device that is not there, with the next step", async (context) => {
    const opened = await session("grow", { device: "cuda" }).catch((error: unknown) => error);
    if (!(opened instanceof Error)) return context.skip("this machine has CUDA");
    expect(opened.name).toBe("InputError");
    expect(opened.message).toMatch(/^the device "cuda" can't be used: .*, or use the device "cpu"$/);
  });
});

describe("the end", () => {
  it("waits for the run under way and refuses those that wait", async () => {
    const busy = await openSession(modelFile("busy"), { threads: 1 });
    const running = busy.run(work(300));
    await pause(50);
    const waiting = busy.run(work(1));
    const refused = expect(waiting).rejects.toThrow("the session was closed before the run began");
    await Promise.all([busy.close(), busy.close()]);
    expect(Object.keys(await running)).toEqual(["end"]);
    await refused;
    await expect(busy.run(work(1))).rejects.toThrow("the session was closed");
    await busy.close();
  });

  it("of the process in the middle of a run is no crash", () => {
    const script = `
      const { openSession } = await import(${JSON.stringify(path.resolve("dist/onnx/session.js"))});
      const session = await openSession(${JSON.stringify(modelFile("busy"))}, { threads: 1 });
      const times = { type: "int64", dims: [], data: BigInt64Array.of(2_000n) };
      void session.run({ times, start: { type: "float32", dims: [200, 200], data: new Float32Array(40_000) } });
      setTimeout(() => process.exit(7), 100);`;
    const ended = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
    expect(ended).toMatchObject({ status: 7, stderr: "" });
  });

  it("of a session lets the process end by itself", () => {
    const script = `
      const { openSession } = await import(${JSON.stringify(path.resolve("dist/onnx/session.js"))});
      await (await openSession(${JSON.stringify(modelFile("grow"))})).close();
      await openSession("absent.onnx").catch((error) => console.log(error.message));`;
    const ended = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8" });
    expect(ended).toMatchObject({
      status: 0,
      stderr: "",
      stdout: expect.stringContaining("absent.onnx") as string,
    });
  });
});
