// The one way to the network: GET requests that are tried again (`retry.ts`), that go on by range where a connection broke,
// and that stop at once by an AbortSignal. A token goes to the one origin that it is for, also after redirects. Bodies are
// streams; nothing is asked for faster than it is taken. Refuses to guess: a body that does not end where it should is a cut.
import { InputError } from "../core/errors.js";
import { openRest, type RestOptions } from "./rest.js";
import { bare, Cut, HttpError } from "./retry.js";

export interface HttpOptions extends RestOptions {
  /** Sent as `Authorization: Bearer` to URLs of this origin only. */
  readonly token?: { readonly origin: string; readonly value: string };
  /** Sent with every request, e.g. `accept`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds without an answer or a byte before a connection counts as cut, default 60,000. */
  readonly timeoutMs?: number;
}

export interface GetOptions {
  /** First byte wanted, default 0. */
  readonly start?: number;
  /** Byte behind the last one wanted, default the end. */
  readonly end?: number;
  readonly signal?: AbortSignal | undefined;
}

/** A whole answer. */
export interface Answer {
  readonly bytes: Uint8Array;
  /** Lower-case names. */
  readonly headers: ReadonlyMap<string, string>;
}

export interface Http {
  /** The bytes wanted, in pieces, each once, whatever breaks on the way. Throws HttpError, Cut, or the signal's reason. */
  stream(url: string, options?: GetOptions): AsyncGenerator<Uint8Array>;
  /** The same as a whole. */
  get(url: string, options?: GetOptions): Promise<Answer>;
}

const MOST_REDIRECTS = 8;

/** A client; all requests through it share token, patience and remembered redirects. */
export function openHttp(options: HttpOptions = {}): Http {
  const rest = openRest(options);
  const send = sender(options);

  async function* stream(
    url: string,
    want: GetOptions,
    onHead: (headers: ReadonlyMap<string, string>) => void,
  ): AsyncGenerator<Uint8Array> {
    const { signal, end } = want;
    const place = { at: want.start ?? 0, end, tag: null };
    for (let failures = 0; ;) {
      const before = place.at;
      try {
        yield* pieces(send, url, place, signal, onHead);
        return;
      } catch (error) {
        failures = place.at > before ? 1 : failures + 1;
        await rest(error, failures, signal);
      }
    }
  }

  return {
    stream: (url, want = {}) => stream(url, want, () => undefined),
    async get(url, want = {}) {
      let headers: ReadonlyMap<string, string> = new Map();
      const parts: Uint8Array[] = [];
      for await (const part of stream(url, want, (head) => (headers = head))) parts.push(part);
      return { bytes: Buffer.concat(parts), headers };
    },
  };
}

/** How far a body has come. */
interface Place {
  /** Next byte wanted. */
  at: number;
  /** Byte behind the last one wanted; known at the latest with the first answer that tells its length. */
  end: number | undefined;
  /** ETag of the first answer: what comes later must be of the same file. */
  tag: string | null;
}

type Send = (url: string, range: string | null, signal: AbortSignal) => Promise<Response>;

/** One try: what can be had of the body from `place` on; moves the place with every piece. */
async function* pieces(
  send: Send,
  url: string,
  place: Place,
  signal: AbortSignal | undefined,
  onHead: (headers: ReadonlyMap<string, string>) => void,
): AsyncGenerator<Uint8Array> {
  if (place.end !== undefined && place.at >= place.end) return;
  const whole = place.at === 0 && place.end === undefined;
  const range = whole ? null : `bytes=${place.at}-${place.end === undefined ? "" : place.end - 1}`;
  const stop = new AbortController();
  const response = await send(url, range, signal ? AbortSignal.any([signal, stop.signal]) : stop.signal);
  try {
    sameFile(url, response, place);
    onHead(headersOf(response));
    let skip = place.at - learnEnd(response, place);
    if (skip < 0) throw new Cut(`${bare(url)} answered with another range than was asked for`);
    for await (const chunk of bodyOf(response, url)) {
      const from = Math.min(skip, chunk.length);
      skip -= from;
      const room = place.end === undefined ? Infinity : place.end - place.at;
      const part = chunk.subarray(from, Math.min(chunk.length, from + room));
      place.at += part.length;
      if (part.length > 0) yield part;
      if (place.at === place.end) return;
    }
    if (place.end !== undefined && place.at < place.end) {
      throw new Cut(`${bare(url)} ended at byte ${place.at} of ${place.end}`);
    }
  } finally {
    stop.abort();
  }
}

function sameFile(url: string, response: Response, place: Place): void {
  const tag = response.headers.get("etag");
  if (place.tag !== null && tag !== null && tag !== place.tag) {
    throw new InputError(`${bare(url)} changed while it was read: start again with --clean`);
  }
  place.tag ??= tag;
}

