import { mkdtempSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Corpus } from "../src/corpus/corpus.js";
import type { WithResult } from "../src/core/record.js";
import { openRun } from "../src/core/run.js";
import type { StageHandle } from "../src/core/stage.js";
import type { PreferencePair } from "../src/dataset/preferences.js";
import { openDecontamination } from "../src/overlap/decontaminate.js";
import { publishDataset } from "../src/publish.js";
import { readDatasetStats } from "../src/summaries.js";
import { rowOf } from "./dataset/rows.js";

// Four answers by a model to each of ten instructions, of five repositories: two verified, two that failed.
const answers = Array.from({ length: 40 }, (_, n) => {
  const [instruction, index] = [Math.floor(n / 4), n % 4];
  return rowOf({
    key: `${(n * 17) % 40}`.padStart(2, "0"),
    group: `i${instruction}`,
    index,
    model: "starcoder2",
    instruction: `Do ${instruction}.`,
    response: `answer ${index} to ${instruction}`,
    code: `answer ${index} to ${instruction}`,
    provenance: { repository: `r${instruction % 5}` },
    result:
      index < 2 ? { verdict: "verified", mutationScore: index / 2 } : { verdict: "wrong", message: "x == 1" },
  });
}).sort((a, b) => (a.key < b.key ? -1 : 1));

const corpus: Corpus = {
  name: "test",
  title: "a test",
  identity: "test",
  python: null,
  notices: [],
  licenceText: null,
  files: () => {
    throw new Error("nothing is read");
  },
  count: () => Promise.resolve(null),
};

let dir = "";

beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), "selfalign-publish-"));
  const summary = (file: string, content: object): void => {
    mkdirSync(path.join(dir, path.dirname(file)), { recursive: true });
    writeFileSync(path.join(dir, file), JSON.stringify(content));
  };
  const step = { rows: 40, failed: {} };
  const steps = { concepts: step, instructions: step, responses: step, dropped: {} };
  summary("seed_output/stats.json", { files: 1, functions: 10, kept: 10, rejected: {}, rejectedFiles: {} });
  summary("self_oss_output/stats.json", steps);
  summary("validation_output/validation_stats.json", {});
});

afterEach(() => rmSync(dir, { recursive: true }));

/** Publishes from `rows`; `readings` is how often they may be read before reading fails. */
async function publish(rows: readonly WithResult[], readings = 5, nearPairs = 0): Promise<boolean> {
  const run = await openRun(dir, {}, { version: "1" });
  let left = readings;
  const results: StageHandle<WithResult> = {
    plan: { name: "results", folder: "", main: "", side: [], order: "key", fingerprint: "" },
    rows: async function* () {
      if (left-- === 0) throw new Error("power cut");
      yield* await Promise.resolve(rows);
    },
    done: Promise.resolve({
      fingerprint: "",
      upstream: null,
      digest: String(rows.length),
      rows: rows.length,
    }),
    worked: false,
    find: () => Promise.resolve(null),
    close: () => Promise.resolve(),
  };
  try {
    const selection = { seed: 1, keep: 1, nearPairs };
    const benchmarks = await openDecontamination();
    return await publishDataset({ run, corpus, fingerprint: "f", results, benchmarks, selection });
  } finally {
    await run.release();
  }
}

const at = (file: string): string => path.join(dir, "final_dataset", file);
const lines = <Row>(file: string): Row[] =>
  readFileSync(at(file), "utf8")
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Row);
const files = (): Map<string, string> =>
  new Map(readdirSync(at("")).map((file) => [file, readFileSync(at(file), "latin1")]));

interface Row {
  readonly fingerprint: string;
  readonly instruction: string;
  readonly response: string;
  readonly split: string;
}

