// Questions to a server: JSON goes there by POST, JSON comes back, and what fails is asked again (`retry.ts`), so only what
// is safe to ask twice belongs here. By node:http: fetch gives up after five minutes without an answer, and a server that
// writes a long one is silent for longer. A token goes to its origin; redirects are not followed: a POST would lose its body.
import { Agent, request as plainRequest, type IncomingMessage } from "node:http";
import { Agent as SecureAgent, request as secureRequest } from "node:https";
import { openRest, type RestOptions } from "./rest.js";
import { bare, Cut, HttpError, Silence, Unreachable } from "./retry.js";

export interface PostOptions extends RestOptions {
  /** Sent as `Authorization: Bearer` to URLs of this origin only. */
  readonly token?: { readonly origin: string; readonly value: string };
  /** Milliseconds without a byte of an answer before a connection counts as silent, default 600,000. */
  readonly timeoutMs?: number;
}

export interface Question<T> {
  /** What the answer means; throws Cut where it is not what it should be, and is then asked again. */
  readonly read: (json: unknown) => T;
  /** Each try goes through this, e.g. to wait for room; default at once. */
  readonly turn?: (attempt: () => Promise<T>) => Promise<T>;
  readonly signal?: AbortSignal | undefined;
}

export interface Poster {
  /** Asks until there is an answer. Throws HttpError, Cut, or the signal's reason. */
  post<T>(url: string, body: unknown, question: Question<T>): Promise<T>;
  /** Closes the connections that are kept for the next question. */
  close(): void;
}

/** Tries that may each last `timeoutMs`: more of them would only hold up the rest. */
const SILENT_TRIES = 2;
/** Idle connections are closed before servers close them (uvicorn does after five seconds): no question meets a dead one. */
const KEEP_MS = 4_000;
/** A body beyond this is no answer to a question. */
const MOST_BYTES = 64 * 1024 * 1024;
/** Of a refusal, what is kept for people. */
const MOST_SAID = 2_000;

/** A client; all questions through it share token, patience and connections. */
export function openPoster(options: PostOptions = {}): Poster {
  const { token, timeoutMs = 600_000 } = options;
  const rest = openRest(options);
  const kept = { keepAlive: true, timeout: KEEP_MS };
  const agents = { "http:": new Agent(kept), "https:": new SecureAgent(kept) };

  function send(url: string, body: string): Sent {
    const { protocol, origin } = new URL(url);
    const headers: Record<string, string | number> = {
      "content-type": "application/json",
      accept: "application/json",
      "content-length": Buffer.byteLength(body),
    };
    if (token !== undefined && origin === token.origin) headers["authorization"] = `Bearer ${token.value}`;
    const secure = protocol === "https:";
    const settings = { method: "POST", headers, agent: agents[secure ? "https:" : "http:"] };
    return secure ? secureRequest(url, settings) : plainRequest(url, settings);
  }

  /** Servers quote what they refuse, and some the key that they refuse. */
  function quoted(text: string): string {
    return (token === undefined ? text : text.replaceAll(token.value, "***")).slice(0, MOST_SAID);
  }

  async function attempt<T>(url: string, body: string, { read, signal }: Question<T>): Promise<T> {
    signal?.throwIfAborted();
    const { status, headers, text } = await exchange(url, send(url, body), body, timeoutMs, signal);
    if (status < 200 || status > 299) throw new HttpError(url, status, headers, quoted(text));
    return read(parsed(url, text));
  }

  return {
    async post(url, body, question) {
      const { turn = (attempt) => attempt(), signal } = question;
      const text = JSON.stringify(body);
      for (let failures = 1; ; failures++) {
        try {
          return await turn(() => attempt(url, text, question));
        } catch (error) {
          if (error instanceof Silence && failures >= SILENT_TRIES) throw error;
          await rest(error, failures, signal);
        }
      }
    },
    close() {
      for (const agent of Object.values(agents)) agent.destroy();
    },
  };
}

type Sent = ReturnType<typeof plainRequest>;

interface Whole {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly text: string;
}

/** Sends the body and takes the answer as a whole; a signal or a silence closes the connection. */
async function exchange(
  url: string,
  request: Sent,
  body: string,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<Whole> {
  const state = { reached: false, silent: false };
  request.once("socket", (socket) => {
    if (socket.connecting) socket.once("connect", () => (state.reached = true));
    else state.reached = true;
  });
  const watch = setTimeout(() => {
    state.silent = true;
    request.destroy();
  }, timeoutMs);
  const stop = (): void => void request.destroy();
  signal?.addEventListener("abort", stop, { once: true });
  try {
    const response = await new Promise<IncomingMessage>((resolve, reject) => {
      request.once("response", resolve).on("error", reject).end(body);
    });
    const text = await textOf(url, response, () => watch.refresh());
    return { status: response.statusCode ?? 0, headers: headersOf(response), text };
  } catch (cause) {
    signal?.throwIfAborted();
    request.destroy();
    if (cause instanceof Cut) throw cause;
    if (state.silent) throw new Silence(`${bare(url)} said nothing for ${timeoutMs / 1_000} s`);
    if (!state.reached) throw new Unreachable(`${bare(url)} can't be reached`, { cause });
    throw new Cut(`the connection to ${bare(url)} broke`, { cause });
  } finally {
    clearTimeout(watch);
    signal?.removeEventListener("abort", stop);
  }
}

async function textOf(url: string, response: IncomingMessage, heard: () => void): Promise<string> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    heard();
    parts.push(part);
    length += part.length;
    if (length > MOST_BYTES) throw new Cut(`${bare(url)} sent more than an answer can be`);
  }
  return Buffer.concat(parts).toString("utf8");
}

function headersOf({ headers }: IncomingMessage): ReadonlyMap<string, string> {
  return new Map(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}

function parsed(url: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's error quotes the text, which is the server's.
    throw new Cut(`${bare(url)} answered something that is not JSON`);
  }
}
