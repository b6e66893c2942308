// The openai engine against servers as people run them: `transformers serve`, and vLLM where it is installed, each with a
// StarCoder2 of random weights. What the model says is compared with transformers' own generation and likelihoods.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Completion, Engine, GenerateRequest, Unanswered } from "../../src/engine/engine.js";
import { openOpenai } from "../../src/engine/openai.js";
import { from } from "../engine/asking.js";
import { askPython, pythonWith } from "./python.js";

const SERVERS = [
  {
    name: "transformers serve",
    modules: ["transformers", "torch", "tokenizers", "fastapi", "uvicorn", "openai", "accelerate"],
    start: ["-c", "from transformers.cli.transformers import main; main()", "serve"],
    options: ["--device", "cpu", "--host", "127.0.0.1"],
    scores: false,
  },
  {
    name: "vLLM",
    modules: ["vllm", "torch", "tokenizers"],
    start: ["-m", "vllm.entrypoints.openai.api_server", "--model"],
    options: ["--dtype", "float32", "--max-model-len", "256", "--enforce-eager", "--host", "127.0.0.1"],
    scores: true,
  },
] as const;

const PROMPTS = Array.from(
  { length: 40 },
  (_, at) => `def add${at}(a, b):\n    return ${"a + ".repeat(at % 7)}b`,
);
const SCORES = [
  ["def add(a, b):\n", "    return a + b\n"],
  ["def twice(text: str)", " -> str:\n    return text"],
  ["def add", "(a, b)"],
] as const;

const TINY_MODEL = path.join(import.meta.dirname, "tinymodel.py");

/** What transformers itself says, in the order of PROMPTS and SCORES. */
interface Reference {
  readonly continued: readonly { text: string; ids: number[]; tokens: number }[];
  readonly scored: readonly { nll: number; tokens: number }[];
}

