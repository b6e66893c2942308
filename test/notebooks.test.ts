// How notebooks are kept: the rules stand here once, are tried on notebooks that break them, and hold for every
// committed one. A notebook that is not canonical is rewritten by `FIX_NOTEBOOKS=1 npx vitest run test/notebooks.test.ts`.
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { canonicalNotebook, parseNotebook, tagsOf, textOf, type Notebook } from "../src/notebook/nbformat.js";
import { code, markdown, notebookOf } from "./notebook/build.js";

const folder = path.join(import.meta.dirname, "../notebooks");

type Rule = (notebook: Notebook, text: string, file: string) => string | null;

const rules: readonly Rule[] = [
  (_, __, file) =>
    /^\d\d(_[a-z0-9]+){2,}\.ipynb$/.test(file) ? null : "the file's name is not NN_verb_object.ipynb",
  (notebook, text) =>
    text === canonicalNotebook(notebook)
      ? null
      : "it is not in canonical form (outputs, counts, metadata, key order): run FIX_NOTEBOOKS=1 npx vitest run test/notebooks.test.ts",
  ({ metadata }) => {
    const { kernelspec, language_info } = metadata;
    const expected = {
      kernelspec: { display_name: "TypeScript (tslab)", language: "typescript", name: "tslab" },
      language_info: { name: "typescript" },
    };
    return JSON.stringify(sortedKeys({ kernelspec, language_info })) === JSON.stringify(expected)
      ? null
      : `its metadata is not ${JSON.stringify(expected)}`;
  },
  ({ cells: [first] }) =>
    first?.cell_type === "markdown" && /^# \S.*\n+> \S/.test(textOf(first.source))
      ? null
      : "its first cell is not `# Title` and `> promise`",
  ({ cells }) =>
    cells.filter((cell) => cell.cell_type === "code" && tagsOf(cell).includes("parameters")).length === 1
      ? null
      : "not exactly one code cell is tagged `parameters`",
  ({ cells }) => {
    const foreign = cells.flatMap((cell) =>
      cell.cell_type === "code" ? importsOf(textOf(cell.source)) : [],
    );
    return foreign.length === 0
      ? null
      : `it imports ${foreign.join(", ")}: only selfalign, node:assert/strict and types may be imported`;
  },
  ({ cells }) => {
    const last = cells.filter((cell) => cell.cell_type === "code").at(-1);
    return last && /\bassert/.test(textOf(last.source)) ? null : "its last code cell asserts nothing";
  },
  ({ cells, nbformat_minor: minor }) => {
    const ids = cells.map((cell) => cell.id ?? "");
    const unique = new Set(ids).size === ids.length && !ids.includes("");
    return minor >= 5 && unique ? null : "its cells have no unique ids (nbformat 4.5)";
  },
];

/** What is wrong with a notebook; nothing for a clean one. */
function faults(text: string, file: string): readonly string[] {
  const notebook = parseNotebook(text, file);
  return rules.flatMap((rule) => rule(notebook, text, file) ?? []);
}

/** What a cell may load: the front door, and Node's asserts for its last cell. */
const allowed = ["selfalign", "node:assert/strict"];

/** Other modules that a cell loads for more than types. */
function importsOf(source: string): readonly string[] {
  const statements = source.matchAll(/\bimport\s+(?!type\b)(?:[^"'`;()]*?\bfrom\s*)?["']([^"']+)["']/g);
  const calls = source.matchAll(/\b(?:require|import)\s*\(\s*["'`]([^"'`]+)/g);
  return [...statements, ...calls].flatMap(([, name]) =>
    name === undefined || allowed.includes(name) ? [] : [name],
  );
}

function sortedKeys(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sortedKeys(inner)]));
}

const good = notebookOf(
  markdown("# Gather seeds\n\n> Functions that can stand alone, from real code."),
  code('import * as lab from "selfalign";\nimport type { Layout } from "plotly.js-dist-min";'),
  code("let count = 20;", "parameters"),
  code("lab.assert(count > 0);"),
);

describe("the rules", () => {
  it("find nothing wrong with a clean notebook", () => {
    expect(faults(canonicalNotebook(good), "01_gather_seeds.ipynb")).toEqual([]);
  });

  const [title, imports, parameters, asserts] = good.cells;
  const only = (...cells: readonly (typeof title)[]): Notebook => ({
    ...good,
    cells: cells.flatMap((cell) => cell ?? []),
  });
  const bad: readonly (readonly [string, string, string])[] = [
    ["a name without number or object", canonicalNotebook(good), "seeds.ipynb"],
    ["indent 2", JSON.stringify(good, null, 2), "01_a_b.ipynb"],
    ["no newline at the end", canonicalNotebook(good).trimEnd(), "01_a_b.ipynb"],
    [
      "an output",
      canonicalNotebook(good).replace('"execution_count": null', '"execution_count": 3'),
      "01_a_b.ipynb",
    ],
    [
      "foreign metadata",
      JSON.stringify({ ...good, metadata: { ...good.metadata, widgets: {} } }, null, 1),
      "01_a_b.ipynb",
    ],
    [
      "another kernel",
      canonicalNotebook({ ...good, metadata: { kernelspec: { name: "python3" } } }),
      "01_a_b.ipynb",
    ],
    ["no title", canonicalNotebook(only(imports, parameters, asserts)), "01_a_b.ipynb"],
    [
      "no promise",
      canonicalNotebook(only({ ...markdown("# T"), id: "t" }, parameters, asserts)),
      "01_a_b.ipynb",
    ],
    ["no parameters", canonicalNotebook(only(title, imports, asserts)), "01_a_b.ipynb"],
    ["no asserts at the end", canonicalNotebook(only(title, imports, parameters)), "01_a_b.ipynb"],
    [
      "two cells with one id",
      canonicalNotebook(only(title, parameters, { ...code("1"), id: "c4" }, asserts)),
      "01_a_b.ipynb",
    ],
  ];

  it.each(bad)("find %s", (_, text, file) => {
    expect(faults(text, file)).toHaveLength(1);
  });

  it.each([
    'import * as fs from "node:fs";',
    'import { a,\n  b } from "other";',
    'import "side-effect";',
    'const x = require("fs");',
    "const x = await import(`zx`);",
    'import * as own from "../dist/index.js";',
  ])("find a foreign import in %s", (source) => {
    const text = canonicalNotebook(only(title, { ...code(source), id: "foreign" }, parameters, asserts));
    expect(faults(text, "01_a_b.ipynb")).toEqual([expect.stringContaining("it imports")]);
  });
});

describe("committed notebooks", () => {
  const files = existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith(".ipynb")) : [];

  it("keep the rules, each of them", () => {
    for (const file of process.env["FIX_NOTEBOOKS"] === "1" ? files : []) {
      const at = path.join(folder, file);
      writeFileSync(at, canonicalNotebook(parseNotebook(readFileSync(at, "utf8"), file)));
    }
    const found = files.map(
      (file) => [file, faults(readFileSync(path.join(folder, file), "utf8"), file)] as const,
    );
    expect(found.filter(([, wrong]) => wrong.length > 0)).toEqual([]);
  });
});

describe("the committed kernelspec", () => {
  it("starts the tslab of this repository", () => {
    const file = path.join(import.meta.dirname, "../.jupyter/kernels/tslab/kernel.json");
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({
      argv: ["npx", "--no", "tslab", "kernel", "--config-path={connection_file}"],
      display_name: "TypeScript (tslab)",
      language: "typescript",
    });
  });
});
