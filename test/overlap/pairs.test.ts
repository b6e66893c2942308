// Pairs whose likeness was planted: functions of the standard library under every disguise that a second sample of a
// model, or another teacher, may give them; and the same functions as they are, which are not alike.
import { beforeAll, describe, expect, it } from "vitest";
import { InputError } from "../../src/core/errors.js";
import { shuffled, uniforms } from "../../src/core/random.js";
import { openStdlib } from "../../src/corpus/stdlib.js";
import { openDecontamination } from "../../src/overlap/decontaminate.js";
import {
  clusterPairs,
  contaminationOf,
  MIN_SHAPE_WORDS,
  openPairs,
  type PairDuplicate,
  type PairText,
} from "../../src/overlap/pairs.js";
import { shapeOf } from "../../src/overlap/shape.js";
import { functionsOf } from "../../src/python/functions.js";
import { loadGrammar, parsePython } from "../../src/python/syntax.js";
import { renamed, respaced } from "./disguises.js";

interface Sample {
  readonly name: string;
  readonly code: string;
  readonly description: string;
}

let samples: Sample[] = [];

/** 400 functions at module level that have a description of 20 words or more and a shape that counts. */
beforeAll(async () => {
  await loadGrammar();
  const found: Sample[] = [];
  for await (const item of (await openStdlib()).files({ seed: 1 })) {
    if (!("file" in item)) continue;
    if (found.length > 450) break;
    const { path, text } = item.file;
    const tree = parsePython(text);
    if (tree === null) continue;
    for (const { qualname, docstring, topLevel, startIndex, endIndex } of functionsOf(tree, text)) {
      const code = text.slice(startIndex, endIndex);
      if (!topLevel || (docstring ?? "").split(/\s+/).length < 20) continue;
      if (shapeOf(code).length >= MIN_SHAPE_WORDS)
        found.push({ name: `${path} ${qualname}`, code, description: docstring ?? "" });
    }
    tree.delete();
  }
  samples = shuffled(found, uniforms(3, "pairs")).slice(0, 400);
}, 120_000);

const pairOf = ({ description, code }: Omit<Sample, "name">): PairText => ({
  instruction: `Write a function for this. ${description}`,
  response: `The function does what was asked.\n\n\`\`\`python\n${code}\`\`\`\n`,
  code,
});

/** Text that no other has a word of. */
const other = (at: number): string => Array.from({ length: 60 }, (_, word) => `x${at}_${word}`).join(" ");

/** What becomes of the first 200 samples under a disguise, once all of them are kept as they are; null: not found. */
function found(disguise: (sample: Sample, at: number) => PairText): readonly (PairDuplicate | null)[] {
  const pairs = openPairs();
  const kept = samples
    .slice(0, 200)
    .filter((sample) => pairs.add({ key: sample.name, ...pairOf(sample) }) === null);
  return kept.map((sample, at) => {
    const answer = pairs.add({ key: "copy", ...disguise(sample, at) });
    return answer?.of === sample.name ? answer : null;
  });
}

/** Share of the copies that were found under the right key. */
function recall(name: string, answers: readonly (PairDuplicate | null)[]): number {
  const hits = answers.filter((answer) => answer !== null).length;
  console.log(`${name}: ${hits} of ${answers.length} found`);
  return hits / answers.length;
}

