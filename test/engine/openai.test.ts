import { inspect } from "node:util";
import { afterEach, describe, expect, it } from "vitest";
import type { Completion, Engine, GenerateRequest, Score, Unanswered } from "../../src/engine/engine.js";
import { openOpenai, type OpenaiOptions } from "../../src/engine/openai.js";
import { from } from "./asking.js";
import { serveModel, type ModelServer, type Trouble } from "./modelserver.js";

const NOW = 1_000_000_000_000;
let server: ModelServer;
let engine: Engine | null = null;

afterEach(async () => {
  await engine?.close();
  engine = null;
  await server.close();
});

/** An engine that waits nowhere, and notes what it would have waited. */
async function open(options: Partial<OpenaiOptions> = {}, waits: number[] = []): Promise<Engine> {
  const http: OpenaiOptions["http"] = {
    random: () => 1,
    now: () => NOW,
    sleep: (ms) => {
      waits.push(ms);
      return new Promise((resolve) => setImmediate(resolve));
    },
    ...options.http,
  };
  engine = await openOpenai({ model: "tiny", baseUrl: server.url, ...options, http });
  return engine;
}

function request(prompt: string | readonly number[], more: Partial<GenerateRequest> = {}): GenerateRequest {
  const key = typeof prompt === "string" ? prompt : prompt.join();
  return { key, prompt, maxTokens: 9, temperature: 0.5, topP: 0.9, stop: [], seed: 7, ...more };
}

async function all<T>(answers: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const answer of answers) list.push(answer);
  return list;
}

async function generate(items: readonly (string | GenerateRequest)[]): Promise<(Completion | Unanswered)[]> {
  const requests = items.map((item) => (typeof item === "string" ? request(item) : item));
  return all((engine as Engine).generate(from(requests)));
}

async function failure(work: Promise<unknown>): Promise<Error> {
  return work.then(
    () => new Error("it went well"),
    (reason: unknown) => reason as Error,
  );
}

describe("a completion", () => {
  it("is asked for with all that the request says, and tells all that the server says", async () => {
    server = await serveModel();
    await open();
    const [answer] = await generate([request("abc", { topK: 5, stop: ["\n"] })]);
    expect(server.asked[0]).toEqual({
      path: "/v1/completions",
      authorization: undefined,
      prompt: "abc",
      body: {
        model: "tiny",
        prompt: "abc",
        max_tokens: 9,
        temperature: 0.5,
        top_p: 0.9,
        top_k: 5,
        stop: ["\n"],
        seed: 7,
        stream: false,
      },
    });
    expect(answer).toEqual({
      key: "abc",
      text: "ABC",
      tokens: null,
      finish: "stop",
      promptTokens: 3,
      newTokens: 3,
    });
  });

  it("of a chat is the one message of a user, and never of token ids", async () => {
    server = await serveModel();
    await open({ api: "chat" });
    const [answer] = await generate(["abc"]);
    expect(server.asked[0]?.path).toBe("/v1/chat/completions");
    expect(server.asked[0]?.body["messages"]).toEqual([{ role: "user", content: "abc" }]);
    expect(server.asked[0]?.body).not.toHaveProperty("top_k");
    expect(answer).toMatchObject({ text: "ABC", finish: "stop" });
    await expect(generate([request([1, 2])])).rejects.toThrow("request 1,2 is token ids: chat takes text");
  });

  it("takes token ids", async () => {
    server = await serveModel({ answer: () => ({ choices: [{ text: "x", finish_reason: "length" }] }) });
    await open();
    const [answer] = await generate([request([5, 6, 7])]);
    expect(server.asked[0]?.body["prompt"]).toEqual([5, 6, 7]);
    expect(answer).toMatchObject({ text: "x", finish: "length", promptTokens: null, newTokens: null });
  });

  it("ends before the first stop string, whatever the server leaves in", async () => {
    server = await serveModel();
    await open();
    const stop = ["Q", "D", "C", ""];
    const answers = await generate([request("abcde", { stop }), request("xyz", { stop })]);
    expect(answers.map((answer) => "text" in answer && [answer.text, answer.finish])).toEqual([
      ["AB", "stop"],
      ["XYZ", "stop"],
    ]);
  });

  it("keeps more stop strings than the server takes to itself, once it has been told", async () => {
    const body = JSON.stringify({ error: { message: "Invalid 'stop': array too long." } });
    server = await serveModel({
      trouble: (asked) => ((asked.body["stop"] as string[]).length > 4 ? { status: 400, body } : undefined),
    });
    await open({ concurrency: 1 });
    const stop = ["1", "2", "3", "4", "C"];
    const answers = await generate([request("abcd", { stop }), request("bcd", { stop })]);
    expect(answers.map((answer) => "text" in answer && answer.text)).toEqual(["AB", "B"]);
    expect(server.asked.map((asked) => (asked.body["stop"] as string[]).length)).toEqual([5, 4, 4]);
  });

  it("names its limit as newer models want it, once it has been told", async () => {
    const body = JSON.stringify({ error: { message: "Use 'max_completion_tokens' instead." } });
    server = await serveModel({
      trouble: (asked) => ("max_tokens" in asked.body ? { status: 400, body } : undefined),
    });
    await open({ api: "chat" });
    expect(await generate(["a"])).toMatchObject([{ text: "A" }]);
    expect(server.asked[1]?.body).toMatchObject({ max_completion_tokens: 9 });
  });

  it("that ends in another way is no answer", async () => {
    const ends = new Map<string, unknown>([
      ["a", { text: "x", finish_reason: "content_filter" }],
      ["b", { text: null, finish_reason: "length" }],
      ["c", { text: "", refusal: "No.", finish_reason: "stop" }],
    ]);
    server = await serveModel({ answer: ({ prompt }) => ({ choices: [ends.get(prompt)] }) });
    await open({ concurrency: 1 });
    expect(await generate(["a", "b", "c"])).toMatchObject([
      { key: "a", reason: "content-filter" },
      { key: "b", text: "", finish: "length" },
      { key: "c", reason: "refused", detail: "No." },
    ]);
  });
});

