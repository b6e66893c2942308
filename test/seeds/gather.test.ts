import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { startProgress } from "../../src/core/progress.js";
import { openRun } from "../../src/core/run.js";
import { startStage, type StagePlan } from "../../src/core/stage.js";
import { openCorpus, type CorpusOptions } from "../../src/corpus/open.js";
import { loadGrammar } from "../../src/python/syntax.js";
import { gathering, KEPT, REJECTED } from "../../src/seeds/gather.js";
import { SEED_DEFAULTS } from "../../src/seeds/seeds.js";
import { linesOf, parquetOf } from "../corpus/reading.js";
import { serveHub, type TestServer } from "../hub/server.js";

// The first stage over a corpus on the network, stopped and resumed: the published files are those of a calm run.
const base = await mkdtemp(path.join(tmpdir(), "gather-"));
let server: TestServer;
let options: CorpusOptions;

const program = (name: string): string =>
  [
    `def add_${name}(left: int, right: int) -> int:`,
    '    """Adds two numbers and gives back what they come to together."""',
    "    total = left + right",
    "    return total",
    "",
    "",
    `def odd_${name}(x):`,
    "    return x",
    "",
  ].join("\n");

beforeAll(async () => {
  await loadGrammar();
  const names = Array.from({ length: 8 }, (_, at) => `p${at}`);
  server = await serveHub({
    "a/b": {
      files: {
        "data/train-0.parquet": parquetOf({ content: names.map(program) }),
        "data/train-1.parquet": parquetOf({
          content: ["x\0", program("same"), program("same"), program("last")],
        }),
      },
    },
    "a/c": { files: { "train.jsonl": linesOf(["oops", ...names.map((name) => ({ code: program(name) }))]) } },
  });
  options = {
    env: { HF_ENDPOINT: server.url },
    http: { firstDelayMs: 1, longestDelayMs: 2, timeoutMs: 100 },
  };
});
afterEach(() => {
  server.faults.length = 0;
});
afterAll(async () => {
  await server.close();
  await rm(base, { recursive: true });
});

const plan: StagePlan = {
  name: "seeds",
  folder: "seed_output",
  main: KEPT,
  side: [REJECTED],
  order: "appended",
  fingerprint: "v1",
};

/** Gathers `target` seeds; a run that is told to stops when that many answers have come from the server. */
async function gather(dir: string, spec: string, target: number, stopAfter = Infinity): Promise<string[]> {
  const corpus = await openCorpus(spec, options);
  const run = await openRun(path.join(base, dir), { corpus: corpus.identity }, { version: "0" });
  await mkdir(run.at(plan.folder), { recursive: true });
  const stop = new AbortController();
  const before = server.seen.length;
  const watch = setInterval(() => {
    if (server.seen.length - before >= stopAfter) stop.abort(new Error("stopped"));
  }, 1);
  const work = gathering({
    corpus,
    target,
    seed: 5,
    filters: SEED_DEFAULTS,
    workers: 1,
    signal: stop.signal,
    task: (done) => startProgress().start("seeds", target, done),
  });
  const enough = ({ rows }: { rows: number }): boolean => rows >= target;
  const handle = await startStage(run, plan, { upstream: null, enough }, work);
  try {
    await handle.done;
    return await Promise.all(
      [KEPT, REJECTED].map((name) => readFile(run.at(plan.folder, `${name}.jsonl`), "utf8")),
    );
  } finally {
    clearInterval(watch);
    await handle.close();
    await run.release();
  }
}

describe.each(["hf:a/b", "hf:a/c"])("seeds from %s", { timeout: 20_000 }, (spec) => {
  const name = spec.slice(-1);

  it("are the same in one go, little by little, and over a bad network", async () => {
    const calm = await gather(`${name}-calm`, spec, 9);
    expect(calm[0]?.split("\n").length).toBeGreaterThan(8);
    for (let target = 1; target < 9; target++) await gather(`${name}-grown`, spec, target);
    expect(await gather(`${name}-grown`, spec, 9)).toEqual(calm);
    for (const cutAfter of [0, 10, 200]) server.faults.push({ path: /cdn/, cutAfter });
    server.faults.push({ path: /resolve/, status: 503 }, { path: /tree/, status: 429 });
    expect(await gather(`${name}-rough`, spec, 9)).toEqual(calm);
  });

  it("go on where they were stopped", async () => {
    const calm = await gather(`${name}-whole`, spec, 9);
    let stopped = 0;
    for (let stopAfter = 1; stopAfter <= 6; stopAfter++) {
      server.faults.push({ path: /cdn/, cutAfter: 50, stall: true }, { path: /cdn/, silent: true });
      const end = await gather(`${name}-stopped`, spec, 9, stopAfter).catch(String);
      if (typeof end === "string") {
        expect(end).toBe("Error: stopped");
        stopped++;
      } else expect(end).toEqual(calm);
      server.faults.length = 0;
    }
    expect(stopped).toBeGreaterThan(0);
    expect(await gather(`${name}-stopped`, spec, 9)).toEqual(calm);
  });
});
