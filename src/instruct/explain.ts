// One step on one record, looked at closely: the prompt as it is sent, the answer word for word, what was read out of it and
// the row that comes of it. It goes the way of a run, through the same teacher; nothing is stored.
import type { Seed, WithConcepts, WithInstruction, WithResponse } from "../core/record.js";
import { keyOf } from "../core/record.js";
import type { Made } from "../core/mapping.js";
import { openAsker } from "../engine/asker.js";
import type { Completion, Engine, GenerateRequest, Unanswered } from "../engine/engine.js";
import { loadGrammar } from "../python/syntax.js";
import { parseResponse, type ResponseParts } from "./parse.js";
import { promptedTeacher } from "./prompted.js";
import type { PromptSet } from "./prompts.js";
import type { Answers, Step } from "./stage.js";

export interface ExplainOptions {
  readonly engine: Pick<Engine, "identity" | "generate">;
  readonly prompts: PromptSet;
  /** Decides every draw, default 3407, as of a run. */
  readonly seed?: number;
  /** Which of an instruction's responses, default 0. */
  readonly index?: number;
  /** How the model draws; defaults 0.7, 1 and 1,536 tokens. */
  readonly temperature?: number;
  readonly topP?: number;
  readonly maxTokens?: number;
}

export interface Explanation<Row> {
  /** As sent; a conversation is written out. */
  readonly prompt: string;
  /** Word for word; null where there was none. */
  readonly answer: string | null;
  /** Sections, code and tests of a response that could be read; null otherwise, and for the other steps. */
  readonly parts: ResponseParts | null;
  /** What a run would write, with what is published of a response; null where it would note a failure. */
  readonly row: Row | null;
  /** Why there is no row, and what was seen; null where there is one. */
  readonly reason: string | null;
  readonly detail: string | null;
}

/** What a step takes and gives. */
interface StepRecords {
  readonly concepts: { readonly from: Seed; readonly row: WithConcepts };
  readonly instructions: { readonly from: WithConcepts; readonly row: WithInstruction };
  readonly responses: { readonly from: WithInstruction; readonly row: WithResponse };
}

/** Nothing was answered before. */
const NO_ANSWERS: Answers = { find: () => Promise.resolve(null) };

/**
 * Puts one record through one step. Rejects with what the engine throws.
 * Example: `explainStep("concepts", seed, { engine, prompts })`.
 */
export async function explainStep<S extends Step>(
  step: S,
  record: StepRecords[S]["from"],
  { engine, prompts, seed = 3407, index = 0, temperature = 0.7, topP = 1, maxTokens = 1_536 }: ExplainOptions,
): Promise<Explanation<StepRecords[S]["row"]>> {
  await loadGrammar();
  const asked: { request: GenerateRequest; answer: Completion | Unanswered }[] = [];
  const asker = openAsker(engine);
  const teacher = promptedTeacher({
    model: engine.identity,
    prompts,
    seed,
    sampling: { temperature, topP, maxTokens, budget: 1, width: 1, wanted: 1 },
    ask: async (request) => {
      const answer = await asker.ask(request);
      asked.push({ request, answer });
      return answer;
    },
  });
  const key = keyOf(step, record.key, index);
  const steps = {
    concepts: (from: Seed) => teacher.concepts(from, key, NO_ANSWERS),
    instructions: (from: WithConcepts) => teacher.instructions(from, key, NO_ANSWERS),
    responses: (from: WithInstruction) => teacher.responses(from, key, index, NO_ANSWERS),
  };
  // The step decides the record's type, which a table of functions can't say.
  const teach = steps[step] as (from: StepRecords[S]["from"]) => Promise<Made<StepRecords[S]["row"]> | null>;
  const made = await teach(record).finally(() => asker.close());
  const [first] = asked;
  if (first === undefined) throw new Error("internal: a step asked nothing");
  const { request, answer } = first;
  const read = step === "responses" && "text" in answer ? parseResponse(answer.text) : null;
  const row = made !== null && "row" in made ? made.row : null;
  const failed = made !== null && "failed" in made ? made.failed : "reason" in answer ? answer : null;
  return {
    prompt: String(request.prompt),
    answer: "text" in answer ? answer.text : null,
    parts: read !== null && "fields" in read ? read.fields : null,
    row,
    reason: failed?.reason ?? null,
    detail: failed?.detail ?? null,
  };
}
