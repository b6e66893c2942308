// How long the stages of a run took: one line of timings.jsonl for each start of a stage, which the report reads.
import { appendFile } from "node:fs/promises";
import type { Progress } from "./core/progress.js";
import type { RunDirectory } from "./core/run.js";
import { cpuSeconds } from "./core/usage.js";
import type { StageName } from "./plans.js";

/** A run in which stages are timed. */
export interface Clocked {
  readonly run: Pick<RunDirectory, "at">;
  /** Stages of this start. */
  readonly stages: ReadonlySet<StageName>;
  /** Gets those that had something to do. */
  readonly worked: Set<StageName>;
  readonly progress: Pick<Progress, "say">;
}

/** Runs a stage's work; when there was any (`false` says there was none), its time goes to timings.jsonl. */
export async function timed(c: Clocked, stage: StageName, work: () => Promise<unknown>): Promise<void> {
  const start = performance.now();
  const cpu = await cpuSeconds();
  if ((await work()) === false) {
    c.progress.say(`${stage}: finished already`);
    return;
  }
  c.worked.add(stage);
  const seconds = (performance.now() - start) / 1_000;
  // Processor time can be told apart only while one stage runs alone.
  const after = c.stages.size === 1 ? await cpuSeconds() : null;
  const entry = { stage, seconds, cpuSeconds: cpu === null || after === null ? null : after - cpu };
  await appendFile(c.run.at("timings.jsonl"), `${JSON.stringify(entry)}\n`);
}
