"""Makes the fixtures that our training graphs are compared with: small models of transformers in float64, and the loss and
gradients that torch computes for one batch.

    python scripts/golden/training.py test/fixtures/training

Each file holds:

    versions    of torch and transformers
    config      the model's own
    smoothing   of the loss
    batch       ids and targets [B, T], weights [B, T]
    loss        sum of weight times cross entropy over the sum of weights
    weights     of the model by their names: dims, and base64 of little-endian float32
    gradients   of the loss by these, likewise
"""

import base64
import json
import sys
from pathlib import Path

import torch
import transformers
from torch.nn.functional import cross_entropy
from transformers import GPT2Config, GPT2LMHeadModel, Starcoder2Config, Starcoder2ForCausalLM

BATCH, LENGTH, VOCABULARY = 2, 9, 29

GPT2 = dict(vocab_size=VOCABULARY, n_positions=12, n_embd=16, n_layer=2, n_head=2, attn_implementation="eager")
STARCODER2 = dict(
    vocab_size=VOCABULARY,
    hidden_size=16,
    intermediate_size=24,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    max_position_embeddings=16,
    attn_implementation="eager",
)

# A name, the model, and the smoothing of its loss.
MODELS = [
    ("gpt2", lambda: GPT2LMHeadModel(GPT2Config(**GPT2)), 0.0),
    (
        "starcoder2-sliding",
        lambda: Starcoder2ForCausalLM(
            Starcoder2Config(**STARCODER2, sliding_window=4, rope_parameters=dict(rope_type="default", rope_theta=300.0))
        ),
        0.1,
    ),
    (
        "starcoder2-untied",
        lambda: Starcoder2ForCausalLM(
            Starcoder2Config(
                **STARCODER2,
                sliding_window=None,
                use_bias=False,
                tie_word_embeddings=False,
                rope_parameters=dict(rope_type="default", rope_theta=10000.0),
            )
        ),
        0.0,
    ),
]


def packed(tensor):
    data = base64.b64encode(tensor.detach().float().numpy().tobytes()).decode()
    return dict(dims=list(tensor.shape), data=data)


def golden(build, smoothing):
    torch.manual_seed(3407)
    model = build().eval()  # nothing is dropped
    for name, weight in model.named_parameters():
        gain = "norm.weight" in name or "layernorm.weight" in name or "ln_" in name and name.endswith("weight")
        weight.data.normal_(1.0 if gain else 0.0, 0.2)
    model = model.double()
    ids, targets = torch.randint(0, VOCABULARY, (2, BATCH, LENGTH))
    weights = torch.tensor([0.0, 1.0, 2.0, 0.5])[torch.randint(0, 4, (BATCH, LENGTH))]
    logits = model(ids, use_cache=False).logits
    losses = cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none", label_smoothing=smoothing)
    loss = (losses * weights.flatten()).sum() / weights.sum()
    loss.backward()
    return dict(
        versions=dict(torch=torch.__version__.split("+")[0], transformers=transformers.__version__),
        config=model.config.to_diff_dict(),
        smoothing=smoothing,
        batch=dict(ids=ids.tolist(), targets=targets.tolist(), weights=weights.tolist()),
        loss=loss.item(),
        weights={name: packed(weight) for name, weight in model.named_parameters()},
        gradients={name: packed(weight.grad) for name, weight in model.named_parameters()},
    )


def main(folder):
    torch.set_num_threads(1)
    Path(folder).mkdir(parents=True, exist_ok=True)
    for name, build, smoothing in MODELS:
        made = golden(build, smoothing)
        (Path(folder) / f"{name}.json").write_text(json.dumps(made, indent=1) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
