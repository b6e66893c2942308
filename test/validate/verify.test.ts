import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Interrupted } from "../../src/core/errors.js";
import type { JudgeJob, Outcome } from "../../src/sandbox/sandbox.js";
import { verifyTo } from "../../src/validate/verify.js";
import { outcome, scripted, type Scripted } from "./scripted.js";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), "selfalign-verify-"));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const at = (name: string): string => path.join(dir, name);
const out = (): string => at("out.jsonl");

/** Row `n`, whose code says which it is. */
const row = (n: number): string =>
  JSON.stringify({ id: `r${n}`, code: `def f(): return ${n}\n`, tests: `assert f() == ${n}\n` });
const numbered = (code: string): number => Number(/return (\d+)/.exec(code)?.[1]);

function input(...lines: readonly string[]): string {
  writeFileSync(at("in.jsonl"), lines.map((line) => `${line}\n`).join(""));
  return at("in.jsonl");
}

const rows = (n: number): string => input(...Array.from({ length: n }, (_, at) => row(at)));
const written = (): unknown[] =>
  readFileSync(out(), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown);

/** Opens the scripted sandbox and counts how often. */
function opener(sandbox: Scripted): { open: () => Promise<Scripted>; opened: () => number } {
  let opened = 0;
  return {
    open: () => {
      opened++;
      return Promise.resolve(sandbox);
    },
    opened: () => opened,
  };
}

const passing = (judge: (job: JudgeJob) => Outcome | Promise<Outcome> = () => outcome()): Scripted =>
  scripted(judge);
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe("verifyTo", () => {
  it("writes one row of verdicts per problem, in the order of the input, whichever ends first", async () => {
    const sandbox = passing(async ({ code }) => {
      await pause(numbered(code) % 2 === 0 ? 20 : 0);
      return numbered(code) === 3
        ? outcome({ status: "failed", asserts: 0, message: "no", line: 1 })
        : outcome();
    });
    const summary = await verifyTo(rows(5), out(), { ...opener(sandbox), workers: 2 });
    expect(summary).toEqual({ rows: 5, verdicts: { verified: 4, wrong: 1 }, worked: true });
    const good = {
      verdict: "verified",
      asserts: 1,
      message: null,
      line: null,
      backend: "scripted",
      mode: "split",
    };
    expect(written()).toEqual([
      { id: "r0", ...good },
      { id: "r1", ...good },
      { id: "r2", ...good },
      { id: "r3", ...good, verdict: "wrong", asserts: 0, message: "no", line: 1 },
      { id: "r4", ...good },
    ]);
    expect(readdirSync(dir).sort()).toEqual(["in.jsonl", "out.jsonl", "out.jsonl.verify.json"]);
    expect(sandbox.closed).toBe(true);
  });

  it("keeps bad rows, repeated ids and odd ends of lines, and skips blank lines", async () => {
    const text = `\ufeff${row(1)}\r\n\n{"id": "b", "code\n${row(1)}\n   \n{"id": "r1"}\n{"id": 5, "code": "import numpy"}`;
    writeFileSync(at("in.jsonl"), text);
    const { verdicts } = await verifyTo(at("in.jsonl"), out(), opener(passing()));
    expect(verdicts).toEqual({ invalid: 2, verified: 2, "forbidden-import": 1 });
    expect(written()).toMatchObject([
      { id: "r1", verdict: "verified" },
      { id: 3, verdict: "invalid", message: "the line is not a JSON object", mode: "none" },
      { id: "r1", verdict: "verified" },
      { id: "r1", verdict: "invalid", message: expect.stringContaining("has none of the fields") as unknown },
      { id: 5, verdict: "forbidden-import", mode: "none" },
    ]);
  });

  it("reads gzip, and refuses a torn one", async () => {
    const packed = gzipSync(`${row(0)}\n${row(1)}\n`);
    writeFileSync(at("in.jsonl.gz"), packed);
    expect((await verifyTo(at("in.jsonl.gz"), out(), opener(passing()))).rows).toBe(2);
    writeFileSync(at("torn.jsonl.gz"), packed.subarray(0, 40));
    await expect(verifyTo(at("torn.jsonl.gz"), at("b.jsonl"), opener(passing()))).rejects.toThrow(
      /not whole gzip data/,
    );
    expect(existsSync(at("b.jsonl.verify.json"))).toBe(false);
  });

  it("gives a mutation score only where mutants are asked for, and suspicions only where there are any", async () => {
    const suspicious = JSON.stringify({
      code: "import sys\nsys.settrace(None)\ndef f(): return 1\n",
      tests: "assert f()",
    });
    await verifyTo(input(row(1), "{", suspicious), out(), { ...opener(passing()), mutants: 2 });
    expect(written()).toMatchObject([
      { mutation_score: 1 },
      { mutation_score: null },
      { suspicions: ["tracing"] },
    ]);
    expect(written()[0]).not.toHaveProperty("suspicions");
  });

  it("has at most two rows per worker in work", async () => {
    let [now, most] = [0, 0];
    const sandbox = passing(async () => {
      most = Math.max(most, ++now);
      await pause(1);
      now--;
      return outcome();
    });
    await verifyTo(rows(40), out(), { ...opener(sandbox), workers: 3 });
    expect(most).toBe(6);
  });

  it("asks for the sandbox as it was told", async () => {
    const asked: unknown[] = [];
    const open = (options: unknown): Promise<Scripted> => {
      asked.push(options);
      return Promise.resolve(passing());
    };
    await verifyTo(rows(1), out(), { open, sandbox: "native", workers: 2, timeoutMs: 500, python: "py" });
    expect(asked).toMatchObject([{ choice: "native", workers: 2, timeoutMs: 500, python: "py" }]);
  });

  it("does nothing when the output is finished", async () => {
    await verifyTo(rows(3), out(), opener(passing()));
    const before = readFileSync(out());
    const second = opener(passing());
    writeFileSync(`${out()}.part`, "left behind");
    expect(await verifyTo(at("in.jsonl"), out(), second)).toEqual({
      rows: 3,
      verdicts: { verified: 3 },
      worked: false,
    });
    expect(second.opened()).toBe(0);
    expect(readFileSync(out())).toEqual(before);
    expect(existsSync(`${out()}.part`)).toBe(false);
  });

  it("makes an empty output of an empty input", async () => {
    expect(await verifyTo(input(), out(), opener(passing()))).toMatchObject({ rows: 0, verdicts: {} });
    expect(readFileSync(out(), "utf8")).toBe("");
  });
});

