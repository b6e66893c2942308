import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { InputError } from "../../src/core/errors.js";
import { toSample } from "../../src/dataset/columns.js";
import { DATASET_FOLDER, exportDataset, JSONL_FILE } from "../../src/dataset/export.js";
import { TRAINING_TEMPLATE } from "../../src/dataset/template.js";
import { exportTo, type ExportToOptions } from "../../src/dataset/training.js";
import { rowsOf } from "./rows.js";

const samples = rowsOf(24).map((row, id) => toSample(row, id));
let dir = "";
const out = (): string => path.join(dir, "train.jsonl");

beforeEach(async () => {
  dir = await mkdtemp(path.join(tmpdir(), "selfalign-training-"));
  await exportDataset(rowsOf(24), path.join(dir, DATASET_FOLDER));
});

afterEach(() => rm(dir, { recursive: true }));

async function exported(options?: ExportToOptions): Promise<readonly Record<string, unknown>[]> {
  const rows = await exportTo(dir, out(), options);
  const lines = (await readFile(out(), "utf8")).split("\n").slice(0, -1);
  expect(lines).toHaveLength(rows);
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe("exportTo", () => {
  it("writes what was asked and answered as chat messages", async () => {
    expect(await exported({ split: "all" })).toEqual(
      samples.map(({ id, verdict, instruction, response }) => ({
        id,
        verdict,
        messages: [
          { role: "user", content: instruction },
          { role: "assistant", content: response },
        ],
      })),
    );
  });

  it("writes prompts and completions that together are the template filled in, and the same as one text", async () => {
    const pairs = await exported({ format: "prompt-completion", split: "all" });
    const texts = await exported({ format: "text", split: "all" });
    samples.forEach(({ id, verdict, instruction, response }, n) => {
      const whole = TRAINING_TEMPLATE.split("{{ instruction }}").join(instruction);
      const text = whole.split("{{ response }}").join(response);
      const { prompt, completion } = pairs[n] as { prompt: string; completion: string };
      expect(prompt + completion).toBe(text);
      expect(completion).toBe(response);
      expect(pairs[n]).toEqual({ id, verdict, prompt, completion });
      expect(texts[n]).toEqual({ id, verdict, text });
    });
  });

  it("fills in a template that is given", async () => {
    const [first] = await exported({
      format: "text",
      split: "all",
      template: "<{{ instruction }}|{{ response }}>",
    });
    expect(first?.["text"]).toBe(`<${samples[0]?.instruction}|${samples[0]?.response}>`);
  });

  it("writes the rows to learn from unless asked for others", async () => {
    const idsOf = async (split?: "train" | "test"): Promise<unknown[]> =>
      (await exported(split === undefined ? {} : { split })).map(({ id }) => id);
    const wanted = (split: string): number[] =>
      samples.filter((row) => row.split === split).map(({ id }) => id);
    expect(wanted("test").length).toBeGreaterThan(0);
    expect(await idsOf()).toEqual(wanted("train"));
    expect(await idsOf("test")).toEqual(wanted("test"));
  });

  it("leaves what was there, and nothing else, when the dataset is damaged", async () => {
    await writeFile(out(), "before");
    const file = path.join(dir, DATASET_FOLDER, JSONL_FILE);
    await writeFile(file, `${await readFile(file, "utf8")}{"id": 24, "instr`);
    await expect(exportTo(dir, out())).rejects.toThrow(/line 25 ends in the middle/u);
    expect(await readFile(out(), "utf8")).toBe("before");
    expect((await readdir(dir)).sort()).toEqual([DATASET_FOLDER, "train.jsonl"]);
  });

  it("refuses a dataset without splits, as an earlier version wrote it", async () => {
    const { split, ...old } = samples[0] ?? {};
    expect(split).toBeDefined();
    await writeFile(path.join(dir, DATASET_FOLDER, JSONL_FILE), `${JSON.stringify(old)}\n`);
    await expect(exportTo(dir, out())).rejects.toThrow(
      /without id, verdict, split.*run the stage dataset again/u,
    );
  });

  it("tells a person what can't be done", async () => {
    const refused = async (wanted: RegExp, to = out(), options: object = {}, from = dir): Promise<void> => {
      const failure = exportTo(from, to, options);
      await expect(failure).rejects.toThrow(InputError);
      await expect(failure).rejects.toThrow(wanted);
    };
    await refused(/format "chatml" does not exist: choose from messages, prompt-completion, text/u, out(), {
      format: "chatml",
    });
    await refused(/split "dev" does not exist: choose from train, test, all/u, out(), { split: "dev" });
    await refused(/a template has no place in messages/u, out(), { template: TRAINING_TEMPLATE });
    await refused(/a template must hold/u, out(), { format: "text", template: "no places" });
    await refused(/holds no finished dataset/u, out(), {}, path.join(dir, "nowhere"));
    await refused(/can't be packed/u, `${out()}.gz`);
    await refused(/lies in the dataset's own folder/u, path.join(dir, DATASET_FOLDER, JSONL_FILE));
    await refused(/can't be written \(ENOENT\)/u, path.join(dir, "nowhere", "train.jsonl"));
    await mkdir(path.join(dir, "folder"));
    await refused(/can't be written \(EISDIR\)/u, path.join(dir, "folder"));
    expect(await readdir(dir)).not.toContain("train.jsonl");
  });
});
