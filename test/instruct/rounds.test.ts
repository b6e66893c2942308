import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Journal } from "../../src/core/journal.js";
import { startProgress } from "../../src/core/progress.js";
import { keyOf, type WithInstruction, type WithResponse } from "../../src/core/record.js";
import type { StageHandle, StagePlan } from "../../src/core/stage.js";
import { rounds, type RoundsOptions } from "../../src/instruct/rounds.js";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "rounds-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const plan: StagePlan = {
  name: "responses",
  folder: "",
  main: "responses",
  side: [],
  order: "key",
  fingerprint: "",
};

/** Instructions are letters; a response is written `a0`, and verified when it is among `good`. */
async function play(
  how: { budget: number; width: number; wanted: number },
  good: readonly string[],
  { failing = [] as readonly string[], ends = null as string | null } = {},
): Promise<{ drawn: string[]; asked: string[]; rows: number }> {
  const drawn: string[] = [];
  const asked: string[] = [];
  // A cast: the step looks at nothing but the key.
  const inputs = ["a", "b"].map((key) => ({ key }) as WithInstruction);
  const upstream: StageHandle<WithInstruction> = {
    plan,
    rows: async function* () {
      yield* await Promise.resolve(inputs);
    },
    find: () => Promise.resolve(null),
    done: Promise.resolve({ fingerprint: "", upstream: null, digest: "", rows: inputs.length }),
    worked: false,
    close: () => Promise.resolve(),
  };
  const options: RoundsOptions = {
    plan,
    upstream,
    concurrency: 2,
    signal: new AbortController().signal,
    task: (done) => startProgress().start("responses", null, done),
    note: () => "",
    ...how,
    draw: ({ key: of }, key, index) => {
      const name = `${of}${index}`;
      if (name === ends) return Promise.resolve(null);
      drawn.push(name);
      const provenance = { source: "", repository: "", revision: null, path: "", licence: null };
      const failed = {
        key,
        stage: "responses",
        reason: "empty",
        detail: "",
        qualname: null,
        provenance: { ...provenance, startLine: 1, endLine: 1 },
      };
      // A cast: rows are told apart by their code.
      return Promise.resolve(
        failing.includes(name) ? { failed } : { row: { key, code: name } as unknown as WithResponse },
      );
    },
    isVerified: ({ code }) => {
      asked.push(code);
      return Promise.resolve(good.includes(code));
    },
  };
  const journal = await Journal.open(path.join(folder, "responses.jsonl.part"));
  await rounds(options)(journal, null);
  await journal.flush();
  const rows = journal.counts().get("responses") ?? 0;
  await journal.close();
  return { drawn: drawn.sort(), asked: asked.sort(), rows };
}

describe("rounds", () => {
  it("draw until an instruction has what is wanted, or its budget is spent", async () => {
    const { drawn, rows } = await play({ budget: 5, width: 2, wanted: 1 }, ["a1"]);
    expect(drawn).toEqual(["a0", "a1", "b0", "b1", "b2", "b3", "b4"]);
    expect(rows).toBe(7);
  });

  it("are decided when all of a round is judged, and the last one not at all", async () => {
    const { asked } = await play({ budget: 4, width: 2, wanted: 1 }, []);
    expect(asked).toEqual(["a0", "a1", "b0", "b1"]);
    expect((await play({ budget: 1, width: 1, wanted: 1 }, [])).asked).toEqual([]);
  });

  it("count what earlier rounds verified", async () => {
    const { drawn } = await play({ budget: 6, width: 1, wanted: 2 }, ["a0", "a2", "b1", "b2"]);
    expect(drawn).toEqual(["a0", "a1", "a2", "b0", "b1", "b2"]);
  });

  it("go on over responses that came to nothing", async () => {
    const { drawn, rows } = await play({ budget: 3, width: 1, wanted: 1 }, ["a1", "b0"], { failing: ["a0"] });
    expect(drawn).toEqual(["a0", "a1", "b0"]);
    expect(rows).toBe(2);
  });

  it("end where a transcript does", async () => {
    const { drawn } = await play({ budget: 9, width: 1, wanted: 1 }, ["b0"], { ends: "a2" });
    expect(drawn).toEqual(["a0", "a1", "b0"]);
  });

  it("take up in the journal what was drawn before, and decide the same", async () => {
    const good = ["a2", "b1"];
    const whole = await play({ budget: 4, width: 1, wanted: 1 }, good);
    const again = await play({ budget: 4, width: 1, wanted: 1 }, good);
    expect(again.drawn).toEqual([]);
    expect(again.rows).toBe(whole.rows);
    const journal = await Journal.open(path.join(folder, "responses.jsonl.part"));
    expect(await journal.find(keyOf("responses", "a", 2))).toMatchObject({ file: "responses" });
    expect(await journal.find(keyOf("responses", "a", 3))).toBeNull();
    await journal.close();
  });
});
