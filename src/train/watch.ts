// Where the time of a training run goes: learning, evaluating, saving; told between two checkpoints and as tokens per
// second. The clock is an argument.
import type { Standing } from "./standing.js";

/** Where time went between two checkpoints: a row of `timings.jsonl`. */
export interface Timing {
  /** Steps taken before and after. */
  readonly from: number;
  readonly to: number;
  readonly tokens: number;
  readonly trainingSeconds: number;
  readonly evaluationSeconds: number;
  readonly savingSeconds: number;
}

export interface Watch {
  /** Does the work and counts its time. */
  time<Result>(what: "training" | "evaluation" | "saving", work: () => Promise<Result>): Promise<Result>;
  /** Tokens per second of learning since the start; 0 before the first step. */
  speed(at: Standing): number;
  /** What came since the last lap, which ends here. */
  lap(at: Standing): Timing;
}

/** A watch for a run that starts from a standing; `now` counts milliseconds. */
export function startWatch(start: Standing, now: () => number): Watch {
  const none = { training: 0, evaluation: 0, saving: 0 };
  let seconds = { ...none };
  let learning = 0;
  let last = start;
  return {
    async time(what, work) {
      const begin = now();
      const result = await work();
      const took = (now() - begin) / 1_000;
      seconds[what] += took;
      if (what === "training") learning += took;
      return result;
    },
    speed: ({ tokens }) => (learning > 0 ? (tokens - start.tokens) / learning : 0),
    lap(at) {
      const timing = {
        from: last.step,
        to: at.step,
        tokens: at.tokens - last.tokens,
        trainingSeconds: rounded(seconds.training),
        evaluationSeconds: rounded(seconds.evaluation),
        savingSeconds: rounded(seconds.saving),
      };
      seconds = { ...none };
      last = at;
      return timing;
    },
  };
}

function rounded(seconds: number): number {
  return Number(seconds.toFixed(3));
}
