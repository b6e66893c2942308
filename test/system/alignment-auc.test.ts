// How well the overlap of words tells matched pairs of docstring and code from mismatched ones: `npm run bench -- alignment`
// as anyone can run it, held to floors.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { expect, it } from "vitest";

interface Row {
  readonly name: "visible" | "hidden";
  readonly negatives: "other files" | "same file";
  readonly pairs: number;
  readonly auc: number;
}

it("tells a docstring's own code from other code of the standard library", () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "alignment-auc-"));
  const json = path.join(folder, "alignment.json");
  const script = path.resolve(import.meta.dirname, "../../scripts/bench.mjs");
  execFileSync(process.execPath, [script, "alignment", "--json", json], { stdio: "pipe" });
  const { rows } = JSON.parse(readFileSync(json, "utf8")) as { readonly rows: readonly Row[] };
  rmSync(folder, { recursive: true });
  expect(rows.every(({ pairs }) => pairs >= 1_000)).toBe(true);
  const auc = (name: Row["name"], negatives: Row["negatives"]) =>
    rows.find((row) => row.name === name && row.negatives === negatives)?.auc;
  expect(auc("visible", "other files")).toBeGreaterThan(0.95);
  expect(auc("hidden", "other files")).toBeGreaterThan(0.93);
  // It knows words, not meaning: neighbours that speak of the same things are told apart far less well.
  expect(auc("visible", "same file")).toBeGreaterThan(0.77);
  expect(auc("hidden", "same file")).toBeGreaterThan(0.73);
});
