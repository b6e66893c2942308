"""Makes the fixtures that our GPT-2 is compared with: small checkpoints of random weights as transformers saves them, and
what the model of transformers and torch answers on them.

    python scripts/golden/gpt2.py test/fixtures/gpt2

Each folder holds `config.json` and `model.safetensors` (F32), and `golden.json`, which decoding.py explains.
"""

import sys

import torch
from safetensors.torch import load_file, save_file
from transformers import GPT2Config, GPT2LMHeadModel

from decoding import make_all, write_folder

# What each is there for: its geometry differs from the others'. One row of "untied" ends at the last position.
MODELS = {
    "tiny": dict(
        vocab_size=96,
        n_positions=64,
        n_embd=48,
        n_layer=2,
        n_head=3,
        lengths=[20, 1, 7, 12],
    ),
    "untied": dict(
        vocab_size=64,
        n_positions=56,
        n_embd=32,
        n_layer=2,
        n_head=4,
        n_inner=48,
        tie_word_embeddings=False,
        published=True,
        lengths=[5, 24, 13],
    ),
    "odd": dict(
        vocab_size=65,
        n_positions=96,
        n_embd=40,
        n_layer=3,
        n_head=1,
        n_inner=100,
        activation_function="gelu_pytorch_tanh",
        layer_norm_epsilon=1e-3,
        lengths=[40, 4],
    ),
}


def build(geometry, generator):
    """A model of random weights: wide enough that its logits differ and every tensor matters."""
    config = GPT2Config(**geometry, bos_token_id=0, eos_token_id=0, attn_implementation="eager")
    model = GPT2LMHeadModel(config).eval()
    for name, weight in model.named_parameters():
        scale = ".ln_" in name and name.endswith(".weight")
        weight.normal_(1.0 if scale else 0.0, 0.2, generator=generator)
    return model


def write_published(file):
    """As GPT-2 itself was published: without the prefix, and with the masks that older versions kept as weights."""
    tensors = {name.removeprefix("transformer."): tensor for name, tensor in load_file(file).items()}
    layers = {name.split(".")[1] for name in tensors if name.startswith("h.")}
    masks = {f"h.{layer}.attn.bias": torch.ones(1, 1, 4, 4).tril() for layer in layers}
    save_file(tensors | masks, file, metadata={"format": "pt"})


def make(folder, lengths, published=False, **geometry):
    generator = torch.Generator().manual_seed(0)
    write_folder(folder, build(geometry, generator), lengths, generator)
    if published:
        write_published(folder / "model.safetensors")


if __name__ == "__main__":
    make_all(MODELS, *sys.argv[1:], make)