describe("a failure", () => {
  const RIGHT = JSON.stringify({ choices: [{ text: "right", finish_reason: "stop" }] });
  const passing: Record<string, Trouble[]> = {
    "a hang": [{ silent: true }],
    "too many, seconds": [{ status: 429, headers: { "retry-after": "7" } }],
    "too many, a date": [
      { status: 429, headers: { "retry-after": new Date(NOW + 30_000).toUTCString() } },
      { status: 503 },
    ],
    "a fault": [{ status: 500, body: "oops" }],
    "a cut": [{ cut: true }, { cut: true }],
    "no JSON": [{ body: "<html>hello</html>" }],
    "other JSON": [{ body: "[]" }, { body: '{"choices":[{}]}' }],
    "no choice": [{ body: '{"choices":[]}' }],
    late: [{ lateMs: 150, body: RIGHT }],
  };

  it("that passes is asked again: every request has one answer, none is lost, none comes twice", async () => {
    server = await serveModel();
    const waits: number[] = [];
    await open({ concurrency: 16, http: { timeoutMs: 300 } }, waits);
    for (const [prompt, list] of Object.entries(passing)) server.troubles.set(prompt, [...list]);
    const prompts = Array.from({ length: 100 }, (_, at) => `p${at}`);
    prompts.splice(20, 0, ...Object.keys(passing));
    const answers = await generate(prompts);
    expect(answers.map(({ key }) => key).sort()).toEqual([...prompts].sort());
    for (const answer of answers) {
      expect(answer).toMatchObject({ text: answer.key === "late" ? "right" : answer.key.toUpperCase() });
    }
    expect(waits).toContain(7_500);
    expect(waits).toContain(30_500);
    // In order of completion: the one that hung comes after those that did not.
    expect(answers.findIndex(({ key }) => key === "a hang")).toBeGreaterThan(prompts.length / 2);
  });

  it("that stays is why there is no answer, and the others have theirs", async () => {
    const said = (message: string) => JSON.stringify({ error: { message } });
    const lasting: Record<string, [Trouble, string, string]> = {
      fault: [{ status: 500, body: said("CUDA") }, "no-answer", "answered 500: CUDA"],
      cut: [{ cut: true }, "no-answer", "the connection to the server broke"],
      hang: [{ silent: true }, "no-answer", "the server said nothing for 0.2 s"],
      html: [{ body: "<p>" }, "no-answer", "the server answered something that is not JSON"],
      empty: [{ body: '{"choices":[]}' }, "no-answer", "the server answered without a choice"],
      wrong: [{ status: 422, body: '{"detail":"top_k?"}' }, "refused", "answered 422: top_k?"],
      long: [
        { status: 400, body: said("maximum context length is 9") },
        "prompt-too-long",
        "answered 400: maximum context length is 9",
      ],
    };
    server = await serveModel({ trouble: ({ prompt }) => lasting[prompt]?.[0] });
    await open({ http: { timeoutMs: 200, attempts: 3 } });
    const answers = await generate([...Object.keys(lasting), "fine"]);
    const byKey = Object.fromEntries(answers.map((answer) => [answer.key, answer]));
    expect(answers).toHaveLength(8);
    expect(byKey["fine"]).toMatchObject({ text: "FINE" });
    for (const [key, [, reason, detail]] of Object.entries(lasting)) {
      expect(byKey[key]).toEqual({ key, reason, detail });
    }
    expect(server.asked.filter(({ prompt }) => prompt === "wrong")).toHaveLength(1);
    expect(server.asked.filter(({ prompt }) => prompt === "fault")).toHaveLength(3);
  });

  it("that concerns all ends it, and says what to look at", async () => {
    const body = JSON.stringify({ error: { message: "The model `tiny` does not exist." } });
    server = await serveModel({
      trouble: ({ prompt }) => (prompt === "a" ? { status: 404, body } : undefined),
    });
    await open();
    await expect(generate(["a"])).rejects.toThrow(
      `${server.url} answered 404 for model "tiny" ("The model \`tiny\` does not exist."); it lists tiny: check the ` +
        "model's name, and the base URL, e.g. http://localhost:8000/v1",
    );
  });

  it("of a server that is gone, or too busy for one request after the other, ends it too", async () => {
    server = await serveModel({ trouble: () => ({ status: 503 }) });
    await open({ http: { attempts: 2 } });
    const prompts = Array.from({ length: 30 }, (_, at) => `p${at}`);
    await expect(generate(prompts)).rejects.toThrow("run the same command again later");
    await server.close();
    await expect(generate(["a"])).rejects.toThrow(
      /can't be reached .*ECONNREFUSED.* what was finished is kept/,
    );
    const failed = await failure(openOpenai({ model: "tiny", baseUrl: server.url, http: { attempts: 1 } }));
    expect(failed.message).toContain("can't be reached");
  });
});

