// How well an instruction and its code belong together, by what a language model expects of either when it has read the
// other. Three texts are scored, nothing is generated.
import { keyOf } from "../core/record.js";
import type { Score, ScoreRequest, Unanswered } from "../engine/engine.js";

/** In nats per token; null where the model could not say. */
export interface Likelihood {
  /**
   * How much likelier the instruction is to a model that has read the code: low where the two don't belong together, very high
   * where one gives the other away.
   * Method: RMI of QAQ, https://arxiv.org/abs/2603.12165
   */
  readonly rmi: number | null;
  /**
   * Log-likelihood of the code after the instruction and of the instruction after the code, added.
   * Method: Coder-Reviewer reranking, https://arxiv.org/abs/2211.16490
   */
  readonly coderReviewer: number | null;
}

/** What stands before an instruction and before code; the same with and without what came before. */
const ASKED = "# Instruction\n";
const ANSWERED = "# Code\n";

/** The likelihoods of a pair. Rejects when the engine fails. */
export async function likelihoodOf(
  { key, instruction, code }: { readonly key: string; readonly instruction: string; readonly code: string },
  ask: (request: ScoreRequest) => Promise<Score | Unanswered>,
): Promise<Likelihood> {
  const nll = async (name: string, prompt: string, text: string): Promise<number | null> => {
    const score = await ask({ key: keyOf("likelihood", key, name), prompt, text });
    return "nll" in score ? score.nll : null;
  };
  const [asked, askedAfter, answeredAfter] = await Promise.all([
    nll("instruction", ASKED, instruction),
    nll("instruction after code", `${ANSWERED}${code}\n\n${ASKED}`, instruction),
    nll("code after instruction", `${ASKED}${instruction}\n\n${ANSWERED}`, code),
  ]);
  return {
    rmi: asked === null || askedAfter === null ? null : asked - askedAfter,
    coderReviewer: answeredAfter === null || askedAfter === null ? null : -(answeredAfter + askedAfter),
  };
}
