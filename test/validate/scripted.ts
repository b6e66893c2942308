// A sandbox that answers what a test says, and remembers what it was asked.
import type { JudgeJob, KillJob, Outcome, Sandbox } from "../../src/sandbox/sandbox.js";

/** An outcome that passed with one assert, but for what is said. */
export function outcome(changes: Partial<Outcome> = {}): Outcome {
  return {
    status: "passed",
    mode: "split",
    objects: false,
    stage: "tests",
    asserts: 1,
    calls: 1,
    message: null,
    line: null,
    ...changes,
  };
}

export interface Scripted extends Sandbox {
  readonly judged: JudgeJob[];
  readonly killed: KillJob[];
  closed: boolean;
}

/** Variants are all killed unless `kill` says otherwise. */
export function scripted(
  judge: (job: JudgeJob) => Outcome | Promise<Outcome>,
  kill: (variant: string) => boolean = () => true,
): Scripted {
  const judged: JudgeJob[] = [];
  const killed: KillJob[] = [];
  return {
    backend: "scripted",
    interpreter: "CPython 3",
    judged,
    killed,
    closed: false,
    async judge(job) {
      judged.push(job);
      return judge(job);
    },
    observe: () => Promise.reject(new Error("nobody observes here")),
    kill(job) {
      killed.push(job);
      return Promise.resolve(job.variants.map(kill));
    },
    close() {
      this.closed = true;
      return Promise.resolve();
    },
  };
}
