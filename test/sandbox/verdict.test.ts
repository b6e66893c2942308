import { expect, test } from "vitest";
import type { TestOrigin, Verdict } from "../../src/core/record.js";
import type { Outcome, OutcomeStatus } from "../../src/sandbox/sandbox.js";
import { verdictOf } from "../../src/sandbox/verdict.js";

const outcome = (status: OutcomeStatus, asserts = 0, calls = 0): Outcome => {
  return {
    status,
    mode: "one-world",
    objects: false,
    stage: "tests",
    asserts,
    calls,
    message: null,
    line: null,
  };
};

type Row = [
  what: string,
  outcome: Outcome,
  origins: TestOrigin[],
  killsStub: boolean | null,
  verdict: Verdict,
];

const rows: Row[] = [
  ["author's tests held and kill the stub", outcome("passed", 3, 3), ["author"], true, "verified"],
  ["a model's tests held and kill the stub", outcome("passed", 1, 0), ["model"], true, "verified"],
  ["an author's test among recorded ones", outcome("passed", 2, 2), ["recorded", "author"], true, "verified"],
  ["recorded tests only", outcome("passed", 2, 2), ["recorded", "recorded"], true, "recorded"],
  ["tests that the stub passes too", outcome("passed", 2, 2), ["author"], false, "vacuous"],
  ["recorded tests that the stub passes too", outcome("passed", 2, 2), ["recorded"], false, "vacuous"],
  ["tests of which it is unknown what they kill", outcome("passed", 2, 2), ["author"], null, "vacuous"],
  ["tests that asserted nothing", outcome("passed", 0, 2), ["author"], true, "vacuous"],
  ["no tests, a call that returned", outcome("passed", 0, 1), [], null, "executed"],
  ["no tests, no call", outcome("passed", 0, 0), [], null, "defined"],
  ["an assert that did not hold", outcome("failed", 4, 5), ["author"], null, "wrong"],
  ["an exception", outcome("error"), ["author"], null, "error"],
  ["an exception without tests", outcome("error"), [], null, "error"],
  ["SystemExit before the end", outcome("exit", 4, 4), ["author"], true, "error"],
  ["no end", outcome("timeout"), [], null, "timeout"],
  ["no memory", outcome("memory"), ["model"], null, "memory"],
  ["too much output, all else in order", outcome("flood", 3, 3), ["author"], true, "flood"],
  ["a sandbox that failed", outcome("sandbox-error"), ["author"], null, "sandbox-error"],
];

test.each(rows)("%s", (_, result, origins, killsStub, verdict) => {
  expect(verdictOf(result, { origins, killsStub })).toBe(verdict);
});
