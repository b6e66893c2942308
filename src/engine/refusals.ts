// What a server's refusals and failures mean: a request without an answer, or the end of the run with a word on what to do.
// Pure. No address stands in what is kept of a request: it may be asked again elsewhere. No key stands anywhere.
import { InputError } from "../core/errors.js";
import { Cut, explainedFailure, HttpError, Silence, Unreachable } from "../hub/retry.js";
import type { Unanswered } from "./engine.js";
import { asFields } from "./wire.js";

/** Whom we ask for what; for messages. */
export interface Whom {
  readonly baseUrl: string;
  readonly model: string;
  /** What the server lists; empty where it does not. */
  readonly models: readonly string[];
}

/** True for failures that say that the server was asked for too much at once. */
export function isTooMuch(error: unknown): boolean {
  if (error instanceof HttpError) return [408, 429, 502, 503, 504, 529].includes(error.status);
  return error instanceof Silence;
}

/** What is to be kept of a request that failed; null where the failure concerns all requests. */
export function unansweredOf(key: string, error: HttpError | Cut): Unanswered | null {
  if (error instanceof Unreachable || (error instanceof HttpError && concernsAll(error))) return null;
  if (error instanceof Cut) {
    const detail = error.message.replace(/https?:\/\/\S+/g, "the server");
    return { key, reason: "no-answer", detail };
  }
  const { status } = error;
  const said = messageOf(error);
  const detail = said === "" ? `answered ${status}` : `answered ${status}: ${said}`;
  if (status === 429 || status === 408 || (status >= 500 && status !== 501)) {
    return { key, reason: "no-answer", detail };
  }
  const long = status === 413 || /context[ _](length|size|window)/i.test(error.said);
  return { key, reason: long ? "prompt-too-long" : "refused", detail };
}

/** True for refusals of the address, the key, or the model. */
function concernsAll({ status, said }: HttpError): boolean {
  return (
    (status >= 300 && status < 400) ||
    [401, 402, 403, 404, 405].includes(status) ||
    said.includes("model_not_found")
  );
}

/** A failure that concerns all requests, as what to do about it. */
export function explainedRefusal(error: HttpError | Cut, { baseUrl, model, models }: Whom): unknown {
  if (error instanceof Cut) return explainedFailure(error);
  const { status } = error;
  const listed = models.length === 0 ? "" : `; it lists ${models.slice(0, 20).join(", ")}`;
  const who = `${baseUrl} answered ${status} for model "${model}"`;
  const cause = { cause: error };
  if (status === 401) return new InputError(`${who}${listed}: give a key that it knows`, cause);
  const said = messageOf(error);
  const why = `${who}${said === "" ? "" : ` ("${said}")`}${listed}`;
  if (status === 402 || status === 403) return new InputError(`${why}: check what the key may do`, cause);
  if (isTooMuch(error)) {
    return new InputError(
      `${why}, to one request after the other: what was finished is kept; run the same command again later`,
      cause,
    );
  }
  return new InputError(
    `${why}: check the model's name, and the base URL, e.g. http://localhost:8000/v1`,
    cause,
  );
}

/** What a server says in words, on one line; empty where it says nothing that is meant for people. */
function messageOf({ said }: HttpError): string {
  const text = textIn(said).replace(/\s+/g, " ").trim();
  return text.startsWith("<") ? "" : text.slice(0, 400);
}

/** OpenAI's `{error: {message}}`, FastAPI's `{detail}`, and what lies between. */
function textIn(said: string): string {
  let json: unknown;
  try {
    json = JSON.parse(said);
  } catch {
    return said; // not JSON: the text itself, or the start of a longer body
  }
  const { error, message, detail } = asFields(json);
  for (const value of [asFields(error)["message"], error, message, detail]) {
    if (typeof value === "string") return value;
  }
  return said;
}
