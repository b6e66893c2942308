// What an engine's answers came to: requests, tokens, money.
import type { Completion, Unanswered } from "./engine.js";

/** Of a million tokens, in whatever currency: those sent, and those drawn. */
export interface Price {
  readonly prompt: number;
  readonly completion: number;
}

export interface Meter {
  /** Counts an answer and gives it back. */
  count(answer: Completion | Unanswered): Completion | Unanswered;
  /** e.g. `1.2M tokens sent, 310k drawn, 0.42 spent`; empty where no answer has told of tokens. */
  told(): string;
}

/** A meter from zero. */
export function openMeter(price: Price | null): Meter {
  const total = { prompt: 0, completion: 0 };
  return {
    count(answer) {
      if ("text" in answer) {
        total.prompt += answer.promptTokens ?? 0;
        total.completion += answer.newTokens ?? 0;
      }
      return answer;
    },
    told() {
      const { prompt, completion } = total;
      if (prompt + completion === 0) return "";
      const spent = price === null ? "" : `, ${costOf({ prompt, completion }, price).toFixed(2)} spent`;
      return `${short(prompt)} tokens sent, ${short(completion)} drawn${spent}`;
    },
  };
}

/** What so many tokens cost. */
export function costOf(
  tokens: { readonly prompt: number; readonly completion: number },
  price: Price,
): number {
  return (tokens.prompt * price.prompt + tokens.completion * price.completion) / 1e6;
}

/** e.g. `310k`, `1.2M`. */
export function short(count: number): string {
  if (count < 1_000) return String(count);
  return count < 1e6 ? `${(count / 1e3).toFixed(0)}k` : `${(count / 1e6).toFixed(1)}M`;
}
