// Two hundred steps of our learner beside PyTorch's AdamW and clip_grad_norm_ on transformers' GPT-2, from the same weights
// and batches: 4 layers, 256 wide, a vocabulary of 512, batches of 4 x 32 tokens, some of which weigh more or nothing.
// Runs on the compiled thread in dist.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { uniforms } from "../../src/core/random.js";
import { rateFactor } from "../../src/grad/schedule.js";
import { writeSafetensors } from "../../src/onnx/save.js";
import { causal } from "../../src/train/causal.js";
import { gpt2 } from "../../src/train/gpt2.js";
import type { Batch } from "../../src/train/learner.js";
import { openLearner } from "../../src/train/learning.js";
import { askPython, pythonWith } from "./python.js";

const python = pythonWith("torch", "transformers", "safetensors");
if (python === null) console.warn("skipped: no Python with torch and transformers; set SELFALIGN_PYTHON");

const [STEPS, ROWS, LENGTH, VOCABULARY] = [200, 4, 32, 512];
const MODEL = {
  vocabulary: VOCABULARY,
  positions: LENGTH,
  hidden: 256,
  layers: 4,
  heads: 4,
  epsilon: 1e-5,
  dropout: 0,
};

const TORCH = `
import json, sys, torch
from safetensors.torch import load_file
from torch.nn.functional import cross_entropy
from transformers import GPT2Config, GPT2LMHeadModel
given = json.load(sys.stdin)
torch.set_num_threads(1)
config = GPT2Config(vocab_size=${VOCABULARY}, n_positions=${LENGTH}, n_embd=256, n_layer=4, n_head=4,
    resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, bos_token_id=0, eos_token_id=0, attn_implementation="eager")
model = GPT2LMHeadModel(config).train()
missing, unexpected = model.load_state_dict(load_file(given["file"]), strict=False)
assert missing in ([], ["lm_head.weight"]) and unexpected == [], (missing, unexpected)
matrices = [weight for weight in model.parameters() if weight.dim() > 1]
vectors = [weight for weight in model.parameters() if weight.dim() == 1]
optimiser = torch.optim.AdamW([dict(params=matrices, weight_decay=0.1), dict(params=vectors, weight_decay=0.0)])
told = []
for step in given["steps"]:
    for group in optimiser.param_groups: group["lr"] = step["rate"]
    ids, targets = (torch.tensor(step[name]).view(${ROWS}, ${LENGTH}) for name in ("ids", "targets"))
    weights = torch.tensor(step["weights"], dtype=torch.float32)
    logits = model(ids, use_cache=False).logits
    losses = cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none")
    loss = (losses * weights).sum() / weights.sum()
    loss.backward()
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimiser.step()
    optimiser.zero_grad()
    told.append([loss.item(), norm.item()])
print(json.dumps(told))
`;

interface Step {
  readonly rate: number;
  readonly ids: readonly number[];
  readonly targets: readonly number[];
  readonly weights: readonly number[];
}

/** A text that repeats itself with noise, so that there is something to learn. */
function stepAt(at: number): Step {
  const next = uniforms(11, `step ${at}`);
  const count = ROWS * LENGTH;
  const tokens = Array.from({ length: count + 1 }, (_, i) =>
    Math.floor(next() < 0.8 ? (i * 7 + at) % 40 : next() * VOCABULARY),
  );
  return {
    rate: 1e-3 * rateFactor("cosine", at, { warmup: 20, updates: STEPS }),
    ids: tokens.slice(0, count),
    targets: tokens.slice(1),
    weights: Array.from({ length: count }, () => [0, 1, 1, 2][Math.floor(4 * next())] ?? 1),
  };
}

function batchOf({ ids, targets, weights }: Step): Batch {
  const dims = [ROWS, LENGTH];
  return {
    ids: { type: "int64", dims, data: BigInt64Array.from(ids, BigInt) },
    targets: { type: "int64", dims, data: BigInt64Array.from(targets, BigInt) },
    weights: { type: "float32", dims, data: Float32Array.from(weights) },
  };
}

let folder: string;
beforeAll(() => (folder = mkdtempSync(path.join(tmpdir(), "selfalign-"))));
afterAll(() => rmSync(folder, { recursive: true }));

describe.skipIf(python === null)("our learner", () => {
  it("learns as PyTorch does, step by step", async () => {
    const steps = Array.from({ length: STEPS }, (_, at) => stepAt(at));
    const learner = await openLearner(causal(gpt2(MODEL)), { seed: 3, threads: 1 });
    const { weights } = await learner.state();
    const file = path.join(folder, "model.safetensors");
    await writeSafetensors(
      file,
      [...weights].map(([name, { dims, data }]) => ({ name, shape: dims, values: data })),
    );
    const ours: [number, number][] = [];
    for (const step of steps) {
      const { loss, norm } = await learner.step([batchOf(step)], step.rate);
      ours.push([loss, norm]);
    }
    await learner.close();
    // A cast because the script prints pairs of numbers.
    const theirs = askPython(python ?? "", TORCH, { file, steps }) as [number, number][];
    const gaps = ours.map(([loss], at) => Math.abs(loss - (theirs[at]?.[0] ?? NaN)));
    const norms = ours.map(([, norm], at) => Math.abs(norm / (theirs[at]?.[1] ?? NaN) - 1));
    expect(Math.max(...gaps)).toBeLessThan(1e-3);
    expect(Math.max(...norms.slice(0, 20))).toBeLessThan(1e-3);
    expect(theirs[0]?.[0]).toBeGreaterThan(6);
    expect(theirs.at(-1)?.[0]).toBeLessThan(4);
  });
});
