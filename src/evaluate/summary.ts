// What an evaluation comes to: pass@k over the tasks, with its interval, and how many samples got which verdict. Pure.
import type { Verdict } from "../core/record.js";
import { frequentFirst } from "../validate/verify.js";
import type { ResultRow } from "./judging.js";
import { estimate, passAt, type Estimate } from "./passes.js";
import type { NoSample } from "./samples.js";
import type { NoTask } from "./tasks.js";

/** What `summary.json` holds. */
export interface EvaluationSummary {
  readonly model: string | null;
  readonly tasks: number;
  readonly samples: number;
  /** Tasks that no sample answers; they count as not solved. */
  readonly unanswered: number;
  /** Rows of the files that were no tasks or no samples, by reason. */
  readonly dropped: {
    readonly tasks: Readonly<Partial<Record<NoTask, number>>>;
    readonly samples: Readonly<Partial<Record<NoSample, number>>>;
  };
  /** By k, e.g. `"1"`: mean over the tasks, and its 95 % interval; only for k of which every answered task has samples. */
  readonly passAt: Readonly<Record<string, Estimate>>;
  /** Samples by verdict, the most frequent first. */
  readonly verdicts: Readonly<Partial<Record<Verdict | "no-answer", number>>>;
}

/** Counts of samples, as rows come. */
export interface Tally {
  add(row: ResultRow): void;
  /** The summary; `wanted` are the ks. */
  summary(
    wanted: readonly number[],
    about: Pick<EvaluationSummary, "model" | "dropped">,
    tasks: Iterable<string>,
  ): EvaluationSummary;
}

export function newTally(): Tally {
  const byTask = new Map<string, { samples: number; passed: number }>();
  const verdicts = new Map<ResultRow["verdict"], number>();
  return {
    add({ task_id, passed, verdict }) {
      const before = byTask.get(task_id) ?? { samples: 0, passed: 0 };
      byTask.set(task_id, { samples: before.samples + 1, passed: before.passed + (passed ? 1 : 0) });
      verdicts.set(verdict, (verdicts.get(verdict) ?? 0) + 1);
    },
    summary(wanted, { model, dropped }, tasks) {
      const counts = [...tasks].map((id) => byTask.get(id) ?? null);
      const answered = counts.filter((count) => count !== null);
      const least = Math.min(...answered.map(({ samples }) => samples));
      const ks = wanted.filter((k) => k <= least);
      const at = (k: number): Estimate =>
        estimate(counts.map((count) => (count === null ? 0 : passAt(k, count.samples, count.passed))));
      return {
        model,
        tasks: counts.length,
        samples: answered.reduce((sum, { samples }) => sum + samples, 0),
        unanswered: counts.length - answered.length,
        dropped,
        passAt: Object.fromEntries(ks.map((k) => [String(k), at(k)])),
        verdicts: frequentFirst(verdicts),
      };
    },
  };
}
