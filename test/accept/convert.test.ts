// Conversion of a checkpoint with StarCoder2-3B's matrices, but two layers (700 MB of BF16), from a folder and from a
// server of ranges: memory is that of a few pieces, and kills leave no trace. Prints what it measured.
import { spawn } from "node:child_process";
import {
  createReadStream,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { uniforms } from "../../src/core/random.js";
import { writeHeader } from "../../src/onnx/header.js";
import { starcoder2Of } from "../../src/model/starcoder2.js";
import { weightPlan } from "../../src/model/weights.js";
import { COMMIT, serve, type TestServer } from "../hub/server.js";
import { ROOT } from "../system/whole-run.js";

const MOST_RSS_MB = 400;
const KILLS = 5;
const base = mkdtempSync(path.join(tmpdir(), "selfalign-accept-"));
const checkpoint = path.join(base, "starcoder2-3b-part");
let server: TestServer;

const config = {
  ...(JSON.parse(
    readFileSync(path.join(ROOT, "test/fixtures/starcoder2/tiny/config.json"), "utf8"),
  ) as Record<string, unknown>),
  hidden_size: 3_072,
  intermediate_size: 12_288,
  num_attention_heads: 24,
  num_key_value_heads: 2,
  num_hidden_layers: 2,
  vocab_size: 49_152,
  max_position_embeddings: 16_384,
  sliding_window: 4_096,
};

/** Random weights between -0.25 and 0.25, the same million over and over, in the order of names. */
async function writeCheckpoint(): Promise<void> {
  mkdirSync(checkpoint);
  writeFileSync(path.join(checkpoint, "config.json"), JSON.stringify(config));
  const plan = weightPlan(starcoder2Of(config, "config.json"), {
    matrices: "float32",
    activations: "float32",
  });
  const tensors = plan.flatMap(({ needs }) => needs).map(([name, shape]) => ({ name, shape }));
  const described = tensors
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((tensor) => ({ ...tensor, dtype: "BF16" as const }));
  const next = uniforms(1, "weights");
  // Sign, exponents of 2^-14 to 2^-3, fraction.
  const block = Uint16Array.from(
    { length: 2 ** 20 + 7 },
    () => (next() < 0.5 ? 0x8000 : 0) | ((113 + Math.floor(next() * 12)) << 7) | Math.floor(next() * 128),
  );
  const bytes = new Uint8Array(block.buffer);
  const handle = await open(path.join(checkpoint, "model.safetensors"), "w");
  await handle.writeFile(writeHeader(described));
  const count = described.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
  for (let left = 2 * count; left > 0; left -= bytes.length) await handle.writeFile(bytes.subarray(0, left));
  await handle.close();
}

/** A Hub with the checkpoint, read from the disk range by range. */
function serveCheckpoint(): Promise<TestServer> {
  const files = ["config.json", "model.safetensors"];
  const size = (file: string): number => statSync(path.join(checkpoint, file)).size;
  return serve((request, response, url) => {
    const file = /\/resolve\/\w+\/(.+)$/.exec(url.pathname)?.[1];
    if (file === undefined) {
      const listing = files.map((name) => ({ type: "file", path: name, size: size(name) }));
      const answer = url.pathname.includes("/revision/") ? { sha: COMMIT } : listing;
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(answer));
      return;
    }
    const [, from = "", to = ""] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
    const [start, end] = [Number(from), Number(to)];
    const head = {
      "content-length": end - start + 1,
      "content-range": `bytes ${start}-${end}/${size(file)}`,
    };
    response.writeHead(206, head);
    createReadStream(path.join(checkpoint, file), { start, end }).pipe(response);
  });
}

beforeAll(async () => {
  await writeCheckpoint();
  server = await serveCheckpoint();
});
afterAll(async () => {
  await server.close();
  rmSync(base, { recursive: true, force: true });
});

const PROGRAM = `
  const { convertModel } = await import("selfalign");
  const [model, out, dtype] = process.argv.slice(1);
  const { sha256 } = await convertModel(model, out, { dtype });
  const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
  console.log(JSON.stringify({ sha256, rssMb: maxRSS / 1024, cpuS: (userCPUTime + systemCPUTime) / 1e6 }));`;

interface Measured {
  readonly sha256: string;
  readonly rssMb: number;
  readonly cpuS: number;
}

/** Converts in a process of its own; null when it was killed, after `killMs`. */
async function converting(
  model: string,
  out: string,
  dtype: string,
  killMs?: number,
): Promise<Measured | null> {
  const args = ["--input-type=module", "-e", PROGRAM, model, path.join(base, out), dtype];
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env: { ...process.env, HF_ENDPOINT: server.url },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const timer = killMs === undefined ? undefined : setTimeout(() => child.kill("SIGKILL"), killMs);
  let text = "";
  child.stdout.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const status = await new Promise((resolve) => child.on("close", resolve));
  clearTimeout(timer);
  if (status === null) return null;
  expect(status).toBe(0);
  return JSON.parse(text) as Measured;
}

it.each(["int8", "fp16", "fp32"])("takes the memory of a few pieces: %s", async (dtype) => {
  const hashes: string[] = [];
  for (const [kind, model] of Object.entries({ folder: checkpoint, hub: "acme/part" })) {
    const begun = performance.now();
    const measured = await converting(model, `${kind}-${dtype}`, dtype);
    const seconds = (performance.now() - begun) / 1_000;
    rmSync(path.join(base, `${kind}-${dtype}/onnx`), { recursive: true });
    if (measured === null) throw new Error("it was killed");
    const { sha256, rssMb, cpuS } = measured;
    console.log(
      `${dtype} from ${kind}: ${rssMb.toFixed(0)} MB at most, ${cpuS.toFixed(1)} s of CPU, ${seconds.toFixed(1)} s`,
    );
    expect(rssMb).toBeLessThan(MOST_RSS_MB);
    hashes.push(sha256);
  }
  expect(new Set(hashes).size).toBe(1);
});

it(`survives ${KILLS} kills at random instants`, async () => {
  const begun = performance.now();
  const calm = await converting(checkpoint, "calm", "int8");
  const whole = performance.now() - begun;
  const next = uniforms(Date.now(), "instants");
  const data = (out: string): Buffer => readFileSync(path.join(base, out, "onnx/model_quantized.onnx_data"));
  let [kills, finished] = [0, 0];
  while (kills < KILLS || finished === 0) {
    const rough = await converting("acme/part", "rough", "int8", kills < KILLS ? next() * whole : undefined);
    if (rough === null) {
      kills++;
      continue;
    }
    expect(rough.sha256).toBe(calm?.sha256);
    expect(data("rough").equals(data("calm"))).toBe(true);
    rmSync(path.join(base, "rough"), { recursive: true });
    finished++;
  }
  console.log(`${kills} kills in ${finished} conversions, each ended with the same bytes`);
});
