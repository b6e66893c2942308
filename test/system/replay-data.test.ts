// The written examples of data/replay, held against what they say of themselves: each response is judged in a sandbox, and its
// verdict is the one that is expected of it.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Judged } from "../../src/core/record.js";
import type { Completion, GenerateRequest, Unanswered } from "../../src/engine/engine.js";
import { openReplay } from "../../src/engine/replay.js";
import { parseConcepts, parseInstruction, parseResponse } from "../../src/instruct/parse.js";
import { openDecontamination } from "../../src/overlap/decontaminate.js";
import { loadGrammar } from "../../src/python/syntax.js";
import type { JudgingSandbox } from "../../src/sandbox/sandbox.js";
import { assess } from "../../src/validate/assess.js";
import { backends } from "./backends.js";
import { ROOT, run } from "./whole-run.js";

interface Written {
  readonly step: "concepts" | "instructions" | "responses";
  readonly path: string;
  readonly function: string;
  readonly index: number;
  readonly text: string;
  readonly finish: "stop" | "length";
  /** A reason or a verdict; null for concepts and instructions that are well. */
  readonly expected: string | null;
  readonly written: boolean;
}

const FILE = path.join(ROOT, "data/replay/stdlib.jsonl");
const base = mkdtempSync(path.join(tmpdir(), "selfalign-replay-data-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));
beforeAll(loadGrammar);

const rows = readFileSync(FILE, "utf8")
  .trimEnd()
  .split("\n")
  .map((line) => JSON.parse(line) as Written);
const named = (row: Written): string => `${row.path} ${row.function} ${row.index}`;

/** What comes of an answer before anything runs: a reason, or null. */
function reasonOf({ step, text, finish }: Written): string | null {
  if (finish === "length") return "truncated";
  const parse = { concepts: parseConcepts, instructions: parseInstruction, responses: parseResponse }[step];
  const parsed = parse(text);
  return "reason" in parsed ? parsed.reason : null;
}

async function judged(sandbox: JudgingSandbox, row: Written, mutants = 0): Promise<Judged> {
  const parsed = parseResponse(row.text);
  if ("reason" in parsed) throw new Error(`${named(row)}: ${parsed.reason}`);
  const { code, tests, entryPoint } = parsed.fields;
  const job = { key: named(row), code, tests, origins: ["model"] as const, entryPoint };
  return assess(sandbox, job, { seed: 3407, mutants });
}

it("the transcripts are those that the readable sources make", () => {
  const again = path.join(base, "again.jsonl");
  const made = spawnSync(process.execPath, [path.join(ROOT, "scripts/build-replay.mjs"), again]);
  expect(made.status, made.stderr.toString()).toBe(0);
  expect(readFileSync(again, "utf8")).toBe(readFileSync(FILE, "utf8"));
});

it("every transcript says that a person wrote it", () => {
  expect(rows.filter(({ written }) => !written)).toEqual([]);
});

it("the engine answers from each of them", async () => {
  const engine = await openReplay(FILE);
  async function* requests(): AsyncGenerator<GenerateRequest> {
    for (const row of rows) {
      const about = `${row.step} ${named(row)}`;
      const drawn = { prompt: "", maxTokens: 1, temperature: 0, topP: 1, stop: [], seed: 0 };
      yield await Promise.resolve({ key: about, about, ...drawn });
    }
  }
  const answers = new Map<string, Completion | Unanswered>();
  for await (const answer of engine.generate(requests())) answers.set(answer.key, answer);
  await engine.close();
  expect(rows.map((row) => answers.get(`${row.step} ${named(row)}`))).toMatchObject(
    rows.map(({ text, finish }) => ({ text, finish })),
  );
});

it("the seeds are the first that the default run draws", async () => {
  const out = path.join(base, "run");
  const seeds = await run("run", "--num-samples", "60", "--stage", "seeds", "--output-dir", out);
  expect(seeds.status, seeds.stderr).toBe(0);
  const drawn = readFileSync(path.join(out, "seed_output/filtered_functions.jsonl"), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { entryPoint: string; provenance: { path: string } })
    .map(({ entryPoint, provenance }) => `${provenance.path} ${entryPoint}`);
  const written = [...new Set(rows.map((row) => `${row.path} ${row.function}`))];
  expect(written.sort()).toEqual(drawn.sort());
});

it("no transcript is a copy of a benchmark's problem", async () => {
  const { check } = await openDecontamination();
  const tasks = new Map(rows.map((row) => [`${row.step} ${row.function}`, row.text]));
  const found = rows.flatMap((row) => {
    const parsed = parseResponse(row.text);
    if ("reason" in parsed) return [];
    const docstring = tasks.get(`instructions ${row.function}`) ?? null;
    const copied = check({ code: parsed.fields.code, docstring });
    return copied === null ? [] : [{ row: named(row), ...copied }];
  });
  expect(found).toEqual([]);
});

describe("each seed", () => {
  const seeds = new Map<string, Written[]>();
  for (const row of rows) {
    const seed = `${row.path} ${row.function}`;
    seeds.set(seed, [...(seeds.get(seed) ?? []), row]);
  }

  it("goes on exactly as far as its answers can be read", () => {
    for (const [seed, [concepts, instruction, ...responses]] of seeds) {
      expect(concepts?.step, seed).toBe("concepts");
      expect(instruction?.step, seed).toBe(concepts?.expected === null ? "instructions" : undefined);
      const wanted = instruction?.expected === null;
      expect(responses.length > 0, seed).toBe(wanted);
      expect(responses.map(({ step, index }) => ({ step, index }))).toEqual(
        responses.map((_, index) => ({ step: "responses", index })),
      );
    }
  });

  it("about a third of them come to nothing, for many reasons", () => {
    const failing = [...seeds.values()].filter(
      (answers) => !answers.some((row) => row.expected === "verified"),
    );
    expect(failing.length).toBe(20);
    expect(new Set(failing.map((answers) => answers.at(-1)?.expected)).size).toBeGreaterThanOrEqual(14);
  });
});

describe("every transcript comes to what it says", () => {
  const VERDICTS = ["verified", "wrong", "error", "timeout", "forbidden-import", "vacuous"];
  const isVerdict = ({ expected }: Written): boolean => VERDICTS.includes(expected ?? "");

  it("when it is read", () => {
    const unlike = rows
      .map((row) => ({
        row: `${row.step} ${named(row)}`,
        reason: reasonOf(row),
        wanted: isVerdict(row) ? null : row.expected,
      }))
      .filter(({ reason, wanted }) => reason !== wanted);
    expect(unlike).toEqual([]);
  });

  const judgedRows = rows.filter(isVerdict);
  const firstOfEach = VERDICTS.flatMap((verdict) => judgedRows.find((row) => row.expected === verdict) ?? []);
  // Pyodide takes some hundred CPU-ms for a response: where another backend can do it, it judges one of each kind.
  const perBackend = backends.map((backend, at) => ({
    ...backend,
    judges: at === backends.length - 1 ? judgedRows : firstOfEach,
  }));

  it.each(perBackend)("when it is judged on $backend", { timeout: 300_000 }, async ({ open, judges }) => {
    const sandbox = await open({ timeoutMs: 2_000 });
    try {
      const results = await Promise.all(
        judges.map(async (row) => ({ row, result: await judged(sandbox, row) })),
      );
      const unlike = results.filter(({ row, result }) => result.verdict !== row.expected);
      expect(unlike.map(({ row, result }) => ({ row: named(row), ...result }))).toEqual([]);
    } finally {
      await sandbox.close();
    }
  });
});

it.each(["_count_diff_hashable", "read_long1", "_formatparam"])(
  "of the two right answers for %s, the last is tested better",
  { timeout: 120_000 },
  async (name) => {
    const right = rows.filter((row) => row.function === name && row.expected === "verified");
    const sandbox = await backends.at(-1)?.open({ timeoutMs: 1_000 });
    if (sandbox === undefined) throw new Error("there is always a backend");
    try {
      const [weak, strong] = await Promise.all(right.map((row) => judged(sandbox, row, 8)));
      expect(weak?.mutationScore).toBeLessThan(strong?.mutationScore ?? 0);
    } finally {
      await sandbox.close();
    }
  },
);
