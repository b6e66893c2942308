// Training steps of GPT-2, ours beside torch with transformers' model: tokens per second, processor time per step, and the
// largest memory of either process. Rounds of steps alternate, so that both meet the same other load. The peer takes the
// best of its settings (attention written out or by scaled_dot_product_attention, AdamW fused or not), tried first. Then
// what share each of the runtime's operators has in our step.
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { need } from "./rig/python.mjs";

const GEOMETRIES = {
  "4 layers, 256 wide, 16 x 128": {
    vocabulary: 8192,
    positions: 128,
    hidden: 256,
    layers: 4,
    heads: 4,
    batch: 16,
    length: 128,
    rounds: 6,
  },
  "GPT-2 124M, 4 x 128": {
    vocabulary: 50257,
    positions: 1024,
    hidden: 768,
    layers: 12,
    heads: 12,
    batch: 4,
    length: 128,
    rounds: 3,
  },
};

const OURS = [process.execPath, path.join(import.meta.dirname, "rig/learner.mjs")];
const THEIRS = path.join(import.meta.dirname, "peers/train.py");
/** Steps of a round. */
const STEPS = 3;

/** `size` is the number of rounds. */
export async function bench({ python, size }) {
  need(python, ["torch", "transformers"]);
  const [rows, ratios, figures] = [[], {}, {}];
  for (const [name, { rounds, ...geometry }] of Object.entries(GEOMETRIES)) {
    const setting = { ...geometry, threads: os.availableParallelism() };
    const best = await bestOf([python, THEIRS], setting);
    const [ours, theirs] = await compared(
      [OURS, setting],
      [[python, THEIRS], { ...setting, ...best }],
      size ?? rounds,
    );
    const tokens = setting.batch * setting.length;
    const peer = `torch (attention ${best.attention}${best.fused ? ", fused AdamW" : ""})`;
    rows.push(rowOf(name, "ours", ours, tokens), rowOf(name, peer, theirs, tokens));
    ratios[`${name}: tokens per second, ours / torch`] = theirs.wall / ours.wall;
    ratios[`${name}: tokens per processor second, ours / torch`] = theirs.cpu / ours.cpu;
    ratios[`${name}: memory, ours / torch`] = ours.peak / theirs.peak;
    figures[`${name}: shares of our step`] = await shares(setting);
  }
  return { rows, ratios, figures };
}

function rowOf(model, engine, { wall, cpu, peak }, tokens) {
  return {
    model,
    engine,
    tokensPerSecond: Math.round(tokens / wall),
    millisecondsPerStep: Math.round(1e3 * wall),
    processorMsPerStep: Math.round(1e3 * cpu),
    memoryMiB: Math.round(peak / 2 ** 20),
  };
}

/** The peer's setting that takes least processor time. */
async function bestOf(command, setting) {
  const tried = [];
  for (const attention of ["eager", "sdpa"])
    for (const fused of [true, false]) {
      const process = await open(command, { ...setting, attention, fused });
      await process.run(1);
      const { steps } = await process.run(STEPS);
      await process.close();
      tried.push({ attention, fused, cpu: median(steps.map(({ cpu }) => cpu)) });
    }
  const [{ attention, fused }] = tried.toSorted((a, b) => a.cpu - b.cpu);
  return { attention, fused };
}

/** Medians of both over rounds that alternate; the first round warms up. */
async function compared(...sides) {
  const rounds = sides.pop();
  const open_ = await Promise.all(sides.map(([command, setting]) => open(command, setting)));
  const all = open_.map(() => ({ steps: [], peak: 0 }));
  for (let round = 0; round <= rounds; round++)
    for (const [at, side] of open_.entries()) {
      const { steps, peak } = await side.run(STEPS);
      if (round > 0) all[at].steps.push(...steps);
      all[at].peak = peak;
    }
  for (const side of open_) await side.close();
  return all.map(({ steps, peak }) => ({
    wall: median(steps.map(({ wall }) => wall)),
    cpu: median(steps.map(({ cpu }) => cpu)),
    peak,
  }));
}

/** A process that takes its setting and then numbers of steps, a line each. */
async function open([command, ...args], setting) {
  const child = spawn(command, args, {
    stdio: ["pipe", "pipe", "ignore"],
    env: { ...process.env, HF_HUB_OFFLINE: "1" },
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (text) => {
    child.stdin.write(`${text}\n`);
    const { value, done } = await lines.next();
    if (done) throw new Error(`${args[0]} ended with status ${await ended}`);
    return JSON.parse(value);
  };
  await ask(JSON.stringify(setting));
  return {
    run: (steps) => ask(steps),
    async close() {
      child.stdin.end();
      await ended;
    },
  };
}

/** The operators with the largest shares of our step, in words. */
async function shares(setting) {
  const folder = mkdtempSync(path.join(os.tmpdir(), "selfalign-"));
  try {
    const side = await open(OURS, { ...setting, profile: path.join(folder, "profile") });
    await side.run(STEPS);
    await side.close();
    const times = {};
    for (const file of readdirSync(folder))
      for (const { cat, name, dur, args } of JSON.parse(readFileSync(path.join(folder, file), "utf8")))
        if (cat === "Node" && name.endsWith("_kernel_time"))
          times[args.op_name] = (times[args.op_name] ?? 0) + dur;
    const sum = Object.values(times).reduce((all, time) => all + time, 0);
    const largest = Object.entries(times).toSorted(([, a], [, b]) => b - a);
    return largest
      .slice(0, 10)
      .map(([operator, time]) => `${operator} ${((100 * time) / sum).toFixed(1)} %`)
      .join(", ");
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
}