describe("publishDataset", () => {
  it("publishes the best answer to each instruction and a failing one beside it", async () => {
    expect(await publish(answers)).toBe(true);
    const rows = lines<Row>("instruction_dataset.jsonl");
    expect(rows.map(({ response }) => response).sort()).toEqual(
      Array.from({ length: 10 }, (_, n) => `answer 1 to ${n}`),
    );
    const pairs = lines<PreferencePair>("preference_pairs.jsonl");
    expect(pairs).toHaveLength(10);
    for (const { prompt, chosen, rejected, reason, fingerprint, split } of pairs) {
      expect(rows).toContainEqual(
        expect.objectContaining({ instruction: prompt, response: chosen, fingerprint, split }),
      );
      expect(rejected).toBe(chosen.replace("answer 1", "answer 2"));
      expect(reason).toBe("wrong: x == 1");
    }
  });

  it("says in statistics and card what it did", async () => {
    await publish(answers);
    const rows = lines<Row>("instruction_dataset.jsonl");
    const train = rows.filter(({ split }) => split === "train").length;
    expect(await readDatasetStats(dir)).toMatchObject({
      rows: 10,
      left: { wrong: 20, "not-the-best": 10 },
      splits: { train, test: 10 - train, grouping: "repository", clustered: false, groups: 5 },
      preferencePairs: 10,
    });
    const card = readFileSync(at("README.md"), "utf8");
    expect(card).toContain("`wrong` 20, `not-the-best` 10");
    expect(card).toContain("`preference_pairs.jsonl` holds 10 pairs");
    expect(card).toContain(`| \`train\` | ${train} |`);
  });

  it("does nothing twice, and all again where a file is missing", async () => {
    await publish(answers);
    const before = files();
    expect(await publish(answers)).toBe(false);
    rmSync(at("preference_pairs.jsonl"));
    expect(await publish(answers)).toBe(true);
    expect(files()).toEqual(before);
  });

  it.each([0, 1, 2, 3, 4])("comes to the same bytes after reading %i failed", async (reading) => {
    await publish(answers);
    const calm = files();
    rmSync(at(""), { recursive: true });
    await expect(publish(answers, reading)).rejects.toThrow("power cut");
    expect(await publish(answers)).toBe(true);
    expect(files()).toEqual(calm);
  });

  it("leaves the file of pairs empty where nothing failed beside a verified answer, and does not read for it", async () => {
    const lonely = answers.filter(({ result }) => result.verdict === "verified");
    await publish(answers);
    expect(await publish(lonely, 4)).toBe(true);
    expect(readFileSync(at("preference_pairs.jsonl"), "utf8")).toBe("");
    expect(readFileSync(at("README.md"), "utf8")).not.toContain("preference");
  });

  it("leaves out what repeats an earlier row, and says which and how", async () => {
    const [first] = answers.filter(({ result }) => result.verdict === "verified");
    if (first === undefined) throw new Error("no verified answer");
    const instruction =
      "Write a function that takes a list of readings and gives the longest run of them that never falls.";
    const rows = ["a", "b"].map((letter) => ({
      ...first,
      key: letter.repeat(40),
      group: letter,
      instruction: `${instruction} Name it ${letter}.`,
    }));
    expect(await publish(rows, 5, 0.5)).toBe(true);
    expect(lines<Row>("instruction_dataset.jsonl").map(({ fingerprint }) => fingerprint)).toEqual([
      "a".repeat(40),
    ]);
    const [left] = lines<{ fingerprint: string; reason: string; detail: string }>("left_out.jsonl");
    expect(left).toMatchObject({ fingerprint: "b".repeat(40), reason: "near-duplicate-pair" });
    expect(left?.detail).toContain(`${"a".repeat(40)}: `);
    // What is told of the splits is told of what is published.
    expect(await readDatasetStats(dir)).toMatchObject({ rows: 1, splits: { train: 1, test: 0 } });
  });

  it("keeps rows that are alike on one side where all are kept", async () => {
    const [first] = answers.filter(({ result }) => result.verdict === "verified");
    if (first === undefined) throw new Error("no verified answer");
    const topics = ["tides", "trains", "invoices", "chords", "glaciers"];
    const rows = Array.from({ length: 40 }, (_, n) => ({
      ...first,
      key: String(n + 100),
      group: String(n),
      provenance: { ...first.provenance, repository: `r${n}` },
      instruction: `Write a function about ${topics[n % 5] ?? ""} `.repeat(8),
      response: `${topics[n % 5] ?? ""} `.repeat(30),
    }));
    await publish(rows, 5, 0);
    const { splits } = await readDatasetStats(dir);
    // One answer that all give: one cluster, though forty repositories.
    expect(splits).toMatchObject({ train: 40, test: 0, clustered: true, groups: 1 });
  });
});