describe("planted pairs", () => {
  it("are found by their code under other names, with other words around it", () => {
    const answers = found(({ code }, at) => {
      const copy = renamed(code);
      return { instruction: other(at), response: `${other(at)}\n${copy}`, code: copy };
    });
    expect(recall("renamed", answers)).toBeGreaterThanOrEqual(0.99);
    expect(new Set(answers.flatMap((answer) => answer?.by ?? []))).toEqual(new Set(["code"]));
  });

  it("are found with other white space, other names and other literals", () => {
    const answers = found(({ code }, at) => {
      const copy = respaced(renamed(code)).replace(/\b\d+\b/g, "7");
      return { instruction: other(at), response: `${other(at)}\n${copy}`, code: copy };
    });
    expect(recall("respaced", answers)).toBeGreaterThanOrEqual(0.95);
  });

  it("are found with their functions in another order", () => {
    const pairs = openPairs();
    const groups = Array.from({ length: 60 }, (_, at) => samples.slice(3 * at, 3 * at + 3));
    const codeOf = (group: readonly Sample[]): string => group.map(({ code }) => `${code}\n\n\n`).join("");
    groups.forEach((group, at) => {
      expect(
        pairs.add({ key: `${at}`, instruction: other(at), response: "", code: codeOf(group) }),
      ).toBeNull();
    });
    const answers = groups.map((group, at) =>
      pairs.add({
        key: "copy",
        instruction: other(1_000 + at),
        response: "",
        code: renamed(codeOf([...group].reverse())),
      }),
    );
    expect(
      recall(
        "reordered",
        answers.map((answer, at) => (answer?.of === `${at}` ? answer : null)),
      ),
    ).toBeGreaterThanOrEqual(0.96);
  });

  it("are found by the instruction where a word in it was changed and the code is another", () => {
    const answers = found(({ description }, at) => {
      const words = description.split(/\s+/);
      const changed = words.map((word, place) => (place === words.length - 3 ? "instead" : word)).join(" ");
      const code = samples[200 + at]?.code ?? "";
      return { ...pairOf({ description: changed, code }), response: other(at) };
    });
    expect(recall("reworded", answers)).toBeGreaterThanOrEqual(0.95);
    expect(new Set(answers.flatMap((answer) => answer?.by ?? []))).toContain("instruction");
  });

  it("are found by the response where a line was put in and the code is too short to have a shape", () => {
    const pairs = openPairs();
    const response = (line: string): string => `${samples[0]?.description ?? ""} ${line}`;
    expect(pairs.add({ key: "one", instruction: "a", response: response(""), code: "a = 1" })).toBeNull();
    expect(
      pairs.add({ key: "two", instruction: "b", response: response("So it is."), code: "b = 2" }),
    ).toMatchObject({ of: "one", by: "response" });
  });

  it("are not found among different functions, but for siblings and what the library copies itself", () => {
    const pairs = openPairs();
    const packageOf = (name: string): string => name.split(/[/.]/)[0] ?? "";
    const flagged = samples.flatMap((sample) => {
      const answer = pairs.add({ key: sample.name, ...pairOf(sample) });
      return answer === null ? [] : [{ sample, ...answer }];
    });
    console.log(`${flagged.length} of ${samples.length} taken for another's copy`);
    for (const { sample, of, by, similarity } of flagged)
      console.log(`  ${sample.name}: ${of} by ${by} ${similarity.toFixed(2)}`);
    expect(samples).toHaveLength(400);
    expect(flagged.length).toBeLessThanOrEqual(14);
    const abroad = flagged.filter(({ sample, of }) => packageOf(of) !== packageOf(sample.name));
    expect(abroad.filter(({ similarity }) => similarity < 1)).toEqual([]);
  });
});

describe("short code", () => {
  const short = (key: string, code: string) => ({
    key,
    instruction: `do ${key}`,
    response: `it is ${key}`,
    code,
  });

  it("counts only token by token, names and signs included", () => {
    const pairs = openPairs();
    expect(pairs.add(short("one", "def add(a, b):\n    return a + b\n"))).toBeNull();
    expect(pairs.add(short("two", "def sub(a, b):\n    return a - b\n"))).toBeNull();
    expect(pairs.add(short("three", "def add(a, b):\n    return a - b\n"))).toBeNull();
    expect(pairs.add(short("four", 'def add(a, b):\n  """Sum."""\n  return a+b'))).toEqual({
      of: "one",
      by: "code",
      similarity: 1,
    });
    expect(pairs.size()).toBe(3);
  });
});

