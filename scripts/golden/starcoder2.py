"""Makes the fixtures that our StarCoder2 is compared with: small checkpoints of random weights as transformers saves
them, and what the model of transformers and torch answers on them.

    python scripts/golden/starcoder2.py test/fixtures/starcoder2

Each folder holds `config.json` and `model.safetensors` (F32), and `golden.json`:

    versions   of torch and transformers
    rows       one per prompt, each computed alone, without padding, in float32
      prompt   token ids
      logits   of every position of the prompt, [prompt.length, vocab_size]
      tokens   the 32 tokens that greedy decoding adds; it goes on past end-of-text
      steps    the logits that each of them was chosen from, [32, vocab_size]; the first is the last of `logits`
    pairs      for scores
      prompt, text   token ids
      nll      of each token of the text after the prompt and what comes before it in the text
      mean     of these

Logits are base64 of little-endian float32. Prompts are random, drawn until every greedy choice leads the next best by
0.02, so that rounding cannot turn it, and until the tokens are not all the same.
"""

import base64
import json
import sys
from pathlib import Path

import torch
import transformers
from transformers import Starcoder2Config, Starcoder2ForCausalLM

STEPS = 32
MARGIN = 0.02
DISTINCT = 5

SMALL = dict(hidden_size=32, intermediate_size=64, num_attention_heads=2, max_position_embeddings=128)

# What each is there for: its geometry and its base of the rotation differ from the others'.
MODELS = {
    "tiny": dict(
        vocab_size=128,
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=256,
        rope_theta=999999.4420358813,
        lengths=[20, 1, 7, 12],
    ),
    "sliding": dict(
        **SMALL,
        vocab_size=64,
        num_hidden_layers=3,
        num_key_value_heads=1,
        sliding_window=16,
        rope_theta=500.0,
        lengths=[60, 10, 16, 17],
    ),
    "untied": dict(
        **SMALL,
        vocab_size=64,
        num_hidden_layers=2,
        num_key_value_heads=2,
        tie_word_embeddings=False,
        rope_theta=100000.0,
        legacy=True,
        lengths=[5, 24, 13],
    ),
    "unbiased": dict(
        **SMALL,
        vocab_size=64,
        num_hidden_layers=1,
        num_key_value_heads=1,
        use_bias=False,
        rope_theta=2000.0,
        lengths=[9, 4],
    ),
}


def build(rope_theta, geometry, generator):
    """A model of random weights: wide enough that its logits differ and every tensor matters."""
    config = Starcoder2Config(
        **geometry,
        rope_parameters={"rope_type": "default", "rope_theta": rope_theta},
        bos_token_id=0,
        eos_token_id=0,
        attn_implementation="eager",
    )
    model = Starcoder2ForCausalLM(config).eval()
    for name, weight in model.named_parameters():
        scale = name.endswith("norm.weight") or name.endswith("layernorm.weight")
        weight.normal_(1.0 if scale else 0.0, 0.2, generator=generator)
    return model


def greedy(model, prompt):
    """Tokens and the logits that they were chosen from, the whole text anew for each; None where a choice is close."""
    ids, steps = list(prompt), []
    for _ in range(STEPS):
        logits = model(torch.tensor([ids]), use_cache=False).logits[0, -1]
        best, second = torch.topk(logits, 2).values
        if best - second < MARGIN:
            return None
        steps.append(logits)
        ids.append(int(logits.argmax()))
    tokens = ids[len(prompt) :]
    return (tokens, torch.stack(steps)) if len(set(tokens)) >= DISTINCT else None


def row_of(model, length, generator):
    decoded = None
    while decoded is None:
        prompt = torch.randint(1, model.config.vocab_size, (length,), generator=generator).tolist()
        decoded = greedy(model, prompt)
    tokens, steps = decoded
    logits = model(torch.tensor([prompt]), use_cache=False).logits[0]
    return dict(prompt=prompt, logits=packed(logits), tokens=tokens, steps=packed(steps))


def pairs_of(model, rows):
    """Half of each row's prompt and the rest of it, and a whole prompt with a text of the model's own."""
    halves = [(row["prompt"][: len(row["prompt"]) // 2], row["prompt"][len(row["prompt"]) // 2 :]) for row in rows]
    own = [(rows[-1]["prompt"], rows[-1]["tokens"])]
    return [pair_of(model, prompt, text) for prompt, text in halves + own if prompt]


def pair_of(model, prompt, text):
    logits = model(torch.tensor([prompt + text]), use_cache=False).logits[0]
    before = logits[len(prompt) - 1 : -1].log_softmax(-1)
    nll = -before.gather(1, torch.tensor(text)[:, None])[:, 0]
    return dict(prompt=prompt, text=text, nll=nll.tolist(), mean=float(nll.double().mean()))


def packed(tensor):
    return base64.b64encode(tensor.float().contiguous().numpy().astype("<f4").tobytes()).decode()


def write_legacy(path):
    """As transformers before 5 wrote it: the base of the rotation beside the other settings."""
    config = json.loads(path.read_text())
    config["rope_theta"] = config.pop("rope_parameters")["rope_theta"]
    config["torch_dtype"] = config.pop("dtype")
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def make(folder, lengths, rope_theta, legacy=False, **geometry):
    generator = torch.Generator().manual_seed(0)
    model = build(rope_theta, geometry, generator)
    rows = [row_of(model, length, generator) for length in lengths]
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink()
    if legacy:
        write_legacy(folder / "config.json")
    versions = dict(torch=torch.__version__.split("+")[0], transformers=transformers.__version__)
    golden = dict(versions=versions, rows=rows, pairs=pairs_of(model, rows))
    (folder / "golden.json").write_text(json.dumps(golden, indent=2) + "\n")
    print(folder.name, flush=True)


def main(folder):
    torch.set_num_threads(1)
    with torch.no_grad():
        for name, model in MODELS.items():
            make(Path(folder) / name, **model)


if __name__ == "__main__":
    main(*sys.argv[1:])
