// Likelihoods asked for one at a time by many, scored in batches: what is asked within a moment goes to the engine together.
import { asError } from "../core/files.js";
import type { Engine, Score, ScoreRequest, Unanswered } from "./engine.js";

export interface Scorer {
  /** The likelihood of one text. Rejects when the engine fails. */
  ask(request: ScoreRequest): Promise<Score | Unanswered>;
}

interface Asked {
  readonly request: ScoreRequest;
  readonly resolve: (score: Score | Unanswered) => void;
  readonly reject: (error: Error) => void;
}

/** Milliseconds in which questions gather, and with how many of them nothing more is waited for. */
const GATHER_MS = 50;
const BATCH = 64;

/** A scorer on an engine, which stays the caller's to close; one batch is under way at a time. */
export function openScorer(engine: Pick<Engine, "score">, signal?: AbortSignal): Scorer {
  const queue: Asked[] = [];
  let working = false;

  async function* requestsOf(batch: readonly Asked[]): AsyncGenerator<ScoreRequest> {
    for (const { request } of batch) yield await Promise.resolve(request);
  }

  async function work(): Promise<void> {
    working = true;
    while (queue.length > 0) {
      if (queue.length < BATCH) await new Promise((resolve) => setTimeout(resolve, GATHER_MS));
      const batch = queue.splice(0, BATCH);
      const waiting = new Map(batch.map((asked) => [asked.request.key, asked]));
      try {
        for await (const score of engine.score(requestsOf(batch), signal))
          waiting.get(score.key)?.resolve(score);
      } catch (error) {
        for (const { reject } of batch) reject(asError(error));
      }
    }
    working = false;
  }

  return {
    ask: (request) =>
      new Promise((resolve, reject) => {
        queue.push({ request, resolve, reject });
        if (!working) void work();
      }),
  };
}