describe("a memory of pairs", () => {
  const text = (word: string): PairText => ({
    instruction: other(1),
    response: `${word} one two three four five six`,
    code: `x = "${word}"`,
  });

  it("remembers nothing of a pair that it refuses", () => {
    const pairs = openPairs();
    expect(pairs.add({ key: "one", ...text("a") })).toBeNull();
    expect(pairs.add({ key: "two", ...text("b") })).toMatchObject({
      of: "one",
      by: "instruction",
      similarity: 1,
    });
    // Like the response and the code of the second, which is not there.
    expect(pairs.add({ key: "three", ...text("b"), instruction: other(2) })).toBeNull();
    expect(pairs.size()).toBe(2);
  });

  it("goes on from the kept pairs as if it had not stopped", () => {
    const all = [...samples.slice(0, 30), ...samples.slice(10, 40)].map((sample, at) => ({
      key: `${at}`,
      ...pairOf(sample),
    }));
    const whole = openPairs();
    const answers = all.map((pair) => whole.add(pair));
    const resumed = openPairs();
    for (const [at, pair] of all.entries()) if (at < 35 && answers[at] === null) resumed.add(pair);
    expect(all.slice(35).map((pair) => resumed.add(pair))).toEqual(answers.slice(35));
    expect(answers.some((answer) => answer !== null)).toBe(true);
  });

  it("takes the threshold that it is given", () => {
    const [strict, lax] = [openPairs({ threshold: 0.99 }), openPairs({ threshold: 0.3 })];
    const [one, two] = [other(1), `${other(1)} and more words than there were`];
    for (const pairs of [strict, lax]) pairs.add({ key: "one", instruction: one, response: "", code: "" });
    expect(strict.add({ key: "two", instruction: two, response: "", code: "" })).toBeNull();
    expect(lax.add({ key: "two", instruction: two, response: "", code: "" })).toMatchObject({ of: "one" });
    expect(() => openPairs({ threshold: 0 })).toThrow(InputError);
  });
});

describe("clusters of pairs", () => {
  const apart = (at: number): PairText => ({
    instruction: other(at),
    response: other(100 + at),
    code: `x${at} = ${at}`,
  });

  it("link what is alike in any way, and also through others", () => {
    const rows = [0, 1, 2, 3, 4, 5].map(apart);
    const linked = rows.map((row, at) => ({
      instruction: at === 3 ? (rows[1]?.instruction ?? "") : row.instruction,
      response: at === 5 ? (rows[3]?.response ?? "") : row.response,
      code: at === 2 || at === 5 ? "y = 7 + 1 - 2 * 3" : row.code,
    }));
    // 3 asks what 1 does, 5 answers as 3 does, and has the code of 2.
    expect([...clusterPairs(rows)]).toEqual([0, 1, 2, 3, 4, 5]);
    expect([...clusterPairs(linked)]).toEqual([0, 1, 1, 1, 4, 1]);
  });

  it("hold renamed copies, and no function that is another", () => {
    const some = samples.slice(0, 60);
    const copies = some.map(({ code }, at) => ({ ...apart(at), code: renamed(code) }));
    const clusters = clusterPairs([...some.map((sample) => pairOf(sample)), ...copies]);
    const found = copies.filter((_, at) => clusters[60 + at] === clusters[at]);
    expect(found.length).toBeGreaterThanOrEqual(59);
    expect(new Set(clusters).size).toBeGreaterThanOrEqual(57);
  });

  it("are none of no pairs", () => {
    expect([...clusterPairs([])]).toEqual([]);
  });
});

describe("contamination of a pair", () => {
  const TASK = "Iterate over elements repeating each as many times as its count.";
  const CODE = "def f(m):\n    raise NotImplementedError\n";

  it("is found in the instruction, in the response and in the code, and the item named", async () => {
    const lists = await openDecontamination();
    const clean = { instruction: "Compute a thing.", response: "Like so.", code: CODE };
    expect(contaminationOf(lists, clean)).toBeNull();
    for (const field of ["instruction", "response"] as const)
      expect(contaminationOf(lists, { ...clean, [field]: TASK })).toMatchObject({
        item: "MBPP/810",
        kind: "docstring",
      });
    expect(contaminationOf(lists, { ...clean, response: `>>> f(1)\n1\n\n${TASK}\n` })).toMatchObject({
      item: "MBPP/810",
    });
    const copy = "def heads(first, second):\n    res = tuple(set(first) & set(second))\n    return (res)\n";
    expect(contaminationOf(lists, { ...clean, code: copy })).toMatchObject({
      item: "MBPP/2",
      kind: "renamed",
    });
  });
});
