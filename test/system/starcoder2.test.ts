// Our StarCoder2 against transformers and torch: the checkpoints of test/fixtures/starcoder2 are converted, their graphs run
// on ONNX Runtime. Runs on the compiled thread in dist.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Dtype } from "../../src/model/convert.js";
import { draw } from "../../src/model/decode.js";
import type { DrawRequest } from "../../src/model/rows.js";
import { CANDIDATES } from "../../src/model/sampling.js";
import { scoreBatch } from "../../src/model/score.js";
import { SessionError } from "../../src/onnx/failures.js";
import { openSession, type Kept, type Session } from "../../src/onnx/session.js";
import type { Tensor } from "../../src/onnx/tensor.js";
import {
  coming,
  convertAndOpen,
  distanceOf,
  drawAll,
  farthest,
  greedily,
  int64,
  logSoftmax,
  readGolden,
  type Golden,
  type Opened,
} from "./goldens.js";

const NAMES = ["tiny", "sliding", "untied", "unbiased"] as const;
type Name = (typeof NAMES)[number];

/** As on CPU and, where it says so, as on CUDA. */
const FORMS = { fp32: ["fp32"], int8: ["int8"], fp16: ["fp16"], "int8 for cuda": ["int8", "cuda"] } as const;
type Form = keyof typeof FORMS;
const EXACT = 1e-4;

const fixture = (name: Name): string => path.resolve(import.meta.dirname, `../fixtures/starcoder2/${name}`);
let folder: string;
const opened = new Map<string, Opened>();
const goldens = new Map<Name, Golden>(NAMES.map((name) => [name, readGolden(fixture(name))]));

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), "selfalign-"));
  for (const name of NAMES)
    for (const [form, [dtype, device]] of Object.entries(FORMS) as [Form, [Dtype, "cuda" | undefined]][])
      opened.set(
        `${name} ${form}`,
        await convertAndOpen(
          fixture(name),
          path.join(folder, `${name} ${form}`.replaceAll(" ", "-")),
          dtype,
          device,
        ),
      );
});
afterAll(async () => {
  for (const model of opened.values()) await model.close();
  rmSync(folder, { recursive: true });
});

function model(name: Name, form: Form = "fp32"): Opened {
  const found = opened.get(`${name} ${form}`);
  if (found === undefined) throw new Error(`no ${name} as ${form}`);
  return found;
}

function goldenOf(name: Name): Golden {
  return goldens.get(name) ?? { rows: [], pairs: [] };
}

const greedyRequests = (name: Name): DrawRequest[] =>
  goldenOf(name).rows.map(({ prompt }, at) => greedily(prompt, String(at)));

/** Prompts of the fixture, equal ones and single tokens among them, each with its own way to draw. */
function sampled(name: Name, count = 32): DrawRequest[] {
  const { rows } = goldenOf(name);
  return Array.from({ length: count }, (_, at) => {
    const prompt = at % 5 === 4 ? [at] : (rows[at % rows.length]?.prompt ?? []).slice(0, 3 + (at % 11));
    const ways = { maxTokens: 1 + ((at * 7) % 24), temperature: 0.3 + (at % 4) / 2, seed: 1_000 + at };
    return greedily(prompt, String(at), {
      ...ways,
      topP: at % 3 === 0 ? 1 : 0.9,
      topK: at % 2 === 0 ? null : 20,
    });
  });
}

/** The session, with a look at each run before and after it. */
function observed(
  { session }: Opened,
  before: (feeds: Parameters<Session["runKeeping"]>[0]) => void,
  after: (outputs: Readonly<Record<string, Tensor>>) => void = () => undefined,
): { readonly session: Session; readonly held: Set<Kept> } {
  const held = new Set<Kept>();
  const runKeeping: Session["runKeeping"] = async (feeds, keep, options) => {
    before(feeds);
    const ran = await session.runKeeping(feeds, keep, options);
    after(ran.outputs);
    for (const kept of Object.values<Kept>(ran.kept)) held.add(kept);
    return ran;
  };
  const release: Session["release"] = (kept) => {
    for (const one of kept) held.delete(one);
    session.release(kept);
  };
  return { session: { ...session, runKeeping, release }, held };
}

