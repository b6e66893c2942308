// Our reading of Python against CPython's own on a large corpus of the caller's: SELFALIGN_CORPUS names a folder,
// SELFALIGN_PYTHON the interpreter that judges (default python3). Prints how often each fact agreed, and every difference.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import type { SourceFile } from "../../src/core/record.js";
import { openCorpus } from "../../src/corpus/open.js";
import { loadGrammar } from "../../src/python/syntax.js";
import { compareText, emptyComparison, type OracleFacts } from "../python/oracle.js";

const FOLDER = process.env.SELFALIGN_CORPUS;
const PYTHON = process.env.SELFALIGN_PYTHON ?? "python3";
/** Files compared at most, in a drawn order, and how many go to Python at once. */
const FILES = 6_000;
const BATCH = 250;

const program = `${readFileSync(new URL("../system/oracle.py", import.meta.url), "utf8")}
for text in json.load(sys.stdin):
    print(facts(text))
`;

function judged(texts: readonly string[]): (OracleFacts | null)[] {
  const answer = execFileSync(PYTHON, ["-c", program], { input: JSON.stringify(texts), maxBuffer: 2 ** 30 });
  const lines = answer.toString().trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line) as OracleFacts | null);
}

it.skipIf(FOLDER === undefined)(
  "agrees with CPython about functions and free names (skipped without SELFALIGN_CORPUS)",
  async () => {
    await loadGrammar();
    const comparison = emptyComparison();
    let [compared, refused] = [0, 0];
    const compare = (files: readonly SourceFile[]): void => {
      const facts = judged(files.map(({ text }) => text));
      for (const [at, { path, text }] of files.entries()) {
        const expected = facts[at];
        if (!expected) refused++;
        else compareText(path, text, expected, comparison);
      }
      compared += files.length;
    };
    let batch: SourceFile[] = [];
    for await (const item of (await openCorpus(`folder:${FOLDER ?? ""}`)).files({ seed: 0 })) {
      if ("file" in item) batch.push(item.file);
      if (batch.length === BATCH) {
        compare(batch);
        batch = [];
      }
      if (compared >= FILES) break;
    }
    if (batch.length > 0) compare(batch);
    const share = (fact: string): number => {
      const wrong = comparison.differences.filter((line) => line.includes(`: ${fact} is`)).length;
      return 1 - wrong / (comparison.compared[fact] ?? 0);
    };
    const shares = Object.fromEntries(Object.keys(comparison.compared).map((fact) => [fact, share(fact)]));
    console.log(`${compared} files, ${refused} that Python refuses`, comparison.compared, shares);
    console.log(comparison.differences.join("\n"));
    for (const fact of [
      "found",
      "docstring",
      "returnsValue",
      "parameters",
      "params",
      "annotatedParams",
      "returnAnnotated",
    ])
      expect(share(fact), fact).toBeGreaterThanOrEqual(0.999);
    expect(share("freeNames"), "freeNames").toBeGreaterThanOrEqual(0.996);
  },
);
