// The OpenAI protocol as plain data: what is sent for a request, and what an answer says. Pure. Servers differ in what they
// take; `Manner` is what has been learned of this one. Refuses nothing that a server may take: it is the server that says no.
// https://platform.openai.com/docs/api-reference/completions, https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html
import { InputError } from "../core/errors.js";
import { Cut } from "../hub/retry.js";
import type { Completion, GenerateRequest, Unanswered } from "./engine.js";

/** `completions` continues a prompt; `chat` puts a conversation, or the prompt as its one message, into the model's template. */
export type Api = "completions" | "chat";

/** Where an API lies below the base URL. */
export const PATHS: Readonly<Record<Api, string>> = {
  completions: "/completions",
  chat: "/chat/completions",
};

/** How a server wants to be asked. */
export interface Manner {
  /** Most stop strings. */
  readonly stops: number;
  /** Newer hosted models know only the second name. */
  readonly limit: "max_tokens" | "max_completion_tokens";
}

/** As vLLM takes it, until a server says otherwise. */
export const FIRST_MANNER: Manner = { stops: Infinity, limit: "max_tokens" };

/** Stop strings that every server takes. */
const FEW_STOPS = 4;

/** The body of a request. Streaming would tell nothing that is needed here, and costs both sides a message per token. */
export function bodyOf(
  request: GenerateRequest,
  model: string,
  api: Api,
  manner: Manner,
): Readonly<Record<string, unknown>> {
  const { prompt, messages, maxTokens, temperature, topP, topK, seed } = request;
  if (api === "chat" && typeof prompt !== "string") {
    throw new InputError(`request ${request.key} is token ids: chat takes text; use the completions API`);
  }
  const stop = stopsOf(request).slice(0, manner.stops);
  return {
    model,
    ...(api === "chat" ? { messages: messages ?? [{ role: "user", content: prompt }] } : { prompt }),
    [manner.limit]: maxTokens,
    temperature,
    top_p: topP,
    ...(topK === undefined ? {} : { top_k: topK }),
    ...(stop.length === 0 ? {} : { stop }),
    seed,
    stream: false,
  };
}

/** How to ask again after a refusal that says what was wrong with the manner; null where it does not. */
export function betterManner(request: GenerateRequest, manner: Manner, refusal: string): Manner | null {
  if (manner.limit === "max_tokens" && refusal.includes("max_completion_tokens")) {
    return { ...manner, limit: "max_completion_tokens" };
  }
  const sent = Math.min(stopsOf(request).length, manner.stops);
  return sent > FEW_STOPS && /\bstop/i.test(refusal) ? { ...manner, stops: FEW_STOPS } : null;
}

/** What a server answered. @throws Cut where that is no answer. */
export function answerOf(request: GenerateRequest, api: Api, json: unknown): Completion | Unanswered {
  const { key } = request;
  const choice = firstChoice(json);
  const message = api === "chat" ? asFields(choice["message"]) : choice;
  const said = message[api === "chat" ? "content" : "text"];
  const finish = choice["finish_reason"];
  if (typeof finish !== "string") throw new Cut("the server's answer does not say why it ends");
  if (typeof message["refusal"] === "string") {
    return { key, reason: "refused", detail: message["refusal"] };
  }
  if (finish !== "stop" && finish !== "length") {
    return {
      key,
      reason: finish.replaceAll("_", "-"),
      detail: `the server ended the answer with "${finish}"`,
    };
  }
  // A model that thinks aloud elsewhere and runs out of tokens there has said nothing here.
  if (typeof said !== "string" && said !== null) throw new Cut("the server's answer has no text");
  const whole = said ?? "";
  const text = beforeStop(whole, stopsOf(request));
  const usage = asFields(asFields(json)["usage"]);
  return {
    key,
    text,
    tokens: null,
    finish: text.length < whole.length ? "stop" : finish,
    promptTokens: countOf(usage["prompt_tokens"]),
    newTokens: countOf(usage["completion_tokens"]),
  };
}

/** The first of an answer's choices. @throws Cut where there is none. */
export function firstChoice(json: unknown): Readonly<Record<string, unknown>> {
  const { choices } = asFields(json);
  if (!Array.isArray(choices) || choices.length === 0) throw new Cut("the server answered without a choice");
  return asFields(choices[0]);
}

/** An object's fields; none of what is no object. */
export function asFields(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

/** A count, or null of anything else. */
export function countOf(value: unknown): number | null {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 ? value : null;
}

function stopsOf({ stop }: GenerateRequest): readonly string[] {
  return stop.filter((text) => text !== "");
}

/** A text up to the first stop string in it: some servers know only a few of them, some leave them in. */
function beforeStop(text: string, stops: readonly string[]): string {
  const places = stops.map((stop) => text.indexOf(stop)).filter((place) => place >= 0);
  return text.slice(0, Math.min(text.length, ...places));
}