describe.each(NAMES)("%s", (name) => {
  const { rows, pairs } = goldenOf(name);

  it("gives transformers' logits for rows padded on the left, all at once and token by token", async () => {
    const session = await openSession(path.join(model(name).folder, "onnx/model.onnx"), { threads: 1 });
    const width = Math.max(...rows.map(({ prompt }) => prompt.length));
    const padded = rows.map(({ prompt }) => [...new Array<number>(width - prompt.length).fill(0), ...prompt]);
    const mask = rows.map(
      ({ prompt }) => padded[0]?.map((_, at) => Number(at >= width - prompt.length)) ?? [],
    );
    const { kvHeads, headDim, vocabulary } = model(name).model;
    const presents = session.outputs.flatMap(({ name: port }) => (port === "logits" ? [] : [port]));
    const none: Tensor = {
      type: "float32",
      dims: [rows.length, kvHeads, 0, headDim],
      data: new Float32Array(),
    };
    const step = (ids: readonly (readonly number[])[], seen: number, past: readonly (Tensor | Kept)[]) =>
      session.runKeeping(
        {
          input_ids: int64(ids.flat(), [rows.length, ids[0]?.length ?? 0]),
          attention_mask: int64(
            mask.flatMap((row) => [...row, ...new Array<number>(seen - width).fill(1)]),
            [rows.length, seen],
          ),
          num_logits_to_keep: int64([seen === width ? 0 : 1], []),
          ...Object.fromEntries(
            presents.map((port, at) => [port.replace("present", "past_key_values"), past[at] ?? none]),
          ),
        },
        presents,
      );

    let { outputs, kept } = await step(padded, width, []);
    const logits = outputs["logits"]?.data as Float32Array;
    const at = (row: number, place: number) =>
      logits.subarray((row * width + place) * vocabulary, (row * width + place + 1) * vocabulary);
    for (const [row, { prompt, logits: golden }] of rows.entries())
      for (const [place, expected] of golden.entries())
        expect(farthest(at(row, width - prompt.length + place), expected)).toBeLessThan(EXACT);

    for (let drawn = 1; drawn < 8; drawn++) {
      const ids = rows.map(({ tokens }) => [tokens[drawn - 1] ?? 0]);
      const past = presents.map((port) => kept[port] as Kept);
      ({ outputs, kept } = await step(ids, width + drawn, past));
      const next = outputs["logits"]?.data as Float32Array;
      expect(outputs["logits"]?.dims).toEqual([rows.length, 1, vocabulary]);
      for (const [row, { steps }] of rows.entries()) {
        const own = next.subarray(row * vocabulary, (row + 1) * vocabulary);
        expect(farthest(own, steps[drawn] ?? [])).toBeLessThan(EXACT);
      }
    }
    await session.close();
  });

  it("decodes transformers' tokens, alone and in company, in one run and in many", async () => {
    const expected = rows.map(({ tokens }, at) => ({ key: String(at), tokens, ended: "length" }));
    for (const batchSize of [1, 2, 64])
      for (const chunk of [null, 1, 5])
        expect(await drawAll(model(name), greedyRequests(name), { batchSize, chunk })).toEqual(expected);
  });

  it("tells each step's highest logit", async () => {
    for (const [at, request] of greedyRequests(name).entries()) {
      let highest = new Float32Array();
      const { session } = observed(
        model(name),
        () => undefined,
        (outputs) => (highest = outputs["highest"]?.data as Float32Array<ArrayBuffer>),
      );
      await drawAll({ ...model(name), session }, [request]);
      const golden = rows[at]?.steps.map((logits) => Math.max(...logits)) ?? [];
      expect(farthest(highest, golden)).toBeLessThan(EXACT);
    }
  });

  it("scores texts as transformers does, together and one by one", async () => {
    const keyed = pairs.map((pair, at) => ({ ...pair, key: String(at) }));
    const together = await scoreBatch(model(name).score, keyed);
    const alone = await Promise.all(keyed.map((pair) => scoreBatch(model(name).score, [pair])));
    for (const [at, { mean, text, prompt, nll }] of pairs.entries()) {
      expect(together[at]).toMatchObject({ key: String(at), tokens: text.length });
      expect(Math.abs((together[at]?.nll ?? NaN) - mean)).toBeLessThan(EXACT);
      expect(Math.abs((alone[at]?.[0]?.nll ?? NaN) - mean)).toBeLessThan(EXACT);
      const all = await model(name).logProbabilities([...prompt, ...text]);
      const each = text.map((token, place) => -(all[prompt.length - 1 + place]?.[token] ?? NaN));
      expect(farthest(each, nll)).toBeLessThan(EXACT);
    }
  });

  // Not fp16: how ONNX Runtime rounds a product of half floats depends on how many rows there are.
  it.each(["fp32", "int8", "int8 for cuda"] as const)(
    "draws the same for a prompt and a seed in whatever company: %s",
    async (form) => {
      const requests = sampled(name);
      const alone = [];
      for (const request of requests) alone.push(...(await drawAll(model(name, form), [request])));
      expect(new Set(alone.map(({ tokens }) => tokens.join())).size).toBeGreaterThan(16);
      for (const [batchSize, chunk] of [
        [32, null],
        [32, 3],
        [5, 2],
        [7, null],
      ] as const)
        expect(await drawAll(model(name, form), requests, { batchSize, chunk })).toEqual(alone);
    },
  );

  it("ends rows at stop tokens, each at its own step, without them", async () => {
    const stopTokens = rows.map(({ tokens }, at) => tokens[3 + 7 * at] ?? 0);
    const expected = rows.map(({ tokens }, at) => {
      const end = tokens.findIndex((token) => stopTokens.includes(token));
      return { key: String(at), tokens: tokens.slice(0, end), ended: "stop" };
    });
    for (const chunk of [null, 1, 4])
      expect(await drawAll(model(name), greedyRequests(name), { stopTokens, chunk })).toEqual(expected);
  });

  it("ends rows at their limits and where their watch says so", async () => {
    const requests = greedyRequests(name).map((request, at) => {
      const watch = () => {
        let seen = 0;
        return () => ++seen === 6;
      };
      return { ...request, maxTokens: [32, 1, 9, 4][at] ?? 1, ...(at === 0 ? { watch } : {}) };
    });
    const expected = rows.map(({ tokens }, at) => ({
      key: String(at),
      tokens: tokens.slice(0, [6, 1, 9, 4][at]),
      ended: at === 0 ? "stop" : "length",
    }));
    for (const chunk of [null, 1, 4])
      expect(await drawAll(model(name), requests, { chunk })).toEqual(expected);
  });
});

