// The check that is meant for machines with a GPU, as far as this one can take it: the whole of it on the processor, a device
// that is not there, and what it reads from a profile that was recorded on WebGPU (two rows, four steps, a Vulkan driver that
// computes on the processor).
import { spawnSync, type SpawnSyncReturns } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { ROOT } from "./whole-run.js";

interface Copies {
  readonly way: string;
  readonly nodes: number;
  readonly calls: number;
  readonly bytes: number;
}
interface Placement {
  readonly operators: readonly { operator: string; provider: string; calls: number; ms: number }[];
  readonly copies: readonly Copies[];
  readonly cacheCopies: readonly Copies[];
  readonly loop: readonly string[];
  readonly attention: readonly string[];
  readonly cache: string;
}
interface Report {
  readonly environment: { readonly measured: string };
  readonly likelihoods: {
    readonly relative: number;
    readonly greedyTokensAsOnCpu: number;
    readonly agree: boolean;
  };
  readonly speeds: readonly { batch: number; mode: string; tokensPerSecond: number }[];
  readonly memory: { readonly peakRssMb: number; readonly peakDeviceMb: number | null };
  readonly placement: Placement;
}
interface Event {
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
}

const base = mkdtempSync(path.join(tmpdir(), "selfalign-gpu-check-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

function check(...args: readonly string[]): SpawnSyncReturns<string> {
  const script = path.join(ROOT, "scripts/accept/gpu-check.mjs");
  return spawnSync(process.execPath, [script, ...args], { encoding: "utf8" });
}

describe("the check of a GPU", () => {
  it("goes through on the processor, and says that it was there", () => {
    const file = path.join(base, "report.json");
    const { status, stdout, stderr } = check("--provider", "cpu", "--size", "tiny", "--json", file);
    expect(status, stderr).toBe(0);
    expect(stdout).toMatch(/^tiny geometry, trained weights, on the processor, .* no GPU took part\n/);
    const report = JSON.parse(readFileSync(file, "utf8")) as Report;
    expect(report.environment.measured).toContain("no GPU took part");
    expect(report.likelihoods).toMatchObject({ relative: 0, greedyTokensAsOnCpu: 1, agree: true });
    expect(report.speeds.map(({ batch, mode }) => `${mode} ${batch}`)).toEqual(
      [1, 8, 32, 64].flatMap((batch) => [`loop ${batch}`, `gen ${batch}`]),
    );
    for (const { tokensPerSecond } of report.speeds) expect(tokensPerSecond).toBeGreaterThan(0);
    const { operators, copies, loop, cache } = report.placement;
    expect(new Set(operators.map(({ provider }) => provider))).toEqual(new Set(["CPUExecutionProvider"]));
    // Eight tokens for each row, and the prompts before them: six layers at each step.
    expect(operators.find(({ operator }) => operator === "GroupQueryAttention")?.calls).toBe(6 * (1 + 8));
    expect([loop, cache]).toEqual([["CPUExecutionProvider"], "on the processor, as all is"]);
    expect(copies.map(({ calls }) => calls)).toEqual([0, 0]);
    expect(report.memory.peakRssMb).toBeGreaterThan(50);
  });

  it("ends with what is missing and the next step where there is no such device", (context) => {
    const { status, stderr } = check("--provider", "cuda", "--size", "tiny");
    if (status === 0) return context.skip("this machine has CUDA");
    expect(status).toBe(2);
    expect(stderr).toMatch(/^selfalign: the device "cuda" can't be used: .*(npm run setup:cuda|nvidia-smi)/m);
    expect(stderr).not.toMatch(/^\s+at /m);
  });

  it.each([
    [["--provider", "tpu"], /provider "tpu" does not exist: choose cuda, webgpu, cpu/],
    [["--size", "7b"], /size "7b" does not exist: choose 3b, 157m, tiny/],
  ])("refuses %j", (args, message) => {
    const { status, stderr } = check(...args);
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
  });
});

describe("a profile", async () => {
  const url = pathToFileURL(path.join(ROOT, "scripts/accept/placement.mjs")).href;
  const { placementOf } = (await import(url)) as {
    placementOf: (events: readonly Event[], model: { kvHeads: number; headDim: number }) => Placement;
  };
  const file = path.join(ROOT, "test/fixtures/profiles/webgpu.json");
  const events = JSON.parse(readFileSync(file, "utf8")) as Event[];
  const model = { kvHeads: 2, headDim: 16 };
  /** The same events with another provider of an operator. */
  const moved = (operator: string, provider: string): Event[] =>
    events.map((event) =>
      event.args["op_name"] === operator ? { ...event, args: { ...event.args, provider } } : event,
    );

  it("tells what ran where and what was copied", () => {
    const placement = placementOf(events, model);
    const callsOf = (name: string): number | undefined =>
      placement.operators.find(({ operator }) => operator === name)?.calls;
    // Four steps of two layers, with four matrices each and the head.
    expect([callsOf("Loop"), callsOf("GroupQueryAttention"), callsOf("MatMulNBits")]).toEqual([1, 8, 36]);
    expect(placement.copies).toEqual([
      { way: "to the device", nodes: 6, calls: 24, bytes: 640 },
      { way: "from the device", nodes: 10, calls: 28, bytes: 19_488 },
    ]);
    // Keys and values of two layers, two rows, two heads, seven tokens and sixteen floats.
    expect(placement.cacheCopies).toEqual([
      { way: "to the device", nodes: 0, calls: 0, bytes: 0 },
      { way: "from the device", nodes: 4, calls: 4, bytes: 4 * 2 * 2 * 7 * 16 * 4 },
    ]);
  });

  it("tells whether the cache stays on the device", () => {
    expect(placementOf(events, model)).toMatchObject({
      loop: ["CPUExecutionProvider"],
      attention: ["WebGpuExecutionProvider"],
      cache: expect.stringMatching(/^crosses at every step/) as string,
    });
    const together = moved("Loop", "WebGpuExecutionProvider");
    expect(placementOf(together, model).cache).toMatch(/^crosses within a run/);
    const calm = together.filter(({ args }) => !String(args["op_name"]).startsWith("Memcpy"));
    expect(placementOf(calm, model).cache).toBe("stays on the device within a run");
    expect(placementOf(moved("GroupQueryAttention", "CPUExecutionProvider"), model).cache).toBe(
      "on the processor, as all is",
    );
  });
});
