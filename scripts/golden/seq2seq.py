"""Makes the fixtures that our encoder-decoders are compared with: small T5s and BARTs of random weights as transformers saves
them, and what `generate` answers on them, greedily and with beams.

    python scripts/golden/seq2seq.py test/fixtures/seq2seq

Each folder holds `config.json` and `model.safetensors` (F32), and `beams.json`, which beams.py explains; a case may have
`forced`, the tokens that texts must begin with and must end with at their limit.
"""

import json
import sys
from collections import Counter
from pathlib import Path

import torch
from transformers import BartConfig, BartForConditionalGeneration, GenerationConfig
from transformers import T5Config, T5ForConditionalGeneration

from beams import CASES, show_something, texts_of, versions

T5 = dict(vocab_size=72, d_model=32, d_kv=8, d_ff=48, num_heads=3, decoder_start_token_id=0)
BART = dict(vocab_size=72, d_model=32, encoder_ffn_dim=48, decoder_ffn_dim=40, max_position_embeddings=64)

# What each is there for: its geometry and its options differ from the others'.
MODELS = {
    "t5-relu": (T5, dict(num_layers=2, num_decoder_layers=3)),
    "t5-gated": (
        T5,
        dict(
            num_layers=2,
            feed_forward_proj="gated-gelu",
            tie_word_embeddings=False,
            relative_attention_num_buckets=8,
            relative_attention_max_distance=12,
        ),
    ),
    "t5-silu": (T5, dict(num_layers=1, d_model=40, feed_forward_proj="gated-silu", layer_norm_epsilon=1e-3)),
    "bart": (
        BART,
        dict(encoder_layers=2, decoder_layers=2, encoder_attention_heads=2, decoder_attention_heads=4),
    ),
    "bart-scaled": (
        BART,
        dict(
            encoder_layers=1,
            decoder_layers=3,
            encoder_attention_heads=4,
            decoder_attention_heads=2,
            scale_embedding=True,
        ),
    ),
}

LENGTHS = [11, 1, 5, 30]
FORCED = dict(num_beams=3, max_new_tokens=10, num_return_sequences=3, forced_bos_token_id=9)


def build(kind, geometry, generator):
    """A model of random weights: wide enough that its logits differ and every tensor matters."""
    given = {**kind, **geometry}
    if kind is T5:
        model = T5ForConditionalGeneration(T5Config(**given))
    else:
        model = BartForConditionalGeneration(BartConfig(**given))
        model.final_logits_bias.normal_(0.0, 0.3, generator=generator)
    model.eval()
    for name, weight in model.named_parameters():
        scale = "norm" in name and name.endswith(".weight")
        wide = 0.5 if "relative" in name else 0.3
        weight.normal_(1.0 if scale else 0.0, wide, generator=generator)
    return model


def padded(prompts, pad):
    width = max(map(len, prompts))
    rows = [prompt + [pad] * (width - len(prompt)) for prompt in prompts]
    mask = [[1] * len(prompt) + [0] * (width - len(prompt)) for prompt in prompts]
    return dict(input_ids=torch.tensor(rows), attention_mask=torch.tensor(mask))


def answers(model, inputs, stops):
    """What `generate` finds in each case, the last of which has forced tokens."""
    answered = []
    for case in [*CASES, {**FORCED, "forced_eos_token_id": stops[0]}]:
        common = dict(eos_token_id=stops, pad_token_id=model.config.pad_token_id, do_sample=False)
        start = model.config.decoder_start_token_id
        # Without the cache, which transformers makes too small where the decoder has more layers than the encoder.
        settings = GenerationConfig(**common, **case, decoder_start_token_id=start, use_cache=False)
        given = model.generate(
            **inputs, generation_config=settings, return_dict_in_generate=True, output_scores=True
        )
        options = {name: value for name, value in case.items() if not name.startswith("forced")}
        forced = dict(first=case.get("forced_bos_token_id"), last=case.get("forced_eos_token_id"))
        answered.append(dict(options=options, forced=forced, texts=texts_of(1, given, options, stops)))
    return answered


def likely_stops(model, inputs):
    """Three tokens that the model writes, but not at once: the commonest of those behind the second of free texts."""
    start, pad = model.config.decoder_start_token_id, model.config.pad_token_id
    free = dict(num_beams=4, num_return_sequences=4, max_new_tokens=12, do_sample=False, use_cache=False)
    settings = GenerationConfig(**free, decoder_start_token_id=start, pad_token_id=pad)
    texts = model.generate(**inputs, generation_config=settings)[:, 1:]
    counts = Counter(texts[:, 3:].flatten().tolist())
    early = set(texts[:, :2].flatten().tolist())
    return [token for token, _ in counts.most_common() if token not in early | {start, pad}][:3]


def make(folder, kind, geometry):
    generator = torch.Generator().manual_seed(2)
    cases, stops = [], []
    while not show_something(cases, stops):
        model = build(kind, geometry, generator)
        prompts = [torch.randint(3, kind["vocab_size"], (length,), generator=generator).tolist() for length in LENGTHS]
        model.generation_config = GenerationConfig()
        model.config.forced_eos_token_id = None
        inputs = padded(prompts, model.config.pad_token_id)
        stops = likely_stops(model, inputs)
        cases = answers(model, inputs, stops) if len(stops) == 3 else []
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink()
    golden = dict(versions=versions(), stops=stops, prompts=prompts, cases=cases)
    (folder / "beams.json").write_text(json.dumps(golden) + "\n")
    print(folder.name, flush=True)


if __name__ == "__main__":
    torch.set_num_threads(1)
    with torch.no_grad():
        for name, (kind, geometry) in MODELS.items():
            make(Path(sys.argv[1]) / name, kind, geometry)
