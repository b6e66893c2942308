// Who taught in a run that asked a model, as the card, the report and the summaries say it. In: the options that decide a
// run's rows. Out: names and sentences; nothing of them where no model was asked.
import type { ContentOptions } from "../core/run.js";
import type { Sampling } from "../instruct/prompted.js";

export interface ModelTeacher {
  /** For people, e.g. `bigcode/starcoder2-15b`. */
  readonly name: string;
  /** Of the engine: what its answers depend on. */
  readonly identity: string;
  /** Name of the prompt set, and its identity. */
  readonly prompts: string;
  readonly sampling: Sampling;
  /** True where answers came out of a file and no model ran. */
  readonly replayed: boolean;
}

/** The model that taught; null where none was asked. */
export function teacherOf({
  model = "",
  engine,
  prompts = "",
  sampling = "",
}: ContentOptions): ModelTeacher | null {
  if (engine === undefined) return null;
  const identity = String(engine);
  return {
    name: String(model).replace(/^\w+:/, ""),
    identity,
    prompts: String(prompts),
    // As `teaching.ts` wrote it.
    sampling: JSON.parse(String(sampling)) as Sampling,
    replayed: identity.startsWith("replay:"),
  };
}

/** What the texts of a replay are, wherever they are shown. */
export const REPLAYED =
  "written examples or an earlier run's answers, replayed: no model's output of this run";

/** How the answers were drawn, in a sentence's part. */
export function samplingText({ temperature, topP, maxTokens, budget, width, wanted }: Sampling): string {
  const rounds =
    budget === 1
      ? "one response for each instruction"
      : `at most ${budget} responses for each instruction, ${width} at a time until ${wanted === 1 ? "one is" : `${wanted} are`} verified`;
  return `temperature ${temperature}, top-p ${topP}, at most ${maxTokens} new tokens, ${rounds}`;
}