describe("the load", () => {
  it("halves when the server has too much, once for all that failed together, and grows again", async () => {
    let bears = 8;
    server = await serveModel({
      trouble: (_, load) => (load > bears ? { lateMs: 1, status: 429 } : { lateMs: 4, body: ANSWER }),
    });
    await open({ concurrency: 40, http: { attempts: 50 } });
    const seen: number[] = [];
    const source = Array.from({ length: 600 }, (_, at) => request(`p${at}`));
    for await (const answer of (engine as Engine).generate(from(source))) {
      expect(answer).toHaveProperty("text");
      seen.push(server.load.now);
      if (seen.length === 300) bears = 1_000;
    }
    expect(seen).toHaveLength(600);
    expect(Math.max(...seen.slice(20, 300))).toBeLessThanOrEqual(16);
    expect(Math.max(...seen.slice(300))).toBeGreaterThan(12);
    expect(server.load.most).toBeLessThanOrEqual(40);
  });

  it("starts small, grows to its limit, and no request is taken that can't be sent", async () => {
    server = await serveModel({ trouble: () => ({ lateMs: 3, body: ANSWER }) });
    await open({ concurrency: 10 });
    let taken = 0;
    let got = 0;
    let ahead = 0;
    async function* source(): AsyncGenerator<GenerateRequest> {
      for (; taken < 100; taken++) {
        ahead = Math.max(ahead, taken - got);
        yield await Promise.resolve(request(`p${taken}`));
      }
    }
    for await (const answer of (engine as Engine).generate(source())) {
      expect(answer).toHaveProperty("text");
      if (got === 0) expect(server.load.most).toBeLessThanOrEqual(5);
      got++;
    }
    expect(got).toBe(100);
    expect(ahead).toBeLessThanOrEqual(10);
    expect(server.load.most).toBe(10);
  });

  const ANSWER = JSON.stringify({ choices: [{ text: "x", finish_reason: "stop" }] });
});