/** Judges rows until the `last`, then stops from outside. */
async function stopAfter(last: number, n: number): Promise<void> {
  const controller = new AbortController();
  const sandbox = passing(async ({ code }) => {
    if (numbered(code) < last) return outcome();
    // What was judged is given time to reach the disk.
    await pause(200);
    controller.abort(new Interrupted("stopped"));
    throw new Error("the sandbox is closed");
  });
  const stopped = verifyTo(rows(n), out(), { ...opener(sandbox), workers: 1, signal: controller.signal });
  await expect(stopped).rejects.toThrow("stopped");
  expect(sandbox.closed).toBe(true);
}

describe("a verification that was stopped", () => {
  it("goes on where it was, torn tail or not, and gives the same bytes", async () => {
    await verifyTo(rows(8), out(), opener(passing()));
    const whole = readFileSync(out());
    rmSync(out());
    await stopAfter(4, 8);
    expect(existsSync(out())).toBe(false);
    appendFileSync(`${out()}.part`, '["rows","0123abcd",{"key":"0000');
    const second = passing();
    await verifyTo(at("in.jsonl"), out(), opener(second));
    expect(second.judged.map(({ code }) => numbered(code)).sort()).toEqual([4, 5, 6, 7]);
    expect(readFileSync(out())).toEqual(whole);
  });

  it.each([
    ["other mutants", { mutants: 1 }, /mutants was 0 and is now 1/],
    ["another mode", { mode: "split" }, /mode was "auto" and is now "split"/],
    ["another time limit", { timeoutMs: 5 }, /timeoutMs was 10000 and is now 5/],
    ["other imports", { allowImports: ["b", "a", "b"] }, /allowImports was "" and is now "a,b"/],
    ["another sandbox", { sandbox: "pyodide" }, /backend was "scripted" and is now "pyodide"/],
  ])("is not mixed with %s, before or after its end", async (_, options, wanted) => {
    await stopAfter(2, 4);
    await expect(verifyTo(at("in.jsonl"), out(), { ...opener(passing()), ...options })).rejects.toThrow(
      wanted,
    );
    await verifyTo(at("in.jsonl"), out(), opener(passing()));
    await expect(verifyTo(at("in.jsonl"), out(), { ...opener(passing()), ...options })).rejects.toThrow(
      wanted,
    );
  });

  it("is not mixed with another input or another interpreter", async () => {
    await stopAfter(2, 4);
    const other = { ...passing(), interpreter: "CPython 4" };
    await expect(verifyTo(at("in.jsonl"), out(), opener(other))).rejects.toThrow(
      /interpreter was "CPython 3"/,
    );
    await expect(verifyTo(rows(5), out(), opener(passing()))).rejects.toThrow(/input was "sha256:/);
  });

  it("is free for other options when its files are removed", async () => {
    await stopAfter(2, 4);
    rmSync(`${out()}.part`);
    expect((await verifyTo(rows(3), out(), { ...opener(passing()), mutants: 1 })).rows).toBe(3);
  });
});

describe("verifyTo refuses", () => {
  it.each([
    [
      "an unknown sandbox",
      { sandbox: "docker" },
      /sandbox "docker" does not exist: choose from native, pyodide, auto/,
    ],
    ["an unknown mode", { mode: "both" }, /mode "both" does not exist: choose from auto, split, one-world/],
    ["half a mutant", { mutants: 0.5 }, /mutants must be a whole number from 0 to 1000, not "0.5"/],
    ["no time", { timeoutMs: 0 }, /timeout in milliseconds must be a whole number/],
    ["no worker", { workers: 0 }, /workers must be a whole number/],
    [
      "a module below the top",
      { allowImports: ["numpy.linalg"] },
      /allowed import "numpy.linalg" is not a top-level/,
    ],
  ])("%s", async (_, options, wanted) => {
    await expect(verifyTo(rows(1), out(), { ...opener(passing()), ...options })).rejects.toThrow(wanted);
    expect(readdirSync(dir)).toEqual(["in.jsonl"]);
  });

  it("an output that is not its own, or the input, or packed, or has no folder", async () => {
    writeFileSync(out(), "precious");
    await expect(verifyTo(rows(1), out(), opener(passing()))).rejects.toThrow(/does not say how it was made/);
    expect(readFileSync(out(), "utf8")).toBe("precious");
    await expect(verifyTo(rows(1), at("in.jsonl"), opener(passing()))).rejects.toThrow(/is the input/);
    await expect(verifyTo(rows(1), at("o.jsonl.gz"), opener(passing()))).rejects.toThrow(/can't be packed/);
    await expect(verifyTo(rows(1), at("no/o.jsonl"), opener(passing()))).rejects.toThrow(
      /can't be written \(ENOENT\)/,
    );
  });

  it("an input that is not there, or is a folder", async () => {
    await expect(verifyTo(at("none"), out(), opener(passing()))).rejects.toThrow(
      /can't be read \(it is not there\)/,
    );
    await expect(verifyTo(dir, out(), opener(passing()))).rejects.toThrow(/can't be read \(it is a folder\)/);
  });

  it("an input that can be read once only", async () => {
    await expect(verifyTo("/dev/null", out(), opener(passing()))).rejects.toThrow(/is a pipe or a device/);
    expect(existsSync(out())).toBe(false);
  });

  it("to share an output with another process", async () => {
    let release = (): void => undefined;
    const held = new Promise<Outcome>((resolve) => {
      release = () => resolve(outcome());
    });
    const first = verifyTo(rows(1), out(), opener(passing(() => held)));
    await expect.poll(() => existsSync(`${out()}.part`)).toBe(true);
    await expect(verifyTo(at("in.jsonl"), out(), opener(passing()))).rejects.toThrow(
      /is in use by process \d+/,
    );
    release();
    expect((await first).rows).toBe(1);
  });

  it("to go on without a sandbox, says at which line, and keeps what was judged", async () => {
    const sandbox = passing(async ({ code }) => {
      if (numbered(code) < 2) return outcome();
      await pause(100);
      throw new Error("no child could be started");
    });
    await expect(verifyTo(rows(4), out(), { ...opener(sandbox), workers: 1 })).rejects.toThrow(
      /in\.jsonl line [34] could not be verified/,
    );
    const second = passing();
    await verifyTo(at("in.jsonl"), out(), opener(second));
    expect(second.judged).toHaveLength(2);
  });
});