describe("transformers.js", () => {
  it.each(NAMES)("loads the folder and decodes the same, rows padded on the left: %s", async (name) => {
    const { AutoModelForCausalLM, env, Tensor } = await import("@huggingface/transformers");
    Object.assign(env, { allowRemoteModels: false, localModelPath: `${folder}/` });
    const loaded = await AutoModelForCausalLM.from_pretrained(`${name}-fp32`, {
      dtype: "fp32",
      device: "cpu",
    });
    const { rows } = goldenOf(name);
    const width = Math.max(...rows.map(({ prompt }) => prompt.length));
    const padded = (of: (token: number) => number) =>
      rows.flatMap(({ prompt }) => [...new Array<number>(width - prompt.length).fill(0), ...prompt.map(of)]);
    const tensor = (values: readonly number[]) =>
      new Tensor("int64", BigInt64Array.from(values, BigInt), [rows.length, width]);
    const generated = await loaded.generate({
      inputs: tensor(padded((token) => token)),
      attention_mask: tensor(padded(() => 1)),
      max_new_tokens: 16,
      do_sample: false,
      eos_token_id: -1,
    });
    const tokens = (generated as { tolist(): bigint[][] })
      .tolist()
      .map((row) => row.slice(width).map(Number));
    expect(tokens).toEqual(rows.map((row) => row.tokens.slice(0, 16)));
    await loaded.dispose();
  });
});

