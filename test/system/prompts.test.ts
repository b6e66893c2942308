// The worked examples of the shipped prompt sets are true: each is run as a model's answer would be. And our Jinja is
// Python's.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { WorkedExample } from "../../src/instruct/examples.js";
import { proveExamples } from "../../src/instruct/proof.js";
import { openPrompts, SHIPPED_PROMPTS } from "../../src/instruct/prompts.js";
import { STEPS } from "../../src/instruct/stage.js";
import { openDecontamination } from "../../src/overlap/decontaminate.js";
import { loadGrammar } from "../../src/python/syntax.js";
import { backends } from "./backends.js";
import { askPython, pythonWith } from "./python.js";

/** The native one where there is one, which is quicker: mutants are tried on it only. */
const quickest = backends.at(-1);

const PROMPTS = path.resolve(import.meta.dirname, "../../prompts");
const base = mkdtempSync(path.join(tmpdir(), "selfalign-proof-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

let examples: readonly WorkedExample[];
beforeAll(async () => {
  await loadGrammar();
  examples = (await openPrompts("starcoder2")).examples;
});

describe("the worked examples", () => {
  test("are the same in every shipped set: enough, varied, few of them easy", async () => {
    for (const name of SHIPPED_PROMPTS) expect((await openPrompts(name)).examples).toEqual(examples);
    expect(examples.length).toBeGreaterThanOrEqual(16);
    const easy = examples.filter(({ difficulty }) => difficulty === "easy");
    const hard = examples.filter(({ difficulty }) => difficulty === "hard");
    expect(easy.length).toBeLessThanOrEqual(2);
    expect(hard.length).toBeGreaterThanOrEqual(4);
    expect(examples.filter(({ concepts }) => concepts.length < 3 || concepts.length > 6)).toEqual([]);
    expect(
      examples.filter(({ instruction, concepts }) => concepts.some((c) => instruction.includes(c))),
    ).toEqual([]);
    expect(
      examples.filter(({ tests }) => tests.split("\n").some((line) => /^(?!assert |[ )])/.test(line))),
    ).toEqual([]);
  });

  test.each(backends)(
    "hold in $backend, well tested and well written, and copy no benchmark",
    async ({ backend, open }) => {
      const sandbox = await open({ timeoutMs: 10_000 });
      const decontamination = await openDecontamination();
      const mutants = backend === quickest?.backend ? 12 : 0;
      const proofs = await proveExamples(examples, { sandbox, decontamination, mutants }).finally(() =>
        sandbox.close(),
      );
      expect(proofs.filter(({ holds }) => !holds)).toEqual([]);
      expect(proofs.map(({ judged }) => judged.verdict)).toEqual(examples.map(() => "verified"));
      for (const { example, judged, metrics } of proofs) {
        expect(judged.asserts, example).toBeGreaterThanOrEqual(4);
        if (mutants > 0) expect(judged.mutationScore, example).toBeGreaterThanOrEqual(0.8);
        expect({ example, ...metrics }).toMatchObject({
          pep8: 0,
          docstring: 0,
          annotationCoverage: 1,
          formatChanged: 0,
        });
      }
    },
  );
});

test("an example that is wrong, weak, copied or teaches what another one teaches does not hold", async () => {
  const [first, second, third, fourth, fifth] = examples;
  if (!first || !second || !third || !fourth || !fifth || !quickest)
    throw new Error("internal: too few examples");
  const benchmark = path.join(base, "own.jsonl");
  writeFileSync(
    benchmark,
    JSON.stringify({ text: "A task of another wording.", code: third.implementation }),
  );
  const sandbox = await quickest.open();
  const proofs = await proveExamples(
    [
      { ...first, tests: `${first.tests}\nassert ${first.tests.slice(7).split(" == ")[0] ?? ""} == 12345` },
      { ...second, tests: `assert ${/def (\w+)/.exec(second.implementation)?.[1] ?? ""}` },
      third,
      fourth,
      { ...fifth, concepts: ["something new", (fourth.concepts[0] ?? "").toUpperCase()] },
    ],
    { sandbox, decontamination: await openDecontamination({ lists: [benchmark] }), mutants: 2 },
  ).finally(() => sandbox.close());
  expect(proofs.map(({ holds }) => holds)).toEqual([false, false, false, false, false]);
  expect(proofs[0]?.judged.verdict).toBe("wrong");
  expect(proofs[1]?.judged.verdict).not.toBe("verified");
  expect(proofs[2]).toMatchObject({
    judged: { verdict: "verified" },
    contamination: { benchmark: "own", kind: "code" },
  });
  expect(proofs[3]?.shared).toEqual([fourth.concepts[0]]);
  expect(proofs[4]?.shared).toEqual([(fourth.concepts[0] ?? "").toUpperCase()]);
});

const python = pythonWith("jinja2");
if (python === null)
  console.warn("skipped: no Python with jinja2, to compare our rendering of templates with");

test.runIf(python !== null)("templates give in Python's Jinja what they give here", async () => {
  const set = await openPrompts("starcoder2");
  const items = {
    concepts: { snippet: 'def f(x):\n    return f"{{{x}}}"  # {% raw %}\n' },
    instructions: { concepts: ["a b", "c"], difficulty: "hard" },
    responses: { instruction: "Write `f`, which {{ doubles }} its argument." },
  } as const;
  const ours = [
    set.render("concepts", items.concepts, 1),
    set.render("instructions", items.instructions, 2),
    set.render("responses", items.responses, 3),
  ];
  const jobs = STEPS.map((step, at) => ({
    template: readFileSync(path.join(PROMPTS, "starcoder2", `${step}.jinja`), "utf8"),
    values: {
      ...items[step],
      ...(step === "instructions" ? { concepts: items.instructions.concepts.join(", ") } : {}),
      shots: set.shots(step, at + 1).map((shot) => ({ ...shot, concepts: shot.concepts.join(", ") })),
    },
  }));
  const script = `
import json, sys, jinja2
env = jinja2.Environment(trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined)
print(json.dumps([env.from_string(job["template"]).render(job["values"]).rstrip() for job in json.load(sys.stdin)]))`;
  expect(ours).toEqual(askPython(python ?? "", script, jobs));
});
