// What must hold of runs against the scripted server, few seeds or many: the funnel is what was planted, and however often a
// run is killed, it ends with the same bytes and asks for nothing that it has.
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect } from "vitest";
import { STEPS } from "../../src/instruct/stage.js";
import { FAULTY_VERDICTS } from "./scripted-model.js";
import { counted, draws, foretold, journaled, planted, rowsIn, SAMPLES, told } from "./scripted-run.js";
import type { Logged, ScriptedServer } from "./scripted-server.js";
import { bytesWritten, journals, published, run, start } from "./whole-run.js";

/** Expects of a run that nothing disturbed that its files say of every answer what the server's log says. */
export function expectPlanted(dir: string, log: readonly Logged[], seeds: number): void {
  const json = (file: string): unknown => JSON.parse(readFileSync(path.join(dir, file), "utf8"));
  for (const step of STEPS) expect(told(dir, step), step).toEqual(planted(log, step));
  const foretelling = Object.fromEntries(STEPS.map((step) => [step, foretold(log, step)]));
  const summed = json("self_oss_output/stats.json") as Record<
    string,
    { rows: number; failed: object; asked: object }
  >;
  for (const step of STEPS) {
    const { asked, ...outcome } = summed[step] ?? { asked: {} };
    expect(outcome, step).toEqual(foretelling[step]);
    expect(asked).toMatchObject({ requests: log.filter((logged) => logged.step === step).length });
  }

  // Every row of a step is asked about once in the next, responses again while none is verified.
  expect(new Set(log.map(({ seed }) => seed)).size).toBe(log.length);
  expect(planted(log, "concepts").size).toBe(seeds);
  expect(planted(log, "instructions").size).toBe(foretelling["concepts"]?.rows);
  const drawn = draws(log);
  expect(drawn).toHaveLength(foretelling["instructions"]?.rows ?? -1);
  for (const fates of drawn) {
    expect(fates.slice(0, -1)).not.toContain("good");
    expect(
      fates.length === SAMPLES || (fates.length < SAMPLES && fates.at(-1) === "good"),
      fates.join(),
    ).toBe(true);
  }

  const fates = drawn.flat();
  const verdicts = counted([
    ...fates.filter((fate) => fate === "good").map(() => "verified"),
    ...fates.filter((fate) => FAULTY_VERDICTS.includes(fate)),
  ]);
  expect(json("validation_output/validation_stats.json")).toMatchObject({ verdicts });
  const answered = drawn.filter((of) => of.at(-1) === "good").length;
  expect(json("final_dataset/stats.json")).toMatchObject({ rows: answered });
  expect(rowsIn(dir, "final_dataset/instruction_dataset")).toHaveLength(answered);
}

/** Every file whose bytes nothing may change; run.json belongs to them. */
export function recordFiles(dir: string): Map<string, Buffer> {
  return published(dir).set("run.json", readFileSync(path.join(dir, "run.json")));
}

/** Calls `kill` when it has come, unless it is stopped before. */
export type Instant = (kill: () => void) => () => void;

/** So many milliseconds after the start. */
export function after(ms: number): Instant {
  return (kill) => {
    const timer = setTimeout(kill, ms);
    return () => clearTimeout(timer);
  };
}

/** When the steps, verdicts and dataset have come to so many bytes, and more than at the start. */
export function atBytes(dir: string, offset: number): Instant {
  const before = bytesTaught(dir);
  return whenever(() => {
    const bytes = bytesTaught(dir);
    return bytes > before && bytes >= offset;
  });
}

export function bytesTaught(dir: string): number {
  return bytesWritten(dir, ["self_oss_output", "validation_output", "final_dataset"]);
}

/** Soon after a file of the run appears that was not there, or was gone in between. */
export function atAppearance(dir: string, file: string, ms: number): Instant {
  let away = false;
  return (kill) => {
    const stop = whenever(() => {
      const there = existsSync(path.join(dir, file));
      away ||= !there;
      return away && there;
    })(() => {
      stop();
      setTimeout(kill, ms);
    });
    return stop;
  };
}

function whenever(hasCome: () => boolean): Instant {
  return (kill) => {
    const watch = setInterval(() => hasCome() && kill(), 1);
    return () => clearInterval(watch);
  };
}

/** Files whose appearance ends a part of the publishing. */
export const MILESTONES = [
  "seed_output/filtered_functions.jsonl",
  "self_oss_output/concepts.completions.jsonl",
  "self_oss_output/instructions.jsonl",
  "self_oss_output/stats.json",
  "validation_output/results.jsonl",
  "final_dataset/instruction_dataset.parquet",
] as const;

export interface Killing {
  readonly server: ScriptedServer;
  readonly dir: string;
  /** Of the command that is killed and started again. */
  readonly args: readonly string[];
  /** When it is killed, start by start. */
  readonly instants: readonly (() => Instant)[];
  /** What else befalls the files at a kill. */
  readonly damage?: (journal: { readonly file: string; readonly bytes: number }) => void;
}

/**
 * Kills a run, starts it again, and so on, until it comes to its end; the last time nobody kills it. Expects that no answer
 * that a kill left in the files is asked for again. Gives for each kill the journals that were open.
 */
export async function expectNothingAskedTwice(options: Killing): Promise<readonly string[][]> {
  const { server, dir, args, instants, damage = () => undefined } = options;
  const killed: string[][] = [];
  let [kept, seen] = [new Set<number>(), server.log.length];
  for (;;) {
    const { child, ended } = start(args);
    const disarm = instants[killed.length]?.()(() => child.kill("SIGKILL"));
    const { status, signal, stderr } = await ended;
    disarm?.();
    const again = server.log.slice(seen).filter(({ seed }) => kept.has(seed));
    expect(again, `asked again after kill ${killed.length}`).toEqual([]);
    if (signal !== "SIGKILL") {
      expect(status, stderr).toBe(0);
      return killed;
    }
    killed.push(journals(dir).map(({ file }) => path.basename(file, ".jsonl.part")));
    for (const journal of journals(dir)) damage(journal);
    [kept, seen] = [journaled(dir), server.log.length];
  }
}

/** Runs a command to its good end. */
export async function finish(args: readonly string[]): Promise<void> {
  const { status, stderr } = await run(...args);
  expect(status, stderr).toBe(0);
}
