import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, it } from "vitest";
import { InputError } from "../../src/core/errors.js";
import { readBenchmark } from "../../src/overlap/benchmarks.js";

const folder = mkdtempSync(path.join(os.tmpdir(), "selfalign-benchmarks-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function written(name: string, content: string | Uint8Array): string {
  const file = path.join(folder, name);
  writeFileSync(file, content);
  return file;
}

const lines = (...rows: unknown[]): string => rows.map((row) => `${JSON.stringify(row)}\n`).join("");

describe("readBenchmark", () => {
  it("reads HumanEval's layout, gzip or not", async () => {
    const row = {
      task_id: "HumanEval/3",
      prompt:
        'def help(a):\n    """Helps."""\n\ndef f(x):\n    """ Doubles x.\n    >>> f(1)\n    2\n    """\n',
      canonical_solution: "    return 2 * x\n",
      entry_point: "f",
    };
    const [item] = await readBenchmark(written("HumanEval.jsonl.gz", gzipSync(lines(row))));
    expect(item).toEqual({
      benchmark: "HumanEval",
      item: "HumanEval/3",
      code: row.prompt + row.canonical_solution,
      docstring: " Doubles x.\n    >>> f(1)\n    2\n    ",
    });
  });

  it("reads MBPP's layouts, lines or an array, and any line ends", async () => {
    const rows = [
      { task_id: 11, text: "Write a function.", code: "def f():\r\n  pass" },
      { task_id: 12, prompt: "Another one.", code: "def g(): pass" },
    ];
    const expected = [
      { benchmark: "MBPP", item: "MBPP/11", code: "def f():\n  pass", docstring: "Write a function." },
      { benchmark: "MBPP", item: "MBPP/12", code: "def g(): pass", docstring: "Another one." },
    ];
    expect(await readBenchmark(written("a.jsonl", lines(...rows)), "MBPP")).toEqual(expected);
    expect(await readBenchmark(written("a.json", JSON.stringify(rows, null, 2)), "MBPP")).toEqual(expected);
  });

  it("reads DS-1000's layout", async () => {
    const [first, second] = await readBenchmark(
      path.resolve(import.meta.dirname, "../fixtures/overlap/ds1000.jsonl"),
    );
    expect(first).toMatchObject({ benchmark: "ds1000", item: "ds1000/0" });
    expect(first?.docstring).toContain("keep only the rows");
    expect(first?.docstring).not.toMatch(/Problem:|solution code|<code>|import pandas/);
    expect(first?.code).toContain("groupby");
    expect(second?.item).toBe("ds1000/1");
  });

  it("says where a file is wrong", async () => {
    const refused = (name: string, text: string): Promise<unknown> => readBenchmark(written(name, text));
    await expect(readBenchmark(path.join(folder, "none.jsonl"))).rejects.toThrow(/none\.jsonl" is not there/);
    await expect(refused("b.jsonl", "")).rejects.toThrow(/has no rows/);
    await expect(refused("c.jsonl", '{"prompt": "a", "code": "b"}\n{"a"')).rejects.toThrow(
      /line 2 is not JSON/,
    );
    await expect(refused("d.jsonl", '\n{"question": "?"}\n')).rejects.toThrow(/line 2: expected "prompt"/);
    await expect(refused("e.json", "[3]")).rejects.toThrow(InputError);
  });
});
