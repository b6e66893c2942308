// Self-instruct by a model that answers at once: how fast prompts are rendered, sent and stored, and answers read, through all
// three steps, one response to an instruction, nothing judged; and whether memory grows with the number of seeds. The
// server has a process of its own, and so has each run, first its seeds and then its steps. Seeds are functions made for this.
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";

const here = path.join(import.meta.dirname, "instruct");
const SEEDS = [1_000, 5_000, 10_000, 20_000];

export async function bench({ size = 20_000 }) {
  const base = mkdtempSync(path.join(os.tmpdir(), "selfalign-bench-"));
  const server = spawn(process.execPath, [path.join(here, "server.mjs")], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  try {
    const [address] = await once(server.stdout, "data");
    const sizes = [...SEEDS.filter((seeds) => seeds < size), size];
    return { rows: sizes.map((seeds) => measured(base, seeds, address.toString().trim())) };
  } finally {
    server.kill();
    rmSync(base, { recursive: true, force: true });
  }
}

function measured(base, seeds, baseUrl) {
  const corpus = path.join(base, `${seeds}.jsonl`);
  writeFileSync(corpus, Array.from({ length: seeds }, (_, at) => `${JSON.stringify(fileOf(at))}\n`).join(""));
  const options = {
    outputDir: path.join(base, `run-${seeds}`),
    corpus: `jsonl:${corpus}`,
    numSamples: seeds,
    nearDuplicates: 0,
    decontaminate: ["none"],
    model: "openai:instant",
    baseUrl,
    samples: 1,
    delay: 0,
    sandbox: "pyodide",
  };
  const gathered = runIn("seeds", options);
  const { rows, seconds, cpuSeconds, rssMb } = runIn("instruct", options);
  return {
    seeds: rows.seeds,
    pairs: rows.responses,
    seconds: Number(seconds.toFixed(1)),
    pairsPerSecond: Number((rows.responses / seconds).toFixed(1)),
    cpuMsPerPair: Number(((1e3 * cpuSeconds) / rows.responses).toFixed(2)),
    peakRssMb: Math.round(rssMb),
    peakRssMbOfSeeds: Math.round(gathered.rssMb),
  };
}

function runIn(stages, options) {
  const args = [path.join(here, "run.mjs"), stages, JSON.stringify(options)];
  const { status, stdout } = spawnSync(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  if (status !== 0) throw new Error(`the run's stage ${stages} ended with status ${status}`);
  return JSON.parse(stdout);
}

/** A file of one function that passes the default filters. */
function fileOf(number) {
  const content = `def between_${number}(values, low, high):
    """Return the values of list ${number} that lie between low and high, in their order."""
    found = []
    for value in values:
        if low <= value <= high + ${number}:
            found.append(value)
    return found
`;
  return { content, path: `made/file_${number}.py`, repo_name: "bench/made", license: "MIT" };
}
