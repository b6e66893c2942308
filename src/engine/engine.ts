// What every engine is to the rest of the house: prompts go in, completions come out in the order in which they are done.
// One request is one sample; equal prompts in flight share their prefill inside the engine where it can. An engine throws for
// what concerns all requests (a wrong address, a model that does not load); what concerns one request is an answer.

/** What one side says to the other, as chat APIs take it. */
export interface ChatMessage {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

/** What a model is asked: a text to go on from, or a conversation to answer. */
export type Prompt = string | readonly ChatMessage[];

/** One sample to be drawn. */
export interface GenerateRequest {
  /** Given back with the answer; unique among those in flight. */
  readonly key: string;
  /** Text, or token ids for engines that take them. */
  readonly prompt: string | readonly number[];
  /** The conversation that `prompt` writes out: what a chat API is sent instead. */
  readonly messages?: readonly ChatMessage[];
  /** What is asked for, e.g. `responses json/decoder.py py_scanstring 0` (step, file, function, index): for engines that look answers up. */
  readonly about?: string;
  /** Most new tokens. */
  readonly maxTokens: number;
  /** 0 takes the likeliest token each time. */
  readonly temperature: number;
  /** Share of probability that is drawn from, above 0 and at most 1. */
  readonly topP: number;
  /** How many of the likeliest tokens are drawn from; absent: the engine's own limit. */
  readonly topK?: number;
  /** The text ends before the first of these that comes up. */
  readonly stop: readonly string[];
  /** Same seed, same prompt, same engine: same text, in whatever company. A server may not keep to it. */
  readonly seed: number;
  /** Hears the text as it comes, in pieces that together are the answer's text; an engine may tell it all at the end. */
  readonly onText?: (piece: string) => void;
}

/** `stop`: a stop string or the model's own end; `length`: `maxTokens` or the model's context is used up. */
export type FinishReason = "stop" | "length";

export interface Completion {
  readonly key: string;
  /** Without the stop string; empty where the engine has no tokenizer. */
  readonly text: string;
  /** New tokens, stop tokens left out; null where the engine does not tell. */
  readonly tokens: readonly number[] | null;
  readonly finish: FinishReason;
  /** How many tokens the prompt was, and how many were drawn; null where the engine does not tell. */
  readonly promptTokens: number | null;
  readonly newTokens: number | null;
}

/** A request that has no answer, and why: kebab-case, e.g. `prompt-too-long`, `refused`, `no-answer`. */
export interface Unanswered {
  readonly key: string;
  readonly reason: string;
  readonly detail: string;
}

/** A text whose likelihood after a prompt is wanted. */
export interface ScoreRequest {
  readonly key: string;
  readonly prompt: string | readonly number[];
  readonly text: string | readonly number[];
}

export interface Score {
  readonly key: string;
  /** Mean negative log-likelihood per token of the text, in nats. */
  readonly nll: number;
  /** Tokens of the text. */
  readonly tokens: number;
}

export interface Engine {
  /** What the answers depend on besides the requests: model, revision, precision. Equal identity, equal answers. */
  readonly identity: string;
  generate(
    requests: AsyncIterable<GenerateRequest>,
    signal?: AbortSignal,
  ): AsyncGenerator<Completion | Unanswered>;
  score(requests: AsyncIterable<ScoreRequest>, signal?: AbortSignal): AsyncGenerator<Score | Unanswered>;
  close(): Promise<void>;
}
