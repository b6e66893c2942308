// Adapters and merged models against Hugging Face's PEFT and transformers: models that transformers made, in one file or
// several, in single floats or bfloat16, with adapters of ours; and adapters that PEFT made. Needs a Python with peft, torch
// and transformers (SELFALIGN_PYTHON).
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { writeSafetensors } from "../../src/onnx/save.js";
import { openBase } from "../../src/train/base.js";
import { adaptersOf, TARGETS, type Targets } from "../../src/train/lora.js";
import { mergeAdaptersTo } from "../../src/train/merge.js";
import { readAdapters, saveAdapters } from "../../src/train/peft.js";
import { drawn } from "../grad/differences.js";
import { askPython, pythonWith } from "./python.js";

const python = pythonWith("peft", "torch", "transformers");
if (python === null)
  console.warn("skipped: no Python with peft, torch and transformers; set SELFALIGN_PYTHON");

const folder = mkdtempSync(path.join(tmpdir(), "selfalign-peft-"));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const MODELS: Readonly<Record<string, { make: string; type: string; targets: Targets }>> = {
  gpt2: {
    make: "GPT2LMHeadModel(GPT2Config(vocab_size=29, n_positions=12, n_embd=16, n_layer=2, n_head=2))",
    type: "gpt2",
    targets: ["c_attn", "mlp.c_proj"],
  },
  "starcoder2 in bfloat16 and several files": {
    make: `Starcoder2ForCausalLM(Starcoder2Config(vocab_size=29, hidden_size=32, intermediate_size=24, num_hidden_layers=2,
      num_attention_heads=2, num_key_value_heads=1, max_position_embeddings=16)).bfloat16()`,
    type: "starcoder2",
    targets: "all-linear",
  },
  t5: {
    make: "T5ForConditionalGeneration(T5Config(vocab_size=29, d_model=16, d_kv=4, d_ff=24, num_layers=2, num_heads=2, decoder_start_token_id=0))",
    type: "t5",
    targets: TARGETS["t5"] ?? [],
  },
  "t5 with a head of its own": {
    make: "untied(T5ForConditionalGeneration(T5Config(**SMALL, feed_forward_proj='gated-gelu', tie_word_embeddings=False)))",
    type: "t5",
    targets: ["q", "v", "wi_0"],
  },
  "bart with a bias of the logits": {
    make: `biased(BartForConditionalGeneration(BartConfig(vocab_size=29, d_model=16, encoder_layers=1, decoder_layers=1, encoder_attention_heads=2,
      decoder_attention_heads=2, encoder_ffn_dim=24, decoder_ffn_dim=20, max_position_embeddings=16)))`,
    type: "bart",
    targets: TARGETS["bart"] ?? [],
  },
};

const MAKE = `
import json, sys, torch
from transformers import (BartConfig, BartForConditionalGeneration, GPT2Config, GPT2LMHeadModel, Starcoder2Config,
    Starcoder2ForCausalLM, T5Config, T5ForConditionalGeneration)
SMALL = dict(vocab_size=29, d_model=16, d_kv=4, d_ff=24, num_layers=1, num_heads=2, decoder_start_token_id=0)
def untied(model):
    model.lm_head.weight = torch.nn.Parameter(torch.randn_like(model.shared.weight))
    return model
def biased(model):
    model.final_logits_bias.normal_()
    return model
torch.manual_seed(7)
for given in json.load(sys.stdin):
    model = eval(given["make"])
    for weight in model.parameters():
        weight.data += 0.1 * torch.randn_like(weight)
    model.save_pretrained(given["base"], max_shard_size="10KB")
json.dump({}, sys.stdout)
`;

