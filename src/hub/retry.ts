// When a request is made again, and after how long: answers that say "later", servers that fail, connections that break.
// Pure: what came back goes in, milliseconds or "never" come out. A wait that the server asks for is kept to the full.
// Headers: https://www.rfc-editor.org/rfc/rfc9110#name-retry-after, GitHub's x-ratelimit-*, the Hub's `RateLimit`.

import { InputError } from "../core/errors.js";

/** An answer that is not a success. Its message holds neither a query (it may be a signature) nor a header. */
export class HttpError extends Error {
  override readonly name = "HttpError";
  /** Without its query. */
  readonly url: string;
  constructor(
    url: string,
    readonly status: number,
    /** Lower-case names. */
    readonly headers: ReadonlyMap<string, string> = new Map(),
    /** The start of what the server said, where it was read; not part of the message. */
    readonly said = "",
  ) {
    super(`${bare(url)} answered ${status}`);
    this.url = bare(url);
  }
}

/** A connection that could not be made, broke, or went silent, or a body that is not what it should be; the cause says how. */
export class Cut extends Error {
  override readonly name: string = "Cut";
}

/** No connection could be made: it concerns whatever is asked of that server. */
export class Unreachable extends Cut {
  override readonly name = "Unreachable";
}

/** A connection on which nothing came for as long as was agreed. */
export class Silence extends Cut {
  override readonly name = "Silence";
}

/** A URL without its query, fragment and user. */
export function bare(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

/** A failure of the network that no patience mended, as what the user can do about it; anything else as it is. */
export function explainedFailure(error: unknown): unknown {
  if (!(error instanceof HttpError || error instanceof Cut)) return error;
  const why = error.cause instanceof Error ? ` (${reasonOf(error.cause)})` : "";
  return new InputError(
    `${error.message}${why}, at every try: what was finished is kept; check the network and run the same command again`,
    { cause: error },
  );
}

/** The innermost cause: `fetch failed` says nothing. */
function reasonOf(error: Error): string {
  return error.cause instanceof Error ? reasonOf(error.cause) : error.message;
}

export interface Patience {
  /** Times that a request is made without a byte of progress, default 7. */
  readonly attempts: number;
  /** Milliseconds before the second try; doubled each time, default 500. */
  readonly firstDelayMs: number;
  /** Limit of that doubling, default 30,000. */
  readonly longestDelayMs: number;
  /** Longest wait that a server may ask for, default an hour and five minutes: GitHub counts by the hour. */
  readonly longestWaitMs: number;
}

export const PATIENCE: Patience = {
  attempts: 7,
  firstDelayMs: 500,
  longestDelayMs: 30_000,
  longestWaitMs: 3_900_000,
};

/**
 * Milliseconds to wait after the `failures`-th failure in a row (from 1), or null when there is no point in another try.
 * `random` (0..1) spreads clients that failed together over the upper half of the delay.
 */
export function waitAfter(
  error: HttpError | Cut,
  failures: number,
  patience: Patience,
  random: number,
  now: number,
): number | null {
  if (failures >= patience.attempts) return null;
  const delay = Math.min(patience.longestDelayMs, patience.firstDelayMs * 2 ** (failures - 1));
  const jittered = delay * (0.5 + random / 2);
  if (error instanceof Cut) return jittered;
  const asked = askedFor(error, now);
  if (!isPassing(error)) return null;
  if (asked === null) return jittered;
  // All clients are told the same moment: the jitter keeps them from coming back at once.
  return asked > patience.longestWaitMs ? null : asked + jittered;
}

/** True for an answer that may be another one later. */
function isPassing({ status, headers }: HttpError): boolean {
  if (status === 429 || status === 408 || (status >= 500 && status !== 501)) return true;
  // GitHub answers 403 for a spent allowance; a 403 without these is a refusal.
  return status === 403 && (headers.get("x-ratelimit-remaining") === "0" || headers.has("retry-after"));
}

/** Milliseconds that the server asks to wait; null where it does not say. */
function askedFor({ headers }: HttpError, now: number): number | null {
  const after = headers.get("retry-after");
  if (after !== undefined) {
    const date = /^\d+$/.test(after.trim()) ? now + Number(after) * 1_000 : Date.parse(after);
    if (!Number.isNaN(date)) return Math.max(0, date - now);
  }
  if (headers.get("x-ratelimit-remaining") === "0") {
    const reset = Number(headers.get("x-ratelimit-reset") ?? NaN) * 1_000;
    if (!Number.isNaN(reset)) return Math.max(0, reset - now);
  }
  const left = /(?:^|;)\s*t=(\d+)/.exec(headers.get("ratelimit") ?? "")?.[1];
  return left === undefined ? null : Number(left) * 1_000;
}
