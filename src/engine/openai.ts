// `openai:` a model behind an OpenAI-compatible server: vLLM, SGLang, llama.cpp, `transformers serve`, hosted ones. Requests
// go there as many at a time as the server bears (`limit.ts`), failures are asked again (`hub/post.ts`), and each is answered
// once: by a text or by why there is none. Stops for what concerns all: the address, the key, the model, a server that is gone.
import { InputError } from "../core/errors.js";
import { openPoster, type PostOptions } from "../hub/post.js";
import { Cut, HttpError } from "../hub/retry.js";
import type { Engine, GenerateRequest, Score, ScoreRequest, Unanswered } from "./engine.js";
import { answerAll } from "./flight.js";
import { openLimit } from "./limit.js";
import { modelName, servedModels } from "./models.js";
import { explainedRefusal, isTooMuch, unansweredOf } from "./refusals.js";
import { echoBody, echoOf, joined, meanNll, tokensOf, type Echo } from "./scores.js";
import { answerOf, betterManner, bodyOf, FIRST_MANNER, PATHS, type Api } from "./wire.js";

export interface OpenaiOptions {
  /** As the server names it. */
  readonly model: string;
  /** Up to and with the version, e.g. `http://localhost:8000/v1`. */
  readonly baseUrl: string;
  /** Sent to that address and no other. */
  readonly apiKey?: string | undefined;
  /** Default `completions`; hosted models often have only `chat`. */
  readonly api?: Api;
  /** Most requests at the same time, default 64. */
  readonly concurrency?: number;
  /** Of the network: how long and how often it is tried. */
  readonly http?: Omit<PostOptions, "token">;
}

/** Requests in a row that found the server too busy at every try: it is not the requests. */
const BUSY_IN_A_ROW = 10;

/** Opens a server's model: asks once what the server has. @throws InputError for a wrong address, key or option. */
export async function openOpenai(options: OpenaiOptions): Promise<Engine> {
  const { model, api = "completions", concurrency = 64, http = {} } = options;
  if (model === "") throw new InputError("openai: names no model; write e.g. openai:bigcode/starcoder2-15b");
  if (!Number.isInteger(concurrency) || concurrency < 1) {
    throw new InputError(`concurrency ${concurrency} is not a whole number from 1`);
  }
  const base = addressOf(options.baseUrl);
  const baseUrl = base.href.replace(/\/+$/, "");
  const { apiKey = "" } = options;
  const network = apiKey === "" ? http : { ...http, token: { origin: base.origin, value: apiKey } };
  const models = await servedModels(baseUrl, model, network);
  const whom = { baseUrl, model, models: models.map(({ id }) => id) };

  const poster = openPoster(network);
  const limit = openLimit({ most: concurrency, isTooMuch });
  const closing = new AbortController();
  let busyInARow = 0;
  let manner = FIRST_MANNER;

  /** One answer from the server; or why there is none, where it concerns this request only. */
  async function ask<T>(
    key: string,
    where: Api,
    body: unknown,
    read: (json: unknown) => T,
    signal: AbortSignal,
  ): Promise<T | Unanswered> {
    try {
      const turn = (attempt: () => Promise<T>): Promise<T> => limit.run(attempt, signal);
      const answer = await poster.post(`${baseUrl}${PATHS[where]}`, body, { read, turn, signal });
      busyInARow = 0;
      return answer;
    } catch (error) {
      if (!(error instanceof HttpError || error instanceof Cut)) throw error;
      // Only scoring asks another API than the engine's: a server without it can't score, and is no wrong address.
      if (where !== api && error instanceof HttpError && [404, 405].includes(error.status)) {
        return { key, ...NO_ECHO };
      }
      const unanswered = unansweredOf(key, error);
      busyInARow = isTooMuch(error) ? busyInARow + 1 : 0;
      if (unanswered === null || busyInARow >= BUSY_IN_A_ROW) throw explainedRefusal(error, whom);
      return unanswered;
    }
  }

  async function complete(request: GenerateRequest, signal: AbortSignal) {
    for (;;) {
      const used = manner;
      const body = bodyOf(request, model, api, used);
      const answer = await ask(request.key, api, body, (json) => answerOf(request, api, json), signal);
      const better = "reason" in answer ? betterManner(request, used, answer.detail) : null;
      if (better === null) {
        if ("text" in answer) request.onText?.(answer.text);
        return answer;
      }
      manner = better;
    }
  }

  async function score(request: ScoreRequest, signal: AbortSignal): Promise<Score | Unanswered> {
    const { key, prompt } = request;
    const echo = (text: string | readonly number[]): Promise<Echo | Unanswered> =>
      ask(key, "completions", echoBody(text, model), (json) => echoOf(json) ?? { key, ...NO_ECHO }, signal);
    const whole = await echo(joined(request));
    if ("reason" in whole) return whole;
    let count = tokensOf(request, whole);
    if (count === null) {
      const alone = await echo(prompt);
      if ("reason" in alone) return alone;
      count = whole.tokens.length - alone.tokens.length;
    }
    const mean = meanNll(whole, count);
    return mean === null
      ? { key, reason: "no-scores", detail: "no token of the text has a likelihood" }
      : { key, ...mean };
  }

  const until = (signal: AbortSignal | undefined): AbortSignal =>
    signal === undefined ? closing.signal : AbortSignal.any([signal, closing.signal]);
  return {
    identity: `openai ${api} ${modelName(model, models)}`,
    generate: (requests, signal) => answerAll(requests, limit.size, complete, until(signal)),
    score: (requests, signal) => answerAll(requests, limit.size, score, until(signal)),
    close() {
      closing.abort(new Error("the engine was closed"));
      poster.close();
      return Promise.resolve();
    },
  };
}

const NO_ECHO = {
  reason: "no-scores",
  detail:
    "the server does not tell the likelihood of what it is sent (`echo` with `logprobs`); vLLM and SGLang do",
};

/** A base URL. @throws InputError when it is none, or holds what must not be shown. */
function addressOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isWeb = url?.protocol === "https:" || url?.protocol === "http:";
  if (!isWeb)
    throw new InputError(`base URL "${text}" is not an http(s) address; write e.g. http://localhost:8000/v1`);
  if (url.username !== "" || url.password !== "" || url.search !== "") {
    throw new InputError(
      `base URL ${url.origin}${url.pathname} comes with a password or a query: give the key as apiKey`,
    );
  }
  return url;
}