/** First byte of the body that comes; fixes the place's end where the answer tells it. */
function learnEnd({ status, headers }: Response, place: Place): number {
  const range = /^bytes (\d+)-(\d+)\/(\d+|\*)/.exec(headers.get("content-range") ?? "");
  if (status === 206 && range !== null) {
    place.end ??= Number(range[3] === "*" ? range[2] : Number(range[3]) - 1) + 1;
    return Number(range[1]);
  }
  // A server without ranges sends everything. Its length counts encoded bytes where there is an encoding.
  const length = headers.get("content-length");
  if (length !== null && !headers.has("content-encoding")) {
    place.end = Math.min(place.end ?? Infinity, Number(length));
  }
  return 0;
}

/** The body's chunks; a break of the connection is a Cut. */
async function* bodyOf(response: Response, url: string): AsyncGenerator<Uint8Array> {
  const reader = readerOf(response);
  if (reader === null) return;
  for (;;) {
    const { value, done } = await reader.read().catch((cause: unknown) => {
      throw new Cut(`the connection to ${bare(url)} broke`, { cause });
    });
    if (done) return;
    yield value;
  }
}

/** Sends a request through its redirects; the answer's silence is watched until its body is read. */
function sender({ token, headers = {}, timeoutMs = 60_000 }: HttpOptions): Send {
  const remembered = new Map<string, string>();

  async function once(url: string, range: string | null, signal: AbortSignal): Promise<Response> {
    // Offsets count bytes as they lie there: no encoding on the way.
    const sent: Record<string, string> = { "accept-encoding": "identity", ...headers };
    if (range !== null) sent["range"] = range;
    if (token !== undefined && new URL(url).origin === token.origin) {
      sent["authorization"] = `Bearer ${token.value}`;
    }
    const { signal: watched, heard } = silenceOf(timeoutMs, signal);
    try {
      const response = await fetch(url, { headers: sent, redirect: "manual", signal: watched });
      heard(null);
      return listened(response, heard);
    } catch (cause) {
      heard(null);
      signal.throwIfAborted();
      throw new Cut(`${bare(url)} can't be reached`, { cause });
    }
  }

  async function follow(start: string, range: string | null, signal: AbortSignal): Promise<Response> {
    let url = start;
    for (let hop = 0; hop < MOST_REDIRECTS; hop++) {
      const response = await once(url, range, signal);
      if (![301, 302, 303, 307, 308].includes(response.status)) {
        if (response.ok) {
          if (url !== start) remember(remembered, start, url);
          return response;
        }
        await response.body?.cancel();
        throw new HttpError(url, response.status, headersOf(response));
      }
      await response.body?.cancel();
      url = new URL(response.headers.get("location") ?? "", url).href;
    }
    throw new InputError(`${bare(start)} redirects more than ${MOST_REDIRECTS} times; check the address`);
  }

  return async (url, range, signal) => {
    const target = remembered.get(url);
    if (target !== undefined) {
      try {
        return await follow(target, range, signal);
      } catch (error) {
        // Signed addresses expire; the front door gives a new one.
        remembered.delete(url);
        if (!(error instanceof HttpError) || error.status >= 500 || error.status === 429) throw error;
      }
    }
    return follow(url, range, signal);
  };
}

/** Keeps where a URL led to, so that the many ranges of one file ask the front door once. */
function remember(remembered: Map<string, string>, from: string, to: string): void {
  const oldest = remembered.keys().next();
  if (remembered.size >= 64 && !oldest.done) remembered.delete(oldest.value);
  remembered.set(from, to);
}

/** A signal that fires when nothing was heard for `timeoutMs`; `heard(null)` ends the watch. */
function silenceOf(
  timeoutMs: number,
  signal: AbortSignal,
): { signal: AbortSignal; heard: (what: "byte" | null) => void } {
  const silence = new AbortController();
  const fire = (): void => silence.abort(new Error(`no byte for ${timeoutMs} ms`));
  let timer = setTimeout(fire, timeoutMs);
  return {
    signal: AbortSignal.any([signal, silence.signal]),
    heard(what) {
      clearTimeout(timer);
      if (what !== null) timer = setTimeout(fire, timeoutMs);
    },
  };
}

/** The response with each chunk reported to `heard`. */
function listened(response: Response, heard: (what: "byte" | null) => void): Response {
  const reader = readerOf(response);
  if (reader === null) return response;
  const body = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        heard("byte");
        try {
          const { value, done } = await reader.read();
          heard(null); // a reader that takes its time is no silence of the server
          if (done) controller.close();
          else controller.enqueue(value);
        } catch (error) {
          heard(null);
          controller.error(error);
        }
      },
      async cancel() {
        heard(null);
        await reader.cancel();
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(body, { status: response.status, headers: response.headers });
}

/** Node's types leave open what a body's chunks are; fetch's are bytes. */
function readerOf({ body }: Response): ReadableStreamDefaultReader<Uint8Array> | null {
  return body === null ? null : (body as ReadableStream<Uint8Array>).getReader();
}

function headersOf(response: Response): ReadonlyMap<string, string> {
  return new Map(response.headers);
}