for (const { name, modules, start, options, scores } of SERVERS) {
  const python = pythonWith(...modules);
  const title =
    python === null ? `${name}: no Python with ${modules.join(", ")}; SELFALIGN_PYTHON may name one` : name;
  describe.skipIf(python === null)(title, () => {
    let folder = "";
    let reference: Reference;
    let server: ChildProcess;
    let engine: Engine;

    beforeAll(async () => {
      folder = mkdtempSync(path.join(tmpdir(), "selfalign-openai-"));
      const script = `import runpy, sys; sys.argv[1:] = ["${folder}"]; runpy.run_path("${TINY_MODEL}")`;
      reference = askPython(python ?? "", script, { prompts: PROMPTS, scores: SCORES }) as Reference;
      const port = await freePort();
      const env = {
        ...process.env,
        HF_HUB_OFFLINE: "1",
        VLLM_CPU_KVCACHE_SPACE: "1",
        VLLM_NO_USAGE_STATS: "1",
      };
      server = spawn(python ?? "", [...start, folder, "--port", String(port), ...options], {
        env,
        stdio: "ignore",
        detached: true,
      });
      await answering(`http://127.0.0.1:${port}/health`, server);
      const baseUrl = `http://127.0.0.1:${port}/v1`;
      engine = await openOpenai({ model: folder, baseUrl, http: { attempts: 4 } });
    }, 280_000);

    afterAll(async () => {
      end(server);
      rmSync(folder, { recursive: true });
      await engine.close();
    });

    function request(
      prompt: string | readonly number[],
      more: Partial<GenerateRequest> = {},
    ): GenerateRequest {
      return {
        key: String(prompt),
        prompt,
        maxTokens: 24,
        temperature: 0,
        topP: 1,
        stop: [],
        seed: 1,
        ...more,
      };
    }

    async function generate(
      requests: readonly GenerateRequest[],
    ): Promise<Map<string, Completion | Unanswered>> {
      const answers = await all(engine.generate(from(requests)));
      expect(answers).toHaveLength(requests.length);
      return new Map(answers.map((answer) => [answer.key, answer]));
    }

    it("says what transformers says, once for every prompt", async () => {
      const answers = await generate(PROMPTS.map((prompt) => request(prompt)));
      for (const [at, prompt] of PROMPTS.entries()) {
        const { text, ids, tokens } = reference.continued[at] ?? { text: "", ids: [], tokens: 0 };
        expect(answers.get(prompt)).toEqual({
          key: prompt,
          text,
          tokens: null,
          finish: tokens < 24 ? "stop" : "length",
          promptTokens: ids.length,
          newTokens: tokens,
        });
      }
    });

    it("ends before the first of many stop strings", async () => {
      const [prompt = ""] = PROMPTS;
      const text = reference.continued[0]?.text ?? "";
      const stop = ["never 1", "never 2", "never 3", "never 4", text.slice(9, 12)];
      const answers = await generate([request(prompt, { stop })]);
      expect(answers.get(prompt)).toMatchObject({
        text: text.slice(0, text.indexOf(text.slice(9, 12))),
        finish: "stop",
      });
    });

    it("continues token ids, or says why not", async () => {
      const { ids = [], text } = reference.continued[3] ?? {};
      const [answer] = (await generate([request(ids)])).values();
      if (scores) expect(answer).toMatchObject({ text });
      else
        expect(answer).toMatchObject({
          reason: "refused",
          detail: expect.stringContaining("string") as string,
        });
    });

    it("scores as transformers does, or says why not", async () => {
      const asked = SCORES.map(([prompt, text]) => ({ key: prompt, prompt, text }));
      const answers = await all(engine.score(from(asked)));
      expect(answers).toHaveLength(SCORES.length);
      for (const answer of answers) {
        const { nll = 0, tokens } = reference.scored[asked.findIndex(({ key }) => key === answer.key)] ?? {};
        if (!scores) expect(answer).toMatchObject({ reason: "no-scores" });
        else expect(answer).toEqual({ key: answer.key, nll: expect.closeTo(nll, 2) as number, tokens });
      }
    });

    it.runIf(scores)("draws the same for the same seed, and tells of a prompt that is too long", async () => {
      const drawn = { temperature: 1, topP: 0.95, topK: 50 };
      const [a, b, c, long] = await Promise.all([
        generate([request("def ", { ...drawn, seed: 5 })]),
        generate([request("def ", { ...drawn, seed: 5 })]),
        generate([request("def ", { ...drawn, seed: 6 })]),
        generate([request("def ".repeat(400))]),
      ]);
      expect(a.get("def ")).toEqual(b.get("def "));
      expect(a.get("def ")).not.toEqual(c.get("def "));
      expect([...long.values()]).toMatchObject([{ reason: "prompt-too-long" }]);
    });

    it("stops without waiting for answers, and throws when the server dies", async () => {
      const stop = new AbortController();
      const slow = PROMPTS.map((prompt) => request(prompt, { maxTokens: 200 }));
      const other = all(engine.generate(from(slow.slice(0, 1))));
      // Asked for a second request, it has sent the first one.
      async function* stopping(): AsyncGenerator<GenerateRequest> {
        for (const asked of slow) {
          yield asked;
          stop.abort(new Error("enough"));
          await Promise.resolve();
        }
      }
      const stopped = expect(all(engine.generate(stopping(), stop.signal))).rejects.toThrow("enough");
      const first = [stopped.then(() => "stopped"), other.then(() => "answered")];
      expect(await Promise.race(first)).toBe("stopped");
      expect(await other).toMatchObject([{ key: slow[0]?.key, newTokens: expect.any(Number) as number }]);
      const dying = all(engine.generate(from(slow)));
      setTimeout(() => end(server), 200);
      await expect(dying).rejects.toThrow(/can't be reached .*what was finished is kept/);
    });
  });
}

async function all<T>(answers: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const answer of answers) list.push(answer);
  return list;
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address() as AddressInfo;
  probe.close();
  return port;
}

async function answering(url: string, server: ChildProcess): Promise<void> {
  while (
    !(await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    ))
  ) {
    if (server.exitCode !== null) throw new Error(`the server ended with ${server.exitCode}`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

/** Ends a server with what it has started. */
function end(server: ChildProcess): void {
  try {
    process.kill(-(server.pid ?? NaN), "SIGKILL");
  } catch {
    // It is gone already.
  }
}
