"""Makes the fixtures that our StarCoder2 is compared with: small checkpoints of random weights as transformers saves
them, and what the model of transformers and torch answers on them.

    python scripts/golden/starcoder2.py test/fixtures/starcoder2

Each folder holds `config.json` and `model.safetensors` (F32), and `golden.json`, which decoding.py explains.
"""

import json
import sys

import torch
from transformers import Starcoder2Config, Starcoder2ForCausalLM

from decoding import make_all, write_folder

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


def write_legacy(path):
    """As transformers before 5 wrote it: the base of the rotation beside the other settings."""
    config = json.loads(path.read_text())
    config["rope_theta"] = config.pop("rope_parameters")["rope_theta"]
    config["torch_dtype"] = config.pop("dtype")
    path.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")


def make(folder, lengths, rope_theta, legacy=False, **geometry):
    generator = torch.Generator().manual_seed(0)
    write_folder(folder, build(rope_theta, geometry, generator), lengths, generator)
    if legacy:
        write_legacy(folder / "config.json")


if __name__ == "__main__":
    make_all(MODELS, *sys.argv[1:], make)