describe("int8 and half floats", () => {
  // Worst of the four as measured: 1e-8, 1e-3, 3e-6, 1e-3.
  const BOUNDS: Readonly<Record<Form, number>> = {
    fp32: 1e-7,
    int8: 3e-3,
    fp16: 1e-5,
    "int8 for cuda": 3e-3,
  };

  it("stay near transformers' distributions", async () => {
    const lines = [];
    for (const name of NAMES)
      for (const form of Object.keys(FORMS) as Form[]) {
        const { mean, worst, agreement, positions } = await distanceOf(model(name, form), goldenOf(name));
        lines.push(
          `${name.padEnd(9)} ${form.padEnd(14)} mean KL ${mean.toExponential(1)}  worst ${worst.toExponential(1)}  ` +
            `top-1 ${(100 * agreement).toFixed(1)} % of ${positions}`,
        );
        expect.soft(mean, `${name} ${form}`).toBeLessThan(BOUNDS[form]);
      }
    console.log(lines.join("\n"));
  });
});

describe("drawing", () => {
  /** Shares by definition: the likeliest, sharpened by temperature, as many as top-p and top-k let in. */
  function shares(
    logits: ArrayLike<number>,
    { temperature, topP, topK }: Pick<DrawRequest, "temperature" | "topP" | "topK">,
  ): ReadonlyMap<number, number> {
    const scaled = logSoftmax(Array.from(logits, (logit) => logit / temperature));
    const sorted = scaled.map((log, token) => [token, log] as const).sort((a, b) => b[1] - a[1]);
    const candidates = sorted.slice(0, Math.min(topK ?? CANDIDATES, CANDIDATES));
    const all = candidates.reduce((sum, [, log]) => sum + Math.exp(log), 0);
    const kept: [number, number][] = [];
    let before = 0;
    for (const [token, log] of candidates) {
      if (before >= topP) break;
      kept.push([token, Math.exp(log) / all]);
      before += Math.exp(log) / all;
    }
    return new Map(kept.map(([token, share]) => [token, share / before]));
  }

  it.each([
    ["tiny", 1, 1, null],
    ["untied", 1, 1, null],
    ["untied", 0.5, 1, null],
    ["untied", 2, 0.6, null],
    ["sliding", 1, 1, 5],
    ["sliding", 1.5, 0.8, 10],
    ["sliding", 1, 1e-6, null],
  ] as const)("follows the distribution: %s at temperature %d, top-p %d, top-k %s", async (...given) => {
    const [name, temperature, topP, topK] = given;
    const DRAWS = 4_000;
    const [row] = goldenOf(name).rows;
    const way = { temperature, topP, topK };
    const requests = Array.from({ length: DRAWS }, (_, seed) =>
      greedily(row?.prompt ?? [], String(seed), { ...way, maxTokens: 1, seed }),
    );
    const drawn = await drawAll(model(name), requests, { batchSize: 500 });
    const counts = new Map<number, number>();
    for (const { tokens } of drawn) counts.set(tokens[0] ?? -1, (counts.get(tokens[0] ?? -1) ?? 0) + 1);
    const expected = shares(row?.steps[0] ?? [], way);
    expect([...counts.keys()].filter((token) => !expected.has(token))).toEqual([]);
    // Pearson's statistic over the tokens that are expected often enough, the others together.
    const cells = [...expected].map(([token, share]) => [counts.get(token) ?? 0, share * DRAWS] as const);
    const often = cells.filter(([, mean]) => mean >= 5);
    const seldom = cells.filter(([, mean]) => mean < 5).reduce(([a, b], [c, d]) => [a + c, b + d], [0, 0]);
    const compared = seldom[1] > 0 ? [...often, seldom] : often;
    const statistic = compared.reduce((sum, [count, mean]) => sum + (count - mean) ** 2 / mean, 0);
    const freedom = compared.length - 1;
    expect(statistic).toBeLessThan(freedom + 4 * Math.sqrt(2 * freedom) + 1e-6);
  });

  it("takes the likeliest token where top-p is 0", async () => {
    const requests = greedyRequests("tiny").map((request) => ({ ...request, temperature: 1, topP: 0 }));
    const drawn = await drawAll(model("tiny"), requests);
    expect(drawn.map(({ tokens }) => tokens)).toEqual(goldenOf("tiny").rows.map(({ tokens }) => tokens));
  });

  it("holds no cache when all is drawn, nor when the reader leaves", async () => {
    const { session, held } = observed(model("tiny"), () => undefined);
    await drawAll({ ...model("tiny"), session }, sampled("tiny"), { batchSize: 6, chunk: 2 });
    expect(held.size).toBe(0);
    const options = { batchSize: 6, chunk: 2, stopTokens: [] };
    for await (const one of draw({ ...model("tiny"), session }, coming(sampled("tiny")), options))
      if (one.tokens.length > 2) break;
    expect(held.size).toBe(0);
  });
});

