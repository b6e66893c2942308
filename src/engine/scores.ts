// The likelihood of a text after a prompt, from a server that repeats what it was sent with a log-probability per token
// (`echo` of the completions API: vLLM, SGLang, OpenAI's first models). Pure. Where the text begins among the tokens is
// found by spelling it from the end; where tokens are no whole characters, by how many tokens the prompt has alone.
import type { ScoreRequest } from "./engine.js";
import { InputError } from "../core/errors.js";
import { asFields, countOf, firstChoice } from "./wire.js";

/** What was sent, token by token. */
export interface Echo {
  readonly tokens: readonly string[];
  /** In nats; null where nothing comes before. */
  readonly logprobs: readonly (number | null)[];
}

/** The body that asks for an echo. One token is drawn and thrown away: not all servers take none. */
export function echoBody(
  prompt: string | readonly number[],
  model: string,
): Readonly<Record<string, unknown>> {
  return { model, prompt, echo: true, logprobs: 1, max_tokens: 1, temperature: 0, stream: false };
}

/** Prompt and text as one. @throws InputError where one is text and the other token ids. */
export function joined({ key, prompt, text }: ScoreRequest): string | readonly number[] {
  if (typeof prompt === "string" && typeof text === "string") return prompt + text;
  if (typeof prompt !== "string" && typeof text !== "string") return [...prompt, ...text];
  if (prompt.length === 0) return text;
  throw new InputError(`request ${key} has text and token ids: prompt and text must be of one kind`);
}

/** What a server repeated; null where it did not. @throws Cut where there is no answer. */
export function echoOf(json: unknown): Echo | null {
  const { tokens, token_logprobs } = asFields(firstChoice(json)["logprobs"]);
  if (!areTexts(tokens) || !areLogprobs(token_logprobs) || tokens.length !== token_logprobs.length)
    return null;
  const drawn = asFields(asFields(json)["usage"]);
  const sent = countOf(drawn["prompt_tokens"]) ?? tokens.length - 1;
  // A server that ignores `echo` tells of the drawn token only.
  if (sent === 0 || tokens.length < sent) return null;
  return { tokens: tokens.slice(0, sent), logprobs: token_logprobs.slice(0, sent) };
}

/** How many of the last tokens the text is; null where they don't spell it. A token across the border counts. */
export function tokensOf({ prompt, text }: ScoreRequest, { tokens }: Echo): number | null {
  if (prompt.length === 0) return tokens.length;
  if (typeof text !== "string") return text.length;
  const backwards = [...tokens].reverse();
  let spelled = "";
  let count = 0;
  for (const token of backwards) {
    // vLLM writes the first bytes of a character as nothing, and the whole of it as its last token.
    if (spelled.length >= text.length && token !== "") break;
    spelled = token + spelled;
    count++;
  }
  return spelled.length >= text.length && spelled.endsWith(text) ? count : null;
}

/** The mean over the last `count` tokens that have a likelihood; null where none has. */
export function meanNll({ logprobs }: Echo, count: number): { nll: number; tokens: number } | null {
  const told = logprobs.slice(logprobs.length - count).filter((value) => value !== null);
  if (told.length === 0) return null;
  return { nll: -told.reduce((sum, value) => sum + value, 0) / told.length, tokens: told.length };
}

function areTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

function areLogprobs(value: unknown): value is (number | null)[] {
  return Array.isArray(value) && value.every((item) => item === null || typeof item === "number");
}
