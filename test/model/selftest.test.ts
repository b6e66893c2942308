// The session is a stand-in that gives the logit it is told to.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { selfTest } from "../../src/model/selftest.js";
import type { Decoding } from "../../src/model/run.js";
import { starcoder2Of } from "../../src/model/starcoder2.js";
import type { Session } from "../../src/onnx/session.js";

let folder: string;
beforeEach(() => (folder = mkdtempSync(path.join(tmpdir(), "selfalign-"))));
afterEach(() => rmSync(folder, { recursive: true }));

const prompts: number[] = [];

function giving(highest: number, positions = 64): Decoding {
  const fields = { hidden_size: 16, intermediate_size: 8, num_attention_heads: 1, num_hidden_layers: 1 };
  const config = { ...fields, vocab_size: 5, max_position_embeddings: positions, rope_theta: 1 };
  const runKeeping: Session["runKeeping"] = (feeds) => {
    const { ids } = feeds;
    if (ids !== undefined && "data" in ids) prompts.push(ids.data.length);
    return Promise.resolve({
      outputs: {
        tokens: { type: "int64", dims: [1, 1, 1], data: BigInt64Array.of(0n) },
        highest: { type: "float32", dims: [1, 1, 1], data: Float32Array.of(highest) },
      },
      kept: {} as never,
    });
  };
  const inputs: Session["inputs"] = [{ name: "steps", type: "int64", shape: [] }];
  // A cast because the test asks for nothing else of a session.
  const session = { inputs, runKeeping } as Session;
  return {
    session,
    model: starcoder2Of(config, "config.json"),
    format: { matrices: "int8", activations: "float32" },
  };
}

it("remembers what a model first gave, and lets a little difference pass", async () => {
  for (const highest of [10, 10.4, 9.6]) await selfTest(giving(highest), folder, "abc");
  expect(JSON.parse(readFileSync(path.join(folder, "selftest.json"), "utf8"))).toEqual({
    sha256: "abc",
    highest: 10,
  });
});

it("refuses a model that gives something else, or no number", async () => {
  await selfTest(giving(10), folder, "abc");
  await expect(selfTest(giving(10.6), folder, "abc")).rejects.toThrow(
    `the model in "${folder}" gives 10.600000381469727 where it first gave 10`,
  );
  await expect(selfTest(giving(NaN), folder, "abc")).rejects.toThrow("gives no numbers (NaN)");
  await selfTest(giving(0.01), folder, "of other weights");
  await selfTest(giving(0.05), folder, "of other weights");
});

it("asks no more tokens than the model has positions for", async () => {
  prompts.length = 0;
  await selfTest(giving(1, 64), folder, "abc");
  await selfTest(giving(1, 6), folder, "abc");
  expect(prompts).toEqual([16, 6]);
});
