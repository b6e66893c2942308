#!/usr/bin/env node
// Whether and how well our graphs run on a GPU: converts a StarCoder2 of random weights (`tiny` is the package's own), compares
// its likelihoods and greedy tokens with the processor's, draws at several batch sizes, and tells where the loop and the cache
// lie and what memory it took. Ends with status 1 where the device computes something else, with 2 where there is none, and then
// says what is missing. `--provider cpu` is for trying the script out.
import { execFile, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { placementOf } from "./placement.mjs";

if (!existsSync(path.join(import.meta.dirname, "../../dist"))) await import("../build.mjs");
const { convertModel, InputError, writeTinyModel } = await import("selfalign");
const { helpOf, parseFlags, reportError } = await import("../arguments.mjs");
const { uniforms } = await import("../../dist/core/random.js");
const { formatOf, GRAPHS, MANIFEST } = await import("../../dist/model/convert.js");
const { draw } = await import("../../dist/model/decode.js");
const { scoreBatch } = await import("../../dist/model/score.js");
const { openSession } = await import("../../dist/onnx/session.js");
const { writeCheckpoint } = await import("../bench/generate/checkpoint.mjs");

const PROVIDERS = ["cuda", "webgpu", "cpu"];
const GEOMETRIES = { "3b": "starcoder2-3b", "157m": "157m", tiny: null };
const FLAGS = {
  provider: { kind: "text", value: "NAME", fallback: "cuda", about: PROVIDERS.join(", ") },
  size: {
    kind: "text",
    value: "NAME",
    fallback: "3b",
    about: `geometry: ${Object.keys(GEOMETRIES).join(", ")} (3b takes 10 GB of disk while it is written)`,
  },
  json: { kind: "text", value: "FILE", about: "write all that was measured there" },
};

const CPU = "cpu";
const BATCHES = [1, 8, 32, 64];
const [PROMPT, NEW, CHUNK] = [128, 64, 32];
/** Texts whose likelihoods are compared, and their tokens. */
const [TEXTS, TEXT] = [8, 32];
/**
 * Root mean square of the differences of likelihoods, relative to their spread. Eight-bit activations on the processor against
 * half floats on the device give a few hundredths, a wrong kernel more than 1.
 */
const TOLERANCE = 0.15;
const SAMPLE_MS = 500;

async function main(args) {
  const { values } = parseFlags(args, FLAGS);
  if (values.help) {
    console.log(helpOf("node scripts/accept/gpu-check.mjs [flags]", "Tries our graphs on a GPU.", FLAGS));
    return 0;
  }
  const { provider, size, json } = values;
  choose("provider", provider, PROVIDERS);
  choose("size", size, Object.keys(GEOMETRIES));
  const base = mkdtempSync(path.join(os.tmpdir(), "selfalign-gpu-"));
  try {
    await probe(provider, base);
    const checked = await check(provider, GEOMETRIES[size], base);
    const report = { provider, size, environment: environmentOf(provider), ...checked };
    print(report);
    if (json !== undefined) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
    return report.likelihoods.agree ? 0 : 1;
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
}

function choose(what, given, known) {
  if (!known.includes(given))
    throw new InputError(`${what} "${given}" does not exist: choose ${known.join(", ")}`);
}

/** Opens a tiny model, so that a device that is not there is told before gigabytes are written. */
async function probe(provider, base) {
  const { open } = await modelIn(path.join(base, "probe"), provider, null);
  await (await open("decode", provider)).close();
}

async function modelIn(folder, provider, geometry) {
  const [checkpoint, converted] = [path.join(folder, "checkpoint"), path.join(folder, "converted")];
  if (geometry === null) await writeTinyModel(checkpoint);
  else await writeCheckpoint(checkpoint, geometry);
  await convertModel(checkpoint, converted, { device: provider === "cuda" ? "cuda" : CPU });
  rmSync(checkpoint, { recursive: true });
  const { model, dtype, device } = JSON.parse(readFileSync(path.join(converted, MANIFEST), "utf8"));
  return {
    model,
    format: formatOf(dtype, device),
    open: (graph, on, profile) =>
      openSession(path.join(converted, GRAPHS[graph]), {
        device: on,
        ...(profile === undefined ? {} : { profile }),
      }),
  };
}

async function check(provider, geometry, base) {
  const opened = await modelIn(path.join(base, "model"), provider, geometry);
  const known = await answersOf(opened, CPU);
  const found = await answersOf(opened, provider);
  const likelihoods = compared(known, found);
  const watch = watchMemory(provider);
  const speeds = await speedsOf(opened, provider, watch);
  const memory = watch.end();
  return { likelihoods, speeds, memory, placement: await placed(opened, provider, base) };
}

function promptsOf({ vocabulary }, rows, length) {
  const next = uniforms(7, "prompts");
  const token = () => 1 + Math.floor(next() * (vocabulary - 1));
  return Array.from({ length: rows }, () => Array.from({ length }, token));
}

/** What a device makes of the same texts: the likelihood of each of their tokens, and what it goes on with. */
async function answersOf({ model, format, open }, on) {
  const texts = promptsOf(model, TEXTS, TEXT);
  // One token each: a mean of one.
  const pairs = texts.flatMap((text, row) =>
    text.slice(1).map((token, at) => ({
      key: `${row} ${at}`,
      prompt: text.slice(0, at + 1),
      text: [token],
    })),
  );
  const scoring = await open("score", on);
  const scored = await scoreBatch(scoring, pairs).finally(() => scoring.close());
  const session = await open("decode", on);
  const tokens = await drawn({ session, model, format }, texts, TEXT, CHUNK).finally(() => session.close());
  return { nll: scored.map(({ nll }) => nll), tokens };
}

function compared(known, found) {
  const rms = (numbers) => Math.sqrt(numbers.reduce((sum, number) => sum + number ** 2, 0) / numbers.length);
  const mean = known.nll.reduce((sum, nll) => sum + nll, 0) / known.nll.length;
  const difference = rms(known.nll.map((nll, at) => found.nll[at] - nll));
  const relative = difference / rms(known.nll.map((nll) => nll - mean));
  const same = known.tokens.map((row, at) => {
    const other = row.findIndex((token, place) => token !== found.tokens[at][place]);
    return (other === -1 ? row.length : other) / row.length;
  });
  return {
    texts: TEXTS,
    rmsDifference: difference,
    relative,
    greedyTokensAsOnCpu: same.reduce((sum, share) => sum + share, 0) / same.length,
    agree: relative <= TOLERANCE,
  };
}

/** Greedy tokens of each prompt. */
async function drawn(decoding, prompts, maxTokens, chunk, onNotice) {
  async function* requests() {
    for (const [at, prompt] of prompts.entries())
      yield { key: String(at), prompt, maxTokens, temperature: 0, topP: 1, topK: null, seed: at };
  }
  const tokens = [];
  const how = { batchSize: prompts.length, chunk, stopTokens: [], onNotice };
  for await (const row of draw(decoding, requests(), how)) tokens[Number(row.key)] = row.tokens;
  return tokens;
}

async function speedsOf({ model, format, open }, provider, watch) {
  const session = await open("decode", provider);
  const decoding = { session, model, format };
  const speeds = [];
  try {
    for (const batch of BATCHES) {
      const prompts = promptsOf(model, batch, PROMPT);
      // Kernels are compiled and memory is taken when a shape is first met.
      await drawn(decoding, prompts, 2, CHUNK);
      for (const [mode, chunk] of [
        ["loop", CHUNK],
        ["gen", null],
      ]) {
        const notices = [];
        const seconds =
          (await timed(() => drawn(decoding, prompts, NEW, chunk, (text) => notices.push(text)))) / 1e3;
        const first = (await timed(() => drawn(decoding, prompts, 1, chunk))) / 1e3;
        const perSecond = (batch * (NEW - 1)) / Math.max(1e-9, seconds - first);
        speeds.push({
          batch,
          mode,
          tokensPerSecond: Number(perSecond.toPrecision(3)),
          promptTokensPerSecond: Number(((batch * PROMPT) / first).toPrecision(3)),
          deviceMb: await watch.peakMb(),
          notices,
        });
      }
    }
  } finally {
    await session.close();
  }
  return speeds;
}

async function timed(work) {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

/** The most memory that nvidia-smi saw in use on the card, by others too; null where there is no nvidia-smi. */
function watchMemory(provider) {
  const query = ["--query-gpu=memory.used", "--format=csv,noheader,nounits"];
  const used = async () => {
    const { stdout } = await promisify(execFile)("nvidia-smi", query).catch(() => ({ stdout: "" }));
    const mb = Number.parseInt(stdout, 10);
    return Number.isFinite(mb) ? mb : null;
  };
  let most = null;
  const look = async () => {
    const mb = await used();
    if (mb !== null) most = Math.max(most ?? 0, mb);
  };
  const timer = provider === CPU ? undefined : setInterval(look, SAMPLE_MS);
  return {
    async peakMb() {
      if (timer !== undefined) await look();
      return most;
    },
    end() {
      clearInterval(timer);
      return { peakRssMb: Math.round(process.resourceUsage().maxRSS / 1_024), peakDeviceMb: most };
    },
  };
}

/** Two rows through the model under the runtime's profiler. */
async function placed({ model, format, open }, provider, base) {
  const session = await open("decode", provider, path.join(base, "profile"));
  await drawn({ session, model, format }, promptsOf(model, 2, 16), 8, CHUNK).finally(() => session.close());
  const [file] = readdirSync(base).filter((name) => name.startsWith("profile"));
  return placementOf(JSON.parse(readFileSync(path.join(base, file), "utf8")), model);
}

function environmentOf(provider) {
  const query = ["--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"];
  const { status, stdout } = spawnSync("nvidia-smi", query, { encoding: "utf8" });
  return {
    node: process.version,
    processor: os.cpus()[0]?.model ?? "unknown",
    cores: os.availableParallelism(),
    graphics: status === 0 ? stdout.trim() : "nvidia-smi is not here",
    measured:
      provider === CPU ? "on the processor, to try the script out: no GPU took part" : `on ${provider}`,
  };
}

function print({ provider, size, environment, likelihoods, speeds, memory, placement }) {
  console.log(`${size} geometry, ${size === "tiny" ? "trained" : "random"} weights, ${environment.measured}`);
  console.log(
    Object.entries(environment)
      .map(([key, value]) => `${key}: ${value}`)
      .join("; "),
  );
  const { relative, agree, greedyTokensAsOnCpu } = likelihoods;
  console.log(
    `likelihoods against the processor's: ${agree ? "agree" : "DIFFER"}, ${relative.toExponential(1)} of their spread (at most ${TOLERANCE}); greedy tokens as there: ${Math.round(100 * greedyTokensAsOnCpu)} %`,
  );
  console.table(speeds.map(({ notices, ...row }) => ({ ...row, notices: notices.join("; ") })));
  console.table(placement.operators.map((row) => ({ ...row, ms: Number(row.ms.toFixed(2)) })));
  console.log(
    `loop: ${placement.loop.join()}; attention: ${placement.attention.join()}; cache: ${placement.cache}`,
  );
  for (const [what, copies] of [
    ["copies (Memcpy nodes)", placement.copies],
    ["of the cache", placement.cacheCopies],
  ])
    for (const { way, nodes, calls, bytes } of copies)
      console.log(`${what} ${way}: ${nodes} nodes, ${calls} times, ${bytes} bytes`);
  // ONNX Runtime for Node has no outputs that stay on a CUDA device.
  if (provider !== CPU)
    console.log("between runs the cache goes through this process's memory, whatever the nodes say");
  const device = memory.peakDeviceMb === null ? "not known without nvidia-smi" : `${memory.peakDeviceMb} MB`;
  console.log(`memory: this process ${memory.peakRssMb} MB at most; device ${device}`);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.exitCode = reportError(error);
}