/** The largest differences of logits, and of what a merge by PEFT gives; and an adapter that PEFT has saved. */
const COMPARE = `
import json, sys, torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM
def compared(given):
    auto = AutoModelForSeq2SeqLM if given["type"] in ("t5", "bart") else AutoModelForCausalLM
    base = lambda: auto.from_pretrained(given["base"], dtype=torch.float32).eval()
    ids = torch.randint(3, 29, (2, 9), generator=torch.Generator().manual_seed(1))
    more = dict(decoder_input_ids=ids) if auto is AutoModelForSeq2SeqLM else {}
    with torch.no_grad():
        logits = lambda model: model(input_ids=ids, **more).logits
        without = logits(base())
        adapted = PeftModel.from_pretrained(base(), given["adapters"]).eval()
        beside = logits(adapted)
        inside = logits(auto.from_pretrained(given["merged"], dtype=torch.float32).eval())
        theirs = logits(adapted.merge_and_unload())
    config = LoraConfig(r=3, lora_alpha=5, target_modules=given["targets"], task_type="CAUSAL_LM")
    other = get_peft_model(base(), config)
    saved = {}
    for name, weight in other.named_parameters():
        if weight.requires_grad:
            weight.data.normal_()
            saved[name.replace(".default", "")] = [float(weight.double().sum()), list(weight.shape)]
    other.save_pretrained(given["theirs"])
    far = lambda a, b: float((a - b).abs().max())
    return dict(beside=far(beside, inside), theirs=far(theirs, inside), effect=far(beside, without), saved=saved)
json.dump({given["name"]: compared(given) for given in json.load(sys.stdin)}, sys.stdout)
`;

interface Compared {
  readonly beside: number;
  readonly theirs: number;
  readonly effect: number;
  readonly saved: Readonly<Record<string, readonly [sum: number, dims: readonly number[]]>>;
}
const NOTHING: Compared = { beside: NaN, theirs: NaN, effect: NaN, saved: {} };

const at = (name: string, what: string): string => path.join(folder, name, what);

/** Adapters of ours over a model, and the two merged. */
async function adapt(name: string, targets: Targets): Promise<void> {
  const [base, adapters, merged] = [at(name, "base"), at(name, "adapters"), at(name, "merged")];
  const opened = await openBase(base);
  const options = { rank: 4, alpha: 8, dropout: 0, targets };
  const learned = adaptersOf(opened.parameters, options)
    .flatMap(({ a, b }) => [a, b])
    .map(({ name: own, dims }) => ({
      name: own,
      shape: dims,
      values: Float32Array.from(drawn(own, dims, 0.3)),
    }));
  await writeSafetensors(at(name, "learned.safetensors"), learned);
  await saveAdapters(adapters, opened, options, at(name, "learned.safetensors"));
  await mergeAdaptersTo(base, adapters, merged);
}

describe.skipIf(python === null)("adapters and merges", () => {
  let compared: Readonly<Record<string, Compared>> = {};

  beforeAll(async () => {
    const given = Object.entries(MODELS).map(([name, { make, type, targets }]) => ({
      ...{ name, make, type, targets },
      base: at(name, "base"),
      adapters: at(name, "adapters"),
      merged: at(name, "merged"),
      theirs: at(name, "theirs"),
    }));
    askPython(python ?? "", MAKE, given);
    for (const { name, targets } of given) await adapt(name, targets);
    // A cast because the script is ours.
    compared = askPython(python ?? "", COMPARE, given) as typeof compared;
  }, 600_000);

  it.each(Object.entries(MODELS))("of %s are PEFT's", async (name) => {
    const { beside, theirs, effect, saved } = compared[name] ?? NOTHING;
    expect(beside).toBeLessThan(1e-5);
    expect(theirs).toBeLessThan(1e-5);
    expect(effect).toBeGreaterThan(0.05);

    const { parameters } = await openBase(at(name, "base"));
    const read = await readAdapters(at(name, "theirs"), parameters);
    expect(read.options).toMatchObject({ rank: 3, alpha: 5 });
    expect([...read.learned.keys()].sort()).toEqual(Object.keys(saved).sort());
    for (const [own, { dims, data }] of read.learned) {
      const [sum, shape] = saved[own] ?? [NaN, []];
      expect(dims).toEqual(shape);
      expect(data.reduce((total, value) => total + value, 0)).toBeCloseTo(sum, 3);
    }
  });
});
