// An OpenAI-compatible server of ours for tests, over real sockets. What goes wrong with a prompt is a list: each of its
// entries fits one request for that prompt; after them the answer is the prompt in capitals.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** What a request gets instead of an answer. */
export interface Trouble {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text of the body, whatever the status. */
  readonly body?: string;
  /** Never answer. */
  readonly silent?: boolean;
  /** Break the connection in the middle of the body. */
  readonly cut?: boolean;
  /** Answer as ever, but so much later. */
  readonly lateMs?: number;
}

export interface Asked {
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
  readonly prompt: string;
}

export interface ModelServer {
  /** Base URL. */
  readonly url: string;
  /** By prompt. */
  readonly troubles: Map<string, Trouble[]>;
  /** All POST requests so far. */
  readonly asked: Asked[];
  /** Requests being worked on, and the most that ever were. */
  readonly load: { now: number; most: number };
  close(): Promise<void>;
}

/** A server; `trouble` decides where a prompt's list has nothing, `answer` makes the body of a success. */
export async function serveModel({
  trouble = () => undefined,
  answer = capitals,
  models = { object: "list", data: [{ id: "tiny", root: "org/tiny" }] },
}: {
  trouble?: (asked: Asked, load: number) => Trouble | undefined;
  answer?: (asked: Asked) => unknown;
  models?: unknown;
} = {}): Promise<ModelServer> {
  const troubles = new Map<string, Trouble[]>();
  const asked: Asked[] = [];
  const load = { now: 0, most: 0 };

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? "/", "http://x").pathname;
    if (path === "/v1/models") {
      json(response, 200, models);
      return;
    }
    const parts: Buffer[] = [];
    for await (const part of request as AsyncIterable<Buffer>) parts.push(part);
    const body = JSON.parse(Buffer.concat(parts).toString()) as Record<string, unknown>;
    const question = { path, authorization: request.headers.authorization, body, prompt: promptOf(body) };
    asked.push(question);
    load.most = Math.max(load.most, ++load.now);
    response.once("close", () => load.now--);
    const wrong = troubles.get(question.prompt)?.shift() ?? trouble(question, load.now);
    if (wrong?.silent === true) return;
    if (wrong?.lateMs !== undefined) await new Promise((resolve) => setTimeout(resolve, wrong.lateMs));
    if (wrong?.cut === true) {
      response.writeHead(200, { "content-length": 1_000 }).write("{", () => response.destroy());
    } else if (wrong?.status !== undefined || wrong?.body !== undefined) {
      response.writeHead(wrong.status ?? 200, wrong.headers).end(wrong.body ?? "");
    } else json(response, 200, answer(question));
  }

  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    troubles,
    asked,
    load,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function promptOf({ prompt, messages }: Record<string, unknown>): string {
  const [message] = (messages ?? []) as { content: string }[];
  return message?.content ?? (typeof prompt === "string" ? prompt : JSON.stringify(prompt));
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
}

function capitals({ path, prompt }: Asked): unknown {
  const text = prompt.toUpperCase();
  const said = path.endsWith("/chat/completions")
    ? { message: { role: "assistant", content: text } }
    : { text };
  return {
    choices: [{ index: 0, finish_reason: "stop", ...said }],
    usage: { prompt_tokens: prompt.length, completion_tokens: text.length },
  };
}
