// What tests ask an engine, and its answers by their keys.
import { collect } from "../../src/core/collect.js";
import type { Engine, GenerateRequest } from "../../src/engine/engine.js";

/** Items as they would come in. */
export async function* from<Item>(items: readonly Item[]): AsyncGenerator<Item> {
  await Promise.resolve();
  yield* items;
}

/** Greedy, of a few tokens, unless told otherwise. */
export function request(key: string, more: Partial<GenerateRequest> = {}): GenerateRequest {
  const prompt = "def add(a, b):\n    return";
  return { key, prompt, maxTokens: 50, temperature: 0, topP: 1, stop: [], seed: 1, ...more };
}

/** Answers by their keys. */
export async function drawn(
  engine: Engine,
  requests: readonly GenerateRequest[],
): Promise<Map<string, unknown>> {
  const answers = await collect(engine.generate(from(requests)));
  return new Map(answers.map((answer) => [answer.key, answer]));
}