describe("a stop", () => {
  it("comes at once, closes the connections and the source", async () => {
    server = await serveModel({ trouble: () => ({ silent: true }) });
    await open();
    let closed = false;
    async function* source(): AsyncGenerator<GenerateRequest> {
      try {
        for (let at = 0; ; at++) yield await Promise.resolve(request(`p${at}`));
      } finally {
        closed = true;
      }
    }
    const stop = new AbortController();
    const going = failure(all((engine as Engine).generate(source(), stop.signal)));
    await until(() => server.load.now === 4);
    stop.abort(new Error("enough"));
    expect((await going).message).toBe("enough");
    expect(closed).toBe(true);
    await until(() => server.load.now === 0);
  });

  it("comes also where the source gives nothing, where a wait is long, and from a reader that leaves", async () => {
    server = await serveModel({ trouble: ({ prompt }) => (prompt === "a" ? { status: 503 } : undefined) });
    const never = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => undefined) }) };
    await open({ http: { sleep: (_, signal) => new Promise((_, reject) => onAbort(signal, reject)) } });
    for (const source of [never, from([request("a")])]) {
      const stop = new AbortController();
      const going = failure(all((engine as Engine).generate(source, stop.signal)));
      setTimeout(() => stop.abort(new Error("enough")), 30);
      expect((await going).message).toBe("enough");
    }
    for await (const answer of (engine as Engine).generate(from(["b", "a", "c"].map((p) => request(p))))) {
      expect(answer.key).toBe("b");
      break;
    }
    await engine?.close();
    expect((await failure(generate(["b"]))).message).toBe("the engine was closed");
  });
});

function onAbort(signal: AbortSignal | undefined, act: (reason: unknown) => void): void {
  signal?.addEventListener("abort", () => act(signal.reason));
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 2));
}

describe("the key", () => {
  it("goes to the server, and stands in no error, answer or identity", async () => {
    const apiKey = "sk-very-secret-1";
    const body = JSON.stringify({ error: { message: `no such key: ${apiKey}` } });
    server = await serveModel({
      trouble: ({ prompt }) =>
        prompt === "401" || prompt === "403" || prompt === "400"
          ? { status: Number(prompt), body }
          : undefined,
    });
    await open({ apiKey });
    const answers = await generate(["fine", "400"]);
    expect(server.asked[0]?.authorization).toBe(`Bearer ${apiKey}`);
    const errors = [await failure(generate(["401"])), await failure(generate(["403"]))];
    expect(errors[0]?.message).toContain("give a key that it knows");
    expect(errors[1]?.message).toContain("no such key: ***");
    const told = inspect([answers, errors, engine?.identity], { depth: 12, showHidden: true });
    expect(told).toContain("no such key: ***");
    expect(told).not.toContain(apiKey);
  });

  it("is not taken from an address, and an address must be one", async () => {
    server = await serveModel();
    const secret = await failure(openOpenai({ model: "m", baseUrl: "http://u:pass@h/v1" }));
    expect(secret.message).toBe(
      "base URL http://h/v1 comes with a password or a query: give the key as apiKey",
    );
    const none = await failure(openOpenai({ model: "m", baseUrl: "localhost:8000" }));
    expect(none.message).toContain('base URL "localhost:8000" is not an http(s) address');
    const few = await failure(openOpenai({ model: "m", baseUrl: server.url, concurrency: 0 }));
    expect(few.message).toBe("concurrency 0 is not a whole number from 1");
  });
});

