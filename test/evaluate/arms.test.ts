import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { InputError } from "../../src/core/errors.js";
import type { Verdict } from "../../src/core/record.js";
import { uniforms } from "../../src/core/random.js";
import { writeArms, type ArmRow, type ArmsOptions } from "../../src/evaluate/arms.js";

const base = mkdtempSync(path.join(tmpdir(), "selfalign-arms-"));
afterAll(() => {
  rmSync(base, { recursive: true });
});

/** Words that no other text has. */
const words = (name: string): string => Array.from({ length: 30 }, (_, at) => `${name}w${at}`).join(" ");

function rowOf(at: number, file: string, verdict: Verdict, text = words(`r${at}`)): ArmRow {
  const code = `def f${at}(x):\n    return x + ${at}\n`;
  return {
    key: `key${at}`,
    group: `group${at}`,
    provenance: { source: "s", repository: "r", revision: null, path: file, licence: null, ...lines },
    instruction: text,
    response: `${words(`a${at}`)}\n\n\`\`\`python\n${code}\`\`\`\n`,
    code,
    tests: [{ origin: "model", source: `assert f${at}(1) == ${at + 1}` }],
    result: { ...result, verdict },
  };
}

const lines = { startLine: 1, endLine: 2 };
const result: Omit<ArmRow["result"], "verdict"> = {
  ...{ message: null, line: null, asserts: 1, killsStub: true, mutationScore: null, suspicions: [] },
  ...{ mode: "split" as const, backend: "none", interpreter: "none" },
};

/** 60 rows of 20 files, two of three verified. */
const rows = Array.from({ length: 60 }, (_, at) =>
  rowOf(at, `f${at % 20}.py`, at % 3 === 1 ? "wrong" : "verified"),
);

let folders = 0;

async function armsOf(some: readonly ArmRow[], options: ArmsOptions = {}): ReturnType<typeof writeArms> {
  return writeArms(some, path.join(base, `${folders++}`), options);
}

type Read = Readonly<Record<string, string>>;
const read = (file: string): Read[] =>
  readFileSync(file, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Read);
const fileOf = new Map(rows.map(({ key, provenance }) => [key, provenance.path]));

