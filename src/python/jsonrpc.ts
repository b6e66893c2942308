// JSON-RPC 2.0 over a pair of streams, framed by Content-Length headers as language servers do. Answers come back as
// promises; what the other side asks is answered by a given function, its notifications are left alone.
// Source: https://microsoft.github.io/language-server-protocol/specifications/base/0.9/specification/
import type { Readable, Writable } from "node:stream";

export interface Connection {
  /** Asks; the promise stays open when the other side never answers. */
  request(method: string, params: unknown): Promise<unknown>;
  notify(method: string, params: unknown): void;
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
}

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** A connection that reads `input` and writes `output`. */
export function connect(
  input: Readable,
  output: Writable,
  answer: (method: string, params: unknown) => unknown,
): Connection {
  const waiting = new Map<number, Waiting>();
  let lastId = 0;
  const send = (message: Message): void => {
    const body = Buffer.from(JSON.stringify({ jsonrpc: "2.0", ...message }));
    output.write(`Content-Length: ${body.length}\r\n\r\n`);
    output.write(body);
  };
  const receive = ({ id, method, params, result, error }: Message): void => {
    if (id === undefined) return;
    if (method !== undefined) {
      send({ id, result: answer(method, params) ?? null });
      return;
    }
    const asked = waiting.get(id);
    waiting.delete(id);
    if (error) asked?.reject(new Error(`internal: the language server says: ${error.message}`));
    else asked?.resolve(result);
  };
  const unframe = framing();
  input.on("data", (bytes: Buffer) => {
    for (const body of unframe(bytes)) receive(JSON.parse(body) as Message);
  });
  return {
    request: (method, params) =>
      new Promise((resolve, reject) => {
        const id = ++lastId;
        waiting.set(id, { resolve, reject });
        send({ id, method, params });
      }),
    notify: (method, params) => {
      send({ method, params });
    },
  };
}

/** Takes bytes as they come and gives the bodies that are complete. */
export function framing(): (bytes: Buffer) => string[] {
  let rest: Buffer = Buffer.alloc(0);
  return (bytes) => {
    rest = Buffer.concat([rest, bytes]);
    const bodies: string[] = [];
    for (;;) {
      const head = rest.indexOf("\r\n\r\n");
      const length =
        head < 0 ? NaN : Number(/content-length: *(\d+)/i.exec(rest.toString("latin1", 0, head))?.[1]);
      const end = head + 4 + length;
      if (!(rest.length >= end)) return bodies;
      bodies.push(rest.toString("utf8", head + 4, end));
      rest = rest.subarray(end);
    }
  };
}
