// Models of shapes that the fixtures don't have, made by transformers and torch on the spot: sizes that are no multiples of a
// block, a window of one token, checkpoints of bfloat16 in several files, learned positions that are all used. Runs on the
// compiled thread in dist.
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { scoreBatch } from "../../src/model/score.js";
import { convertAndOpen, distanceOf, drawAll, greedily, readGolden } from "./goldens.js";
import { askPython, pythonWith } from "./python.js";

const python = pythonWith("torch", "transformers");
if (python === null) console.warn("skipped: no Python with torch and transformers; set SELFALIGN_PYTHON");

const MAKE = `
import contextlib, json, sys
from pathlib import Path
scripts, folder = json.load(sys.stdin)
sys.path.insert(0, scripts)
import torch, gpt2, starcoder2 as golden
from decoding import row_of, write_golden

SMALL = dict(hidden_size=64, intermediate_size=96, num_attention_heads=4, num_hidden_layers=2)
def narrow(folder, lengths, build):
    """Saved as bfloat16 in several files; what is expected is computed from these, in single floats."""
    generator = torch.Generator().manual_seed(1)
    built = build(generator)
    built.to(torch.bfloat16).save_pretrained(folder, max_shard_size="20KB")
    model = type(built).from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    write_golden(folder, model, [row_of(model, length, generator) for length in lengths])

torch.set_num_threads(1)
with torch.no_grad(), contextlib.redirect_stdout(sys.stderr):
    golden.make(Path(folder) / "odd", hidden_size=48, intermediate_size=100, num_attention_heads=3, num_key_value_heads=1,
        num_hidden_layers=3, vocab_size=97, sliding_window=7, use_bias=False, tie_word_embeddings=False,
        max_position_embeddings=64, rope_theta=10000.0, lengths=[20, 1, 9])
    golden.make(Path(folder) / "narrow-sighted", **SMALL, vocab_size=33, num_key_value_heads=4, sliding_window=1,
        max_position_embeddings=40, rope_theta=10000.0, lengths=[8, 3])
    geometry = dict(**SMALL, vocab_size=64, num_key_value_heads=1, max_position_embeddings=64)
    narrow(Path(folder) / "bfloat16", [12, 5], lambda generator: golden.build(10000.0, geometry, generator))
    golden.write_legacy(Path(folder) / "bfloat16/config.json")
    gpt2.make(Path(folder) / "gpt2 full", vocab_size=33, n_positions=35, n_embd=16, n_layer=1, n_head=2,
        tie_word_embeddings=False, published=True, lengths=[3])
    geometry = dict(vocab_size=64, n_positions=48, n_embd=96, n_layer=2, n_head=4, n_inner=72)
    narrow(Path(folder) / "gpt2 bfloat16", [12, 5], lambda generator: gpt2.build(geometry, generator))
print(json.dumps(None))
`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "selfalign-"));
  if (python !== null)
    askPython(python, MAKE, [path.resolve(import.meta.dirname, "../../scripts/golden"), folder]);
});
afterAll(() => rmSync(folder, { recursive: true }));

const NAMES = ["odd", "narrow-sighted", "bfloat16", "gpt2 full", "gpt2 bfloat16"] as const;
describe.skipIf(python === null).each(NAMES)("%s", (name) => {
  it("gives transformers' logits, tokens and scores, and stays near them as int8", async () => {
    const golden = readGolden(path.join(folder, name));
    const exact = await convertAndOpen(path.join(folder, name), path.join(folder, `${name} fp32`), "fp32");
    const { worst, agreement } = await distanceOf(exact, golden);
    expect(worst).toBeLessThan(1e-6);
    expect(agreement).toBe(1);
    const requests = golden.rows.map(({ prompt }, at) => greedily(prompt, String(at)));
    for (const chunk of [null, 3]) {
      const drawn = await drawAll(exact, requests, { chunk });
      expect(drawn.map(({ tokens }) => tokens)).toEqual(golden.rows.map(({ tokens }) => tokens));
    }
    const scored = await scoreBatch(
      exact.score,
      golden.pairs.map((pair, at) => ({ ...pair, key: String(at) })),
    );
    for (const [at, { mean }] of golden.pairs.entries()) expect(scored[at]?.nll).toBeCloseTo(mean, 4);
    await exact.close();

    for (const device of ["cpu", "cuda"] as const) {
      const out = path.join(folder, `${name} int8 ${device}`);
      const blocks = await convertAndOpen(path.join(folder, name), out, "int8", device);
      expect((await distanceOf(blocks, golden)).mean).toBeLessThan(3e-3);
      await blocks.close();
    }
  });
});

it.skipIf(python === null)("comes in several files where it is meant to", () => {
  for (const name of ["bfloat16", "gpt2 bfloat16"]) {
    const files = readdirSync(path.join(folder, name)).filter((file) => file.endsWith(".safetensors"));
    expect(files.length).toBeGreaterThan(3);
  }
});
