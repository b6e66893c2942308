import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { InputError } from "../../src/core/errors.js";
import {
  canonicalNotebook,
  notebookText,
  parseNotebook,
  readNotebook,
  textOf,
} from "../../src/notebook/nbformat.js";
import { injectParameters } from "../../src/notebook/parameters.js";
import { createRecorder } from "../../src/notebook/record.js";
import { childEnvironment } from "../../src/notebook/execute.js";
import { code, markdown, notebookOf } from "./build.js";

describe("the canonical form", () => {
  const used = {
    ...notebookOf(markdown("# T\n\n> p"), code("1\n2", "parameters")),
    metadata: {
      widgets: {},
      language_info: { version: "5", name: "typescript" },
      kernelspec: { name: "tslab" },
    },
  };

  it("has sorted keys, one space of indent, sources as lines, no outputs, and only our metadata", () => {
    const cell = {
      ...code("1\n2", "parameters"),
      execution_count: 7,
      outputs: [],
      metadata: { tags: ["parameters"], x: 1 },
    };
    const text = canonicalNotebook({ ...used, cells: [markdown("# T\n\n> p"), cell] });
    expect(text).toBe(
      readFileSync(new URL("../fixtures/notebooks/canonical.ipynb", import.meta.url), "utf8"),
    );
  });

  it("does not change what is canonical, and keeps ids and every character of a source", () => {
    const once = canonicalNotebook(used);
    const parsed = parseNotebook(once, "once");
    expect(canonicalNotebook(parsed)).toBe(once);
    expect(parsed.cells.map((cell) => [cell.id, textOf(cell.source)])).toEqual([
      ["c1", "# T\n\n> p"],
      ["c2", "1\n2"],
    ]);
  });

  it("sorts keys at every depth", () => {
    const text = notebookText({ ...used, metadata: { b: { d: 1, c: [{ z: 1, y: 2 }] }, a: 1 } });
    expect(text.indexOf('"a"')).toBeLessThan(text.indexOf('"b"'));
    expect(text).toMatch(/"c": \[\n\s+\{\n\s+"y": 2,\n\s+"z": 1\n\s+\}\n\s+\],\n\s+"d": 1/);
  });
});

describe("reading", () => {
  it("says what is wrong with a file", async () => {
    await expect(readNotebook("/nowhere/x.ipynb")).rejects.toThrow(InputError);
    expect(() => parseNotebook("{", "x")).toThrow('Notebook "x" is no JSON');
    expect(() => parseNotebook('{"nbformat":3}', "x")).toThrow("not nbformat 4");
    expect(() => parseNotebook('{"nbformat":4,"nbformat_minor":5,"metadata":{},"cells":[{}]}', "x")).toThrow(
      InputError,
    );
  });
});

describe("parameters", () => {
  const notebook = notebookOf(markdown("# T"), code("let n = 1;", "parameters"), code("n"));

  it("come right after the cell that declares them, in place of older ones", () => {
    const first = injectParameters(notebook, { n: 2 }, "x").notebook;
    const { notebook: second, declaredAt } = injectParameters(first, { n: [1, "a"] }, "x");
    expect(declaredAt).toBe(1);
    expect(second.cells.map((cell) => textOf(cell.source))).toEqual([
      "# T",
      "let n = 1;",
      'let n = [1,"a"];',
      "n",
    ]);
    expect(injectParameters(second, {}, "x").notebook.cells).toEqual(notebook.cells);
  });

  it("are refused where there is no place for them, or no such name", () => {
    expect(() => injectParameters(notebookOf(code("1")), { n: 1 }, "x")).toThrow('tagged "parameters"');
    expect(() => injectParameters(notebook, { "n; evil()": 1 }, "x")).toThrow(InputError);
  });
});

describe("the record of a run", () => {
  it("updates a display in place, wherever it was shown", () => {
    const recorder = createRecorder(notebookOf(code("1"), code("2")));
    const shown = (text: string) =>
      ({ output_type: "display_data", data: { "text/plain": text }, metadata: {} }) as const;
    recorder.begin(0);
    recorder.add(shown("a"), "id");
    recorder.add({ output_type: "stream", name: "stdout", text: "x" }, null);
    recorder.begin(1);
    recorder.add(shown("b"), "id");
    recorder.update(shown("c"), "id");
    recorder.update(shown("nobody's"), "other");
    expect(recorder.notebook().cells).toMatchObject([
      { execution_count: 1, outputs: [{ data: { "text/plain": ["c"] } }, { text: ["x"] }] },
      { execution_count: 2, outputs: [{ data: { "text/plain": ["c"] } }] },
    ]);
  });
});

describe("the environment of cells", () => {
  it("holds no secret of the parent unless it is asked for by name", () => {
    const parent = {
      PATH: "/bin",
      HF_TOKEN: "a",
      my_password: "b",
      AWS_SECRET_KEY: "c",
      OPENAI_API_KEY: "d",
      APIKEY: "e",
    };
    expect(childEnvironment(parent, {})).toEqual({ PATH: "/bin" });
    expect(childEnvironment(parent, { HF_TOKEN: "f" })).toEqual({ PATH: "/bin", HF_TOKEN: "f" });
  });
});