describe("the identity", () => {
  it("is the model with what the server tells of it, and not where it is", async () => {
    const snapshot = `/cache/models--org--base/snapshots/${"0123456789".repeat(4)}`;
    const data = [
      { id: "plain" },
      { id: "named", root: "org/real" },
      { id: "cached", root: snapshot },
      { id: "lora", root: "/disks/7/adapter/", parent: "org/base" },
    ];
    server = await serveModel({ models: { data } });
    const identities: string[] = [];
    for (const model of ["plain", "named", "cached", "lora", "unlisted"]) {
      identities.push((await open({ model, api: "chat" })).identity);
      await engine?.close();
    }
    expect(identities).toEqual([
      "openai chat plain",
      "openai chat named = org/real",
      `openai chat cached = org/base@${"0123456789".repeat(4)}`,
      "openai chat lora = adapter on org/base",
      "openai chat unlisted",
    ]);
  });

  it("does without a list of models", async () => {
    server = await serveModel({ models: "hello" });
    expect((await open()).identity).toBe("openai completions tiny");
  });
});

describe("a score", () => {
  /** Echoes characters as tokens, each as likely as its place says, and one drawn token. */
  function echo(prompt: string, tokens: readonly string[]): unknown {
    const logprobs = tokens.map((_, at) => (at === 0 ? null : -at));
    return {
      choices: [
        {
          text: `${prompt}!`,
          finish_reason: "length",
          logprobs: { tokens: [...tokens, "!"], token_logprobs: [...logprobs, -99] },
        },
      ],
      usage: { prompt_tokens: tokens.length, completion_tokens: 1 },
    };
  }

  async function score(prompt: string | readonly number[], text: string | readonly number[]) {
    const [answer] = await all((engine as Engine).score(from([{ key: "k", prompt, text }])));
    return answer as Score | Unanswered;
  }

  it("is the mean over the text's tokens, wherever they begin", async () => {
    server = await serveModel({
      answer: ({ prompt, body }) => {
        if (Array.isArray(body["prompt"])) return echo("", body["prompt"].map(String));
        return echo(prompt, prompt === "ab\n\ncd" ? ["a", "b", "\n\n", "c", "d"] : Array.from(prompt));
      },
    });
    await open();
    expect(await score("ab", "cd")).toEqual({ key: "k", nll: 2.5, tokens: 2 });
    expect(await score("", "abc")).toEqual({ key: "k", nll: 1.5, tokens: 2 });
    expect(await score([1, 2, 3], [4, 5])).toEqual({ key: "k", nll: 3.5, tokens: 2 });
    // A token across the border is the text's.
    expect(await score("ab\n", "\ncd")).toEqual({ key: "k", nll: 3, tokens: 3 });
    expect(server.asked).toHaveLength(4);
    expect(server.asked[0]?.body).toMatchObject({ echo: true, prompt: "abcd" });
    expect(await score("", "")).toMatchObject({ reason: "no-scores" });
    await expect(score("a", [1])).rejects.toThrow("request k has text and token ids");
  });

  it("knows characters of several tokens, by their spelling or by counting the prompt's tokens", async () => {
    const tokens = new Map([
      ["ab", ["a", "b"]],
      ["abé", ["a", "b", "", "é"]],
      ["abü", ["a", "b", "\ufffd", "\ufffd"]],
    ]);
    server = await serveModel({ answer: ({ prompt }) => echo(prompt, tokens.get(prompt) ?? []) });
    await open();
    expect(await score("ab", "é")).toEqual({ key: "k", nll: 2.5, tokens: 2 });
    expect(server.asked).toHaveLength(1);
    expect(await score("ab", "ü")).toEqual({ key: "k", nll: 2.5, tokens: 2 });
    expect(server.asked).toHaveLength(3);
  });

  it("is missing, with a reason, where the server does not tell", async () => {
    const answers: unknown[] = [
      { choices: [{ text: "!" }] },
      {
        choices: [{ text: "!", logprobs: { tokens: ["!"], token_logprobs: [-1] } }],
        usage: { prompt_tokens: 4 },
      },
    ];
    server = await serveModel({
      answer: () => answers.shift(),
      trouble: ({ prompt }) => (prompt === "none" ? { status: 404 } : undefined),
    });
    await open({ api: "chat" });
    for (const text of ["cd", "cd", "ne"]) {
      const answer = await score(text === "ne" ? "no" : "ab", text);
      expect(answer).toMatchObject({ reason: "no-scores" });
      expect(answer).toHaveProperty("detail", expect.stringContaining("vLLM and SGLang do"));
    }
  });
});
