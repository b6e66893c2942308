// What a model answered, kept word for word beside the rows that were made of it: an answer in the journal is never asked for
// again, a parser that has learned more can read it anew, and `replay:` answers from it.
import type { Entry } from "../core/journal.js";
import { keyOf } from "../core/record.js";
import type { Completion, GenerateRequest, Unanswered } from "../engine/engine.js";
import type { Answers } from "./stage.js";

/** A line of `<step>.completions.jsonl`. */
export type CompletionRow = { readonly key: string; /** The request's key. */ readonly of: string } & (
  Pick<Completion, "text" | "finish" | "promptTokens" | "newTokens"> | Pick<Unanswered, "reason" | "detail">
);

/** An answer, and the rows that are to be kept with what is made of it. */
export interface Answered {
  readonly answer: CompletionRow;
  readonly beside: readonly Entry<CompletionRow>[];
}

/** File of the answers of a step, without `.jsonl`. */
export function completionsOf(step: string): string {
  return `${step}.completions`;
}

/** True for the row of a request that had no answer: asked again when failures are retried. */
export function isUnanswered(row: unknown): boolean {
  return typeof row === "object" && row !== null && "reason" in row;
}

/** The answer that the journal holds, or else the one that is asked for. */
export async function answered(
  step: string,
  request: GenerateRequest,
  journal: Answers,
  ask: (request: GenerateRequest) => Promise<Completion | Unanswered>,
): Promise<Answered> {
  const key = keyOf("completion", request.key);
  const held = await journal.find<CompletionRow>(key);
  if (held !== null) return { answer: held.row, beside: [] };
  const { key: of, ...answer } = await ask(request);
  const row: CompletionRow = { key, of, ...("reason" in answer ? answer : kept(answer)) };
  return { answer: row, beside: [{ file: completionsOf(step), row }] };
}

function kept({
  text,
  finish,
  promptTokens,
  newTokens,
}: Omit<Completion, "key">): Pick<Completion, "text" | "finish" | "promptTokens" | "newTokens"> {
  return { text, finish, promptTokens, newTokens };
}
