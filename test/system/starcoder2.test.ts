// Our StarCoder2 against transformers and torch: the checkpoints of test/fixtures/starcoder2 are converted, their graphs run
// on ONNX Runtime. Runs on the compiled thread in dist.
import { describe, expect, it } from "vitest";
import { draw } from "../../src/model/decode.js";
import type { DrawRequest } from "../../src/model/rows.js";
import { CANDIDATES } from "../../src/model/sampling.js";
import { SessionError } from "../../src/onnx/failures.js";
import type { Session } from "../../src/onnx/session.js";
import { coming, drawAll, greedily, logSoftmax, observed } from "./goldens.js";
import { BOTH, describeParity } from "./parity.js";

const { model, goldenOf, greedyRequests, sampled } = describeParity("starcoder2", [
  "tiny",
  "sliding",
  "untied",
  "unbiased",
]);

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

  it("makes slots longer for a row that comes later, and takes a prompt from one that is under way", async () => {
    const prompt = goldenOf("tiny").rows[0]?.prompt ?? [];
    const requests = [
      greedily(prompt, "first", { maxTokens: 40, temperature: 1, seed: 1 }),
      greedily(prompt, "same", { maxTokens: 30, temperature: 1, seed: 2 }),
      greedily([...prompt, ...prompt], "longer", { maxTokens: 180, temperature: 1, seed: 3 }),
      greedily([7], "one token", { maxTokens: 3, temperature: 1, seed: 4 }),
    ];
    const alone = [];
    for (const request of requests) alone.push(...(await drawAll(model("tiny"), [request])));
    const ran: (readonly number[])[] = [];
    let seen: () => void = () => undefined;
    const { session } = observed(model("tiny"), ({ ids }) => {
      ran.push(ids?.dims ?? []);
      if (ran.length % 6 === 0) seen();
    });
    const late = async function* () {
      for (const request of requests) {
        yield request;
        await new Promise<void>((resolve) => (seen = resolve));
      }
    };
    const drawn = [];
    const options = { batchSize: 4, chunk: 1, stopTokens: [] };
    for await (const one of draw({ ...model("tiny"), session }, late(), options)) drawn.push(one);
    const keys = requests.map(({ key }) => key);
    expect(drawn.sort((a, b) => keys.indexOf(a.key) - keys.indexOf(b.key))).toEqual(alone);
    // Two prompts go in, and no step has a row that has ended.
    expect(ran.filter(([, tokens]) => tokens !== 1)).toEqual([
      [1, prompt.length - 1],
      [1, 2 * prompt.length - 1],
    ]);
    const steps = ran.filter(([, tokens]) => tokens === 1);
    expect(steps.reduce((sum, [rows = 0]) => sum + rows, 0)).toBe(40 + 30 + 180 + 3);
  });

  it.each(BOTH)("holds no cache when all is drawn, nor when the reader leaves, %s", async (form) => {
    const { session, held } = observed(model("tiny", form), () => undefined);
    await drawAll({ ...model("tiny", form), session }, sampled("tiny"), { batchSize: 6, chunk: 2 });
    expect(held.size).toBe(0);
    const options = { batchSize: 6, chunk: 2, stopTokens: [] };
    for await (const one of draw({ ...model("tiny", form), session }, coming(sampled("tiny")), options))
      if (one.tokens.length > 2) break;
    expect(held.size).toBe(0);
  });
});

describe.each(BOTH)("a signal, %s", (form) => {
  it("ends the drawing with its reason in the middle of a run, and the session can be used again", async () => {
    for (const chunk of [null, 2]) {
      const abort = new AbortController();
      let runs = 0;
      const { session, held } = observed(model("tiny", form), () => {
        if (++runs === 5) setImmediate(() => abort.abort(new Error("enough")));
      });
      const requests = sampled("tiny");
      const options = { batchSize: 6, chunk, signal: abort.signal };
      await expect(drawAll({ ...model("tiny", form), session }, requests, options)).rejects.toThrow("enough");
      expect(held.size).toBe(0);
    }
    const [first] = goldenOf("tiny").rows;
    const [again] = await drawAll(model("tiny", form), greedyRequests("tiny").slice(0, 1));
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
        for await (const { key } of draw(model("tiny", form), source, options))
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

describe.each(BOTH)("too little memory, %s", (form) => {
  const rowsIn = (feeds: Parameters<Session["runKeeping"]>[0]): number => feeds["ids"]?.dims[0] ?? 0;
  const full = () => new SessionError("bfc_arena: Failed to allocate memory", true);

  it.each([null, 3])("makes batches smaller, and all is drawn as before (chunk %s)", async (chunk) => {
    for (const most of [1, 3, 10]) {
      const { session, held } = observed(model("tiny", form), (feeds) => {
        if (rowsIn(feeds) > most) throw full();
      });
      const notices: string[] = [];
      const requests = sampled("tiny");
      const expected = await drawAll(model("tiny", form), requests);
      const options = { batchSize: 32, chunk, onNotice: (text: string) => notices.push(text) };
      expect(await drawAll({ ...model("tiny", form), session }, requests, options)).toEqual(expected);
      expect(notices[0]).toBe("out of memory with 32 rows: going on with 16 at a time");
      expect(held.size).toBe(0);
    }
  });

  it("in the middle, at any run, loses no row and no cache", async () => {
    const requests = sampled("tiny", 12);
    const expected = await drawAll(model("tiny", form), requests);
    for (let failing = 1; failing <= 12; failing++) {
      let runs = 0;
      const { session, held } = observed(model("tiny", form), () => {
        if (++runs === failing) throw full();
      });
      const options = { batchSize: 4, chunk: 3 };
      expect(await drawAll({ ...model("tiny", form), session }, requests, options)).toEqual(expected);
      expect(held.size, `after run ${failing}`).toBe(0);
    }
  });

  it("for a single row is an error, as is everything else that fails", async () => {
    const never = observed(model("tiny", form), () => {
      throw full();
    });
    await expect(
      drawAll({ ...model("tiny", form), session: never.session }, sampled("tiny")),
    ).rejects.toThrow(full());
    const broken = observed(model("tiny", form), () => {
      throw new SessionError("broken", false);
    });
    await expect(
      drawAll({ ...model("tiny", form), session: broken.session }, sampled("tiny")),
    ).rejects.toThrow("broken");
  });
});
