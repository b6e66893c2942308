// Generating text on this machine's processor: ours in both modes, and in larger blocks, beside transformers.js on the same
// converted folder, and llama.cpp (node-llama-cpp, where `--llama` or SELFALIGN_LLAMA names a folder that has it) on a GGUF of
// the same weights in as many bits. A StarCoder2 of random weights, one thread, greedy; each figure is taken in a process of its
// own, the contestants take turns, and of each the best round counts. Compared are processor milliseconds, which other work on
// the machine disturbs least; the floor is the time in which one thread reads the weights as often as a contestant does, once
// before each of them, since how fast memory is changes by the minute where others use it too.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";

const here = path.join(import.meta.dirname, "generate");
const ROUNDS = 3;
const BATCHES = { "157m": [1, 8, 32], "starcoder2-3b": [1] };
const COMMON = { threads: 1, promptTokens: 128, newTokens: 64 };
const GEN = "ours: gen";
const COARSE = ["int8-64", "int8-128"].map((dtype) => [`${GEN}, ${dtype}`, dtype]);
/** Draws one text at a time. */
const ALONE = `${GEN}, int8-128`;
const LOOP = "ours: loop";
const TRANSFORMERS = "transformers.js";
const LLAMA = "llama.cpp";

export async function bench({ size: rounds = ROUNDS, llama, geometry }) {
  const { InputError } = await import("selfalign");
  const { GEOMETRIES, writeCheckpoint } = await import("./generate/checkpoint.mjs");
  const { writeGguf } = await import("./generate/gguf.mjs");
  const config = GEOMETRIES[geometry];
  if (config === undefined)
    throw new InputError(`geometry "${geometry}" is unknown: choose ${Object.keys(GEOMETRIES).join(", ")}`);
  const folder = mkdtempSync(path.join(os.tmpdir(), "selfalign-bench-"));
  try {
    const checkpoint = path.join(folder, "checkpoint");
    const madeAs = (dtype) => path.join(folder, dtype);
    const converted = madeAs("int8");
    const gguf = path.join(folder, "q8_0.gguf");
    const weights = await writeCheckpoint(checkpoint, geometry);
    const conversion = measured("convert.mjs", checkpoint, converted, "int8");
    for (const [, dtype] of COARSE) measured("convert.mjs", checkpoint, madeAs(dtype), dtype);
    if (has(llama)) await writeGguf(checkpoint, gguf);
    else console.error("left out: llama.cpp: --llama names no folder with node-llama-cpp installed");
    rmSync(checkpoint, { recursive: true });
    const job = { ...COMMON, converted, gguf, llama, vocabulary: config.vocab_size };
    const contestants = [
      [GEN, "ours.mjs", { chunk: null }],
      [LOOP, "ours.mjs", { chunk: 32 }],
      ...COARSE.map(([what, dtype]) => [what, "ours.mjs", { chunk: null, converted: madeAs(dtype) }]),
      [TRANSFORMERS, "transformers.mjs", {}],
      ...(has(llama) ? [[LLAMA, "llama.mjs", {}]] : []),
    ];
    const batches = BATCHES[geometry];
    const takesPart = (what, batch) => batch === 1 || what !== ALONE;
    const bytesIn = (dtype) => statSync(path.join(madeAs(dtype), "onnx/model_quantized.onnx_data")).size;
    const bytes = bytesIn("int8");
    const [taken, loads, reads] = [new Map(), [], []];
    for (let round = 0; round < rounds; round++) {
      for (const batch of batches) {
        for (const [what, program, own] of contestants.filter(([one]) => takesPart(one, batch))) {
          if (batch === 1) reads.push(measured("floor.mjs", String(COMMON.newTokens * bytes)));
          const figures = measured(program, JSON.stringify({ ...job, ...own, batch }));
          taken.set(`${what} ${batch}`, best(taken.get(`${what} ${batch}`), figures));
          loads.push(os.loadavg()[0]);
        }
      }
    }
    const fastest = (key) => Math.max(...reads.map((read) => read[key]));
    const floorOf = (count, key = "bytesPerSecond") => (1e3 * count) / fastest(key);
    const of = (what, batch) => taken.get(`${what} ${batch}`);
    const rows = batches.flatMap((batch) =>
      contestants
        .filter(([what]) => takesPart(what, batch))
        .map(([what]) => rowOf(what, batch, of(what, batch), of(GEN, batch).tokens)),
    );
    const ratios = batches.flatMap((batch) =>
      contestants
        .filter(([what]) => [TRANSFORMERS, LLAMA].includes(what))
        .flatMap(([peer]) =>
          [GEN, LOOP].flatMap((ours) => [
            [`batch ${batch}, processor: ${peer} / ${ours}`, of(peer, batch).cpuMs / of(ours, batch).cpuMs],
            [`batch ${batch}, peak memory: ${peer} / ${ours}`, of(peer, batch).rssMb / of(ours, batch).rssMb],
          ]),
        ),
    );
    return {
      rows,
      ratios: Object.fromEntries(ratios),
      figures: {
        model: `${geometry}, ${(weights / 1e6).toFixed(0)} million weights, ${(bytes / 1e6).toFixed(0)} MB as int8`,
        measured: `${COMMON.promptTokens} tokens of prompt, ${COMMON.newTokens} new, ${COMMON.threads} thread, best of ${rounds}`,
        "floor of a step":
          `${floorOf(bytes).toFixed(2)} ms, read at ${(fastest("bytesPerSecond") / 1e9).toFixed(1)} GB/s as long as ` +
          `others take; ${floorOf(bytes, "most").toFixed(2)} ms at the fastest moment, ${(fastest("most") / 1e9).toFixed(1)} GB/s`,
        ...Object.fromEntries(
          [["int8", Math.min(of(GEN, 1).cpuMs, of(LOOP, 1).cpuMs)]]
            .concat(COARSE.map(([what, dtype]) => [dtype, of(what, 1).cpuMs]))
            .map(([dtype, cpuMs]) => {
              const share = (key) => percent(floorOf(bytesIn(dtype), key) / cpuMs);
              return [
                `floor / ours, batch 1, ${dtype}`,
                `${share("bytesPerSecond")}; ${share("most")} of the fastest moment's`,
              ];
            }),
        ),
        conversion: `${conversion.cpuSeconds.toFixed(1)} processor seconds, peak ${Math.round(conversion.rssMb)} MB`,
        "load meanwhile": `${Math.min(...loads).toFixed(1)} to ${Math.max(...loads).toFixed(1)}`,
      },
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function has(folder) {
  if (folder === undefined) return false;
  try {
    createRequire(path.join(path.resolve(folder), "package.json")).resolve("node-llama-cpp");
    return true;
  } catch {
    return false;
  }
}

/** What a program of ours prints as JSON. */
function measured(program, ...args) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [path.join(here, program), ...args], {
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  if (status !== 0) throw new Error(`${program} failed: ${stderr.trim()}`);
  return JSON.parse(stdout.trim().split("\n").at(-1));
}

/** Of times the least of all rounds, of memory the most. */
function best(before, now) {
  if (before === undefined) return now;
  const least = (key) => Math.min(before[key], now[key]);
  return {
    prefillCpuMs: least("prefillCpuMs"),
    cpuMs: least("cpuMs"),
    wallMs: least("wallMs"),
    rssMb: Math.max(before.rssMb, now.rssMb),
    tokens: now.tokens,
  };
}

function rowOf(what, batch, { prefillCpuMs, cpuMs, wallMs, rssMb, tokens }, ours) {
  return {
    what,
    batch,
    tokensPerSecond: Number(((1e3 * batch) / wallMs).toPrecision(3)),
    cpuMsPerStep: Number(cpuMs.toPrecision(3)),
    prefillCpuMs: Math.round(prefillCpuMs),
    peakRssMb: Math.round(rssMb),
    "tokens as ours": percent(sameTokens(tokens, ours)),
  };
}

/** Share of tokens before each row's first other one: of two that are almost as likely, rounding may take either. */
function sameTokens(theirs, ours) {
  const shares = theirs.map((row, at) => {
    const other = row.findIndex((token, place) => token !== ours[at][place]);
    return (other === -1 ? row.length : other) / row.length;
  });
  return shares.reduce((sum, share) => sum + share, 0) / shares.length;
}

function percent(share) {
  return `${Math.round(100 * share)} %`;
}
