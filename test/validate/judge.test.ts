import { beforeAll, describe, expect, it } from "vitest";
import { loadGrammar } from "../../src/python/syntax.js";
import type { Mode, Outcome } from "../../src/sandbox/sandbox.js";
import { judgeBest, MODES } from "../../src/validate/judge.js";
import { outcome, scripted, type Scripted } from "./scripted.js";

beforeAll(loadGrammar);

const job = { code: "def f(): return 1\n", tests: "assert f() == 1\n", entryPoint: "f" };

/** A sandbox whose two modes end differently. */
function worlds(split: Partial<Outcome>, oneWorld: Partial<Outcome> = {}): Scripted {
  return scripted(({ mode }) =>
    mode === "split" ? outcome(split) : outcome({ mode: "one-world", ...oneWorld }),
  );
}

const modes = ({ judged }: Scripted): (Mode | undefined)[] => judged.map(({ mode }) => mode);

describe("judgeBest", () => {
  it.each(MODES.filter((mode) => mode !== "auto"))("does as it is told: %s", async (mode) => {
    const sandbox = worlds({ status: "unsupported" });
    expect((await judgeBest(sandbox, job, { mode })).mode).toBe(mode);
    expect(modes(sandbox)).toEqual([mode]);
  });

  it.each([
    ["a pass in two worlds", { status: "passed", objects: true }],
    ["a failure that no object took part in", { status: "failed" }],
    ["a timeout without objects", { status: "timeout" }],
  ] as const)("leaves %s as it is", async (_, split) => {
    const sandbox = worlds(split);
    expect(await judgeBest(sandbox, job)).toMatchObject(split);
    expect(modes(sandbox)).toEqual(["split"]);
  });

  it.each([
    ["unsupported tests", { status: "unsupported" }],
    ["a failure with objects between the worlds", { status: "failed", objects: true }],
    ["an error with objects between the worlds", { status: "error", objects: true }],
  ] as const)("judges %s again in one world, and that counts", async (_, split) => {
    const sandbox = worlds(split, { status: "failed", message: "assert f() == 2" });
    expect(await judgeBest(sandbox, job)).toMatchObject({ mode: "one-world", message: "assert f() == 2" });
    expect(modes(sandbox)).toEqual(["split", "one-world"]);
  });

  it("never lets suspicious code into one world with its tests", async () => {
    const sandbox = worlds({ status: "failed", objects: true });
    const code = "class A:\n    def __eq__(self, other):\n        return True\n\n\ndef f(): return A()\n";
    expect(await judgeBest(sandbox, { ...job, code })).toMatchObject({ mode: "split", status: "failed" });
    expect(modes(sandbox)).toEqual(["split"]);
  });
});
