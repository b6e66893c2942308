// In which world a program is judged. Two worlds can't be deceived, but not every program can be judged across them; one
// world judges all, but clever code can forge its pass. `auto` takes the first wherever it can, and falls back only for
// code that shows no sign of deceit. Needs `loadGrammar` first.
import type { JudgeJob, JudgingSandbox, Mode, Outcome } from "../sandbox/sandbox.js";
import { suspicionsOf } from "../sandbox/suspicions.js";

/** The modes that a caller may ask for. */
export const MODES = ["auto", "split", "one-world"] as const satisfies readonly (Mode | "auto")[];
export type ModeChoice = (typeof MODES)[number];

export interface JudgeOptions {
  /** Default `auto`: split; if that did not pass for a reason that the two worlds may have caused, one world. */
  readonly mode?: ModeChoice;
}

/** The outcome that counts. */
export async function judgeBest(
  sandbox: JudgingSandbox,
  job: Omit<JudgeJob, "mode">,
  { mode = "auto" }: JudgeOptions = {},
): Promise<Outcome> {
  if (mode !== "auto") return sandbox.judge({ ...job, mode });
  const split = await sandbox.judge({ ...job, mode: "split" });
  return mayBeUnjust(split) && suspicionsOf(job.code).length === 0
    ? sandbox.judge({ ...job, mode: "one-world" })
    : split;
}

/** True where the program may have failed only because objects can't pass between two worlds. */
function mayBeUnjust({ status, objects }: Outcome): boolean {
  return status === "unsupported" || (status !== "passed" && objects);
}