describe("a signal", () => {
  it("ends the drawing with its reason in the middle of a run, and the session can be used again", async () => {
    for (const chunk of [null, 2]) {
      const abort = new AbortController();
      let runs = 0;
      const { session, held } = observed(model("tiny"), () => {
        if (++runs === 5) setImmediate(() => abort.abort(new Error("enough")));
      });
      const requests = sampled("tiny");
      const options = { batchSize: 6, chunk, signal: abort.signal };
      await expect(drawAll({ ...model("tiny"), session }, requests, options)).rejects.toThrow("enough");
      expect(held.size).toBe(0);
    }
    const [first] = goldenOf("tiny").rows;
    const [again] = await drawAll(model("tiny"), greedyRequests("tiny").slice(0, 1));
    expect(again?.tokens).toEqual(first?.tokens);
  });

  it("ends it also while prompts are waited for that never come", async () => {
    for (const first of [[], greedyRequests("tiny").slice(0, 1)]) {
      const abort = new AbortController();
      const source = (async function* () {
        yield* first;
        await new Promise(() => undefined);
      })();
      const options = { batchSize: 2, chunk: 2, stopTokens: [], signal: abort.signal };
      const reading = (async () => {
        for await (const { key } of draw(model("tiny"), source, options))
          if (key === "0") setTimeout(() => abort.abort(new Error("enough")), 20);
      })();
      if (first.length === 0) setTimeout(() => abort.abort(new Error("enough")), 20);
      const ended = Promise.race([
        reading,
        new Promise((_, reject) => setTimeout(() => reject(new Error("it hangs")), 3_000)),
      ]);
      await expect(ended).rejects.toThrow("enough");
    }
  });
});

describe("too little memory", () => {
  const rowsIn = (feeds: Parameters<Session["runKeeping"]>[0]): number => feeds["ids"]?.dims[0] ?? 0;
  const full = () => new SessionError("bfc_arena: Failed to allocate memory", true);

  it.each([null, 3])("makes batches smaller, and all is drawn as before (chunk %s)", async (chunk) => {
    for (const most of [1, 3, 10]) {
      const { session, held } = observed(model("tiny"), (feeds) => {
        if (rowsIn(feeds) > most) throw full();
      });
      const notices: string[] = [];
      const requests = sampled("tiny");
      const expected = await drawAll(model("tiny"), requests);
      const options = { batchSize: 32, chunk, onNotice: (text: string) => notices.push(text) };
      expect(await drawAll({ ...model("tiny"), session }, requests, options)).toEqual(expected);
      expect(notices[0]).toBe("out of memory with 32 rows: going on with 16 at a time");
      expect(held.size).toBe(0);
    }
  });

  it("in the middle, at any run, loses no row and no cache", async () => {
    const requests = sampled("tiny", 12);
    const expected = await drawAll(model("tiny"), requests);
    for (let failing = 1; failing <= 12; failing++) {
      let runs = 0;
      const { session, held } = observed(model("tiny"), () => {
        if (++runs === failing) throw full();
      });
      const options = { batchSize: 4, chunk: 3 };
      expect(await drawAll({ ...model("tiny"), session }, requests, options)).toEqual(expected);
      expect(held.size, `after run ${failing}`).toBe(0);
    }
  });

  it("for a single row is an error, as is everything else that fails", async () => {
    const never = observed(model("tiny"), () => {
      throw full();
    });
    await expect(drawAll({ ...model("tiny"), session: never.session }, sampled("tiny"))).rejects.toThrow(
      full(),
    );
    const broken = observed(model("tiny"), () => {
      throw new SessionError("broken", false);
    });
    await expect(drawAll({ ...model("tiny"), session: broken.session }, sampled("tiny"))).rejects.toThrow(
      "broken",
    );
  });
});