describe("arms", () => {
  it("are everything, what is verified of it, and as much of it at random, with every seed", async () => {
    const { arms, split, heldOutRows } = await armsOf(rows);
    expect(arms.map(({ name, seed }) => `${name} ${seed}`)).toEqual(
      [0, 1, 2].flatMap((seed) => ["everything", "filtered", "random"].map((name) => `${name} ${seed}`)),
    );
    const keys = (at: number): readonly (string | undefined)[] =>
      read(arms[at]?.file ?? "").map(({ key }) => key);
    const [everything, filtered, random, other] = [keys(0), keys(1), keys(2), keys(5)];
    expect(everything).toHaveLength(split.train);
    expect(split.test).toBeLessThanOrEqual(15);
    expect(heldOutRows).toBeGreaterThan(0);
    expect(new Set(read(arms[1]?.file ?? "").map(({ verdict }) => verdict))).toEqual(new Set(["verified"]));
    const right = read(arms[0]?.file ?? "").filter(({ verdict }) => verdict === "verified");
    expect(filtered).toEqual(right.map(({ key }) => key));
    for (const drawn of [random, other]) {
      expect(new Set(drawn).size).toBe(filtered.length);
      expect(drawn.filter((key) => !everything.includes(key))).toEqual([]);
    }
    expect(new Set(random)).not.toEqual(new Set(other));
    expect(arms.map(({ rows: count }) => count).slice(0, 3)).toEqual(
      [everything, filtered, random].map(({ length }) => length),
    );
  });

  it("learn from no file that is held out, whatever the seed of the split", async () => {
    for (const splitSeed of [0, 1, 2, 3]) {
      const { arms, heldOut } = await armsOf(rows, { splitSeed });
      const learned = new Set(arms.flatMap(({ file }) => read(file).map(({ key = "" }) => fileOf.get(key))));
      const held = read(heldOut).map(({ id = "" }) => fileOf.get(id));
      expect(held.filter((file) => learned.has(file))).toEqual([]);
      expect(held.length).toBeGreaterThan(0);
    }
  });

  it("learn nothing that nearly repeats what is held out, be it through a third row", async () => {
    const draw = uniforms(5, "alike");
    // Rows of different files that ask nearly the same: 40 pairs, and a chain of three.
    const alike = Array.from({ length: 80 }, (_, at) => {
      const own = words(`p${at >> 1}`);
      return rowOf(at, `g${at}.py`, draw() < 0.7 ? "verified" : "wrong", at % 2 === 0 ? own : `${own} more`);
    });
    // The first asks what the second does, and that answers what the third does.
    const chain = ["left", "left", "right"].map((text, at) =>
      rowOf(90 + at, `h${at}.py`, "verified", words(text)),
    );
    const linked = chain.map((row, at) => (at === 0 ? row : { ...row, response: words("same") }));
    for (const splitSeed of [0, 1, 2]) {
      const { arms, heldOut } = await armsOf([...alike, ...linked], { splitSeed });
      const names = (file: string): string[] =>
        read(file).map(
          ({ prompt = "" }) =>
            /\b(p\d+|left|right)w0\b/.exec(prompt)?.[1]?.replace("right", "left") ?? "none",
        );
      const learned = new Set(arms.flatMap(({ file }) => names(file)));
      expect(names(heldOut).filter((name) => learned.has(name))).toEqual([]);
      expect(names(heldOut)).not.toContain("none");
    }
  });

  it("are measured on what is verified, each instruction once, asked as the model was taught", async () => {
    const twice = rows.flatMap((row) => [row, { ...row, key: `${row.key}b`, index: 1 }]);
    const { heldOut, heldOutRows, arms } = await armsOf(twice, {
      template: "Q {{ instruction }}\nA {{ response }}!",
    });
    const problems = read(heldOut);
    expect(problems).toHaveLength(heldOutRows);
    expect(new Set(problems.map(({ prompt }) => prompt)).size).toBe(heldOutRows);
    for (const { id, prompt, text, tests } of problems) {
      const row = rows.find(({ key }) => key === id);
      expect(row?.result.verdict).toBe("verified");
      expect(prompt).toBe(`Q ${row?.instruction ?? ""}\nA `);
      expect(text).toBe(`${row?.response ?? ""}!`);
      expect(tests).toBe(`${row?.tests[0]?.source ?? ""}\n`);
    }
    expect(read(arms[0]?.file ?? "")[0]?.["prompt"]).toMatch(/^Q .*\nA $/);
  });

  it("take another filter", async () => {
    const { arms } = await armsOf(rows, { keeps: ({ code }) => /[13579]\n$/.test(code), seeds: [7] });
    expect(arms.map(({ seed }) => seed)).toEqual([7, 7, 7]);
    const kept = read(arms[1]?.file ?? "");
    expect(kept.every(({ completion = "" }) => /[13579]\n```/.test(completion))).toBe(true);
    expect(new Set(kept.map(({ verdict }) => verdict))).toEqual(new Set(["verified", "wrong"]));
  });

  it("are refused where there is nothing to compare or to measure on", async () => {
    const wrong = rows.map((row) => ({ ...row, result: { ...result, verdict: "wrong" as const } }));
    const right = rows.map((row) => ({ ...row, result: { ...result, verdict: "verified" as const } }));
    for (const [some, options, why] of [
      [wrong, {}, /verified and can be held out/],
      [rows, { testShare: 0.01 }, /verified and can be held out/],
      [right, {}, /nothing to compare/],
      [rows, { keeps: () => false }, /nothing to compare/],
      [rows, { seeds: [] }, /at least one, and different ones/],
      [rows, { seeds: [1, 1] }, /at least one, and different ones/],
    ] as const) {
      const refused = armsOf(some, options);
      await expect(refused).rejects.toThrow(InputError);
      await expect(refused).rejects.toThrow(why);
    }
  });
});
