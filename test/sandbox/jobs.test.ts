import { expect, test } from "vitest";
import type { Child, Death } from "../../src/sandbox/children.js";
import { FLOOD_BYTES, judgeIn, killIn, observeIn } from "../../src/sandbox/jobs.js";
import type { Order, Reply, Verb } from "../../src/sandbox/wire.js";

type Said = unknown[] | { raw: string } | { death: Death };

/** A child that plays a script: fields get the nonce that was asked with, `raw` is said as it stands. */
function scripted(
  script: readonly (readonly [Verb, Said, written?: number])[],
): Child & { asked: unknown[] } {
  const lines = [...script];
  const asked: unknown[] = [];
  const call = (order: Order): Promise<Reply | Death> => {
    const [verb, said, written = 0] = lines.shift() ?? ["none", { death: "lost" as const }];
    if (!("verb" in order)) throw new Error("unexpected order");
    expect(order.verb).toBe(verb);
    const [nonce, ...payload] = JSON.parse(order.text) as [string, ...unknown[]];
    asked.push(payload);
    if ("death" in said) return Promise.resolve(said.death);
    return Promise.resolve({ reply: "raw" in said ? said.raw : JSON.stringify([nonce, ...said]), written });
  };
  return {
    asked,
    pid: 0,
    version: "3",
    alive: () => true,
    spent: () => false,
    deadline: () => ({ wallAtMs: 0, cpuAtMs: null, spentAtMs: Infinity }),
    call,
    renew: () => Promise.resolve(true),
    kill: () => Promise.resolve(),
  };
}

const terms = { timeoutMs: 2_000, processorTime: false };
const job = { code: "def f(): ...", tests: "f()", entryPoint: "f" };
const loaded = ["passed", "code", 0, 0, null, null];
const passed = ["passed", "tests", 2, 3, null, null];

test("both halves passed", async () => {
  const child = scripted([
    ["load", loaded],
    ["test", passed],
  ]);
  expect(await judgeIn(child, job, terms)).toEqual({
    status: "passed",
    mode: "one-world",
    objects: false,
    stage: "tests",
    asserts: 2,
    calls: 3,
    message: null,
    line: null,
  });
  expect(child.asked).toEqual([["def f(): ...", "f()", "f"], []]);
});

test.each<[string, string]>([
  ["a pass without the nonce", '["passed","tests",2,3,null,null]'],
  ["a pass with a guessed nonce", '["00000000000000000000000000000000","passed","tests",2,3,null,null]'],
  ["a word", "passed"],
  ["nothing", ""],
  ["an object", '{"0":"passed"}'],
  ["no reply", "!no reply"],
])("%s is no pass", async (_, raw) => {
  const child = scripted([
    ["load", loaded],
    ["test", { raw }],
  ]);
  expect(await judgeIn(child, job, terms)).toMatchObject({ status: "error", stage: "tests", asserts: 0 });
});

test.each<[string, unknown[]]>([
  ["an unknown status", ["fine", "tests", 1, 1, null, null]],
  ["an unknown stage", ["passed", "elsewhere", 1, 1, null, null]],
  ["a negative count", ["passed", "tests", -1, 1, null, null]],
  ["a text for a count", ["passed", "tests", "1", 1, null, null]],
  ["too few fields", ["passed", "tests"]],
])("%s is no pass", async (_, fields) => {
  const child = scripted([
    ["load", loaded],
    ["test", fields],
  ]);
  expect(await judgeIn(child, job, terms)).toMatchObject({ status: "error", asserts: 0 });
});

test.each<[Said, string]>([
  [{ death: "timeout" }, "timeout"],
  [{ death: "memory" }, "memory"],
  [{ death: "lost" }, "sandbox-error"],
  [{ raw: "!died" }, "error"],
  [{ raw: "!exit 0" }, "exit"],
])("a world that ends with %j is charged to the half it was in: %s", async (said, status) => {
  expect(await judgeIn(scripted([["load", said]]), job, terms)).toMatchObject({ status, stage: "code" });
  const second = scripted([
    ["load", loaded],
    ["test", said],
  ]);
  expect(await judgeIn(second, job, terms)).toMatchObject({ status, stage: "tests", asserts: 0, calls: 0 });
});

