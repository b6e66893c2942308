// Our style findings and complexities against pycodestyle, pydocstyle, mccabe and radon: `npm run bench -- metrics` as
// anyone can run it, held to floors. It prints what each code agrees in.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect, it } from "vitest";
import { pythonWith } from "./python.js";

interface Row {
  readonly tool: string;
  readonly code: string;
  readonly kind: string;
  readonly ours: number;
  readonly theirs: number;
  readonly both: number;
  readonly agreement: number;
}

const PACKAGES = ["pycodestyle", "pydocstyle", "mccabe", "radon"];

it("agrees with Python's own tools on 300 files of the standard library", (context) => {
  const python = pythonWith(...PACKAGES);
  if (python === null)
    return context.skip(`no Python with ${PACKAGES.join(", ")}; SELFALIGN_PYTHON may name one`);
  const folder = mkdtempSync(path.join(os.tmpdir(), "metrics-oracle-"));
  const json = path.join(folder, "metrics.json");
  const script = path.resolve(import.meta.dirname, "../../scripts/bench.mjs");
  execFileSync(process.execPath, [script, "metrics", "--python", python, "--json", json], { stdio: "pipe" });
  const { rows, figures } = JSON.parse(readFileSync(json, "utf8")) as {
    readonly rows: readonly Row[];
    readonly figures: Readonly<Record<string, number>>;
  };
  rmSync(folder, { recursive: true });
  expect(figures["files"]).toBe(300);
  expect(figures["agreement with pycodestyle, shared checks"]).toBeGreaterThan(0.98);
  expect(figures["the same without E262, the most frequent"]).toBeGreaterThan(0.97);
  expect(figures["agreement with pydocstyle, shared checks"]).toBeGreaterThan(0.98);
  expect(figures["functions as complex as mccabe says"]).toBe(1);
  expect(figures["functions as complex as radon says"]).toBe(1);
  // Of the codes that are found often none agrees badly but two, where ruff is the more lenient; the table says how.
  const often = rows.filter(({ kind, theirs }) => kind === "shared" && theirs >= 50);
  expect(often.length).toBeGreaterThan(25);
  expect(often.filter(({ agreement }) => agreement < 0.9).map(({ code }) => code)).toEqual(["E301", "E722"]);
});