test("more output than the quota makes a pass a flood, and leaves a timeout one", async () => {
  const flood = scripted([
    ["load", loaded],
    ["test", passed, FLOOD_BYTES + 1],
  ]);
  expect((await judgeIn(flood, job, terms)).status).toBe("flood");
  const just = scripted([
    ["load", loaded],
    ["test", passed, FLOOD_BYTES],
  ]);
  expect((await judgeIn(just, job, terms)).status).toBe("passed");
  const late = scripted([
    ["load", loaded, FLOOD_BYTES + 1],
    ["test", { death: "timeout" }],
  ]);
  expect((await judgeIn(late, job, terms)).status).toBe("timeout");
});

const steps = [
  { kind: "setup", source: "x = 1" },
  { kind: "call", source: "f(x)" },
  { kind: "assert", source: "assert x" },
] as const;

test("observations come in the order of the steps and are counted", async () => {
  const child = scripted([
    ["watch", loaded],
    ["step", ["ok", null, null, ""]],
    ["step", ["value", "[1]", null, "1 2"]],
    ["step", ["failed", null, "assert x", ""]],
  ]);
  const { outcome, observations } = await observeIn(child, { code: "", entryPoint: "f", steps }, terms);
  expect(observations.map(({ status }) => status)).toEqual(["ok", "value", "failed"]);
  expect(observations[1]?.lines).toEqual([1, 2]);
  expect(outcome).toMatchObject({ status: "passed", asserts: 0, calls: 1 });
});

test("a world that ends keeps what was seen before", async () => {
  const child = scripted([
    ["watch", loaded],
    ["step", ["ok", null, null, ""]],
    ["step", { raw: "!exit 3" }],
  ]);
  const { outcome, observations } = await observeIn(child, { code: "", entryPoint: "f", steps }, terms);
  expect(observations).toHaveLength(1);
  expect(outcome).toMatchObject({ status: "exit", stage: "tests" });
});

test("a world given up by its harness ends in a step that was too long", async () => {
  const child = scripted([
    ["watch", loaded],
    ["step", { raw: "!exit 77" }],
  ]);
  const { observations } = await observeIn(child, { code: "", entryPoint: "f", steps }, terms);
  expect(observations.map(({ status }) => status)).toEqual(["too-long"]);
});

const variants = ["a", "b", "c", "d"];

test("kills stop at the variant that ended the world, and go on from any other", async () => {
  const tests = { variants, tests: "t", entryPoint: "f", original: "o" };
  const first = scripted([
    ["prepare", passed],
    ["variant", [1]],
    ["variant", [0]],
    ["variant", { death: "timeout" }],
  ]);
  expect(await killIn(first, tests, 0, Infinity, terms)).toEqual({ killed: [true, false], ended: "unsure" });
  expect(first.asked[0]).toEqual(["t", "f", "o"]);
  const second = scripted([
    ["prepare", passed],
    ["variant", [0]],
  ]);
  expect(await killIn(second, tests, 3, Infinity, terms)).toEqual({ killed: [false], ended: null });
  expect(second.asked[1]).toEqual(["d"]);
});

test("an original that seems to take too long leaves its variants to be tried again", async () => {
  const child = scripted([["prepare", { death: "timeout" }]]);
  const tests = { variants, tests: "t", entryPoint: "f", original: "o" };
  expect(await killIn(child, tests, 0, Infinity, terms)).toEqual({ killed: [], ended: "unsure" });
});

test("a variant that floods is killed, and its output is not charged to the next", async () => {
  const child = scripted([
    ["prepare", passed],
    ["variant", [0], 10],
    ["variant", [0], FLOOD_BYTES + 11],
    ["variant", [0], FLOOD_BYTES + 12],
    ["variant", [0], FLOOD_BYTES + 12],
  ]);
  const { killed } = await killIn(child, { variants, tests: "t", entryPoint: "f" }, 0, Infinity, terms);
  expect(killed).toEqual([false, true, false, false]);
});

test("tests that can't be compiled pass on no variant", async () => {
  const child = scripted([["prepare", ["error", "tests", 0, 0, "SyntaxError: no", 1]]]);
  const { killed } = await killIn(child, { variants, tests: "(", entryPoint: "f" }, 0, Infinity, terms);
  expect(killed).toEqual([true, true, true, true]);
});
