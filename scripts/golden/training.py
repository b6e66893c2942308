"""Makes the fixtures that our training graphs are compared with: small models of transformers in float64, and the loss and
gradients that torch computes for one batch.

    python scripts/golden/training.py test/fixtures/training

`t5-distances.json` holds the classes of T5's relative positions, each other file:

    versions    of torch and transformers
    config      the model's own
    smoothing   of the loss
    batch       ids and targets [B, T], weights [B, T]; of an encoder-decoder ids and mask [B, S]
    loss        sum of weight times cross entropy over the sum of weights
    weights     of the model by their names: dims, and base64 of little-endian float32
    bias        final_logits_bias of a BART
    gradients   of the loss by the weights, likewise
"""

import base64
import json
import sys
from pathlib import Path

import torch
import transformers
from torch.nn.functional import cross_entropy
from transformers import (
    BartConfig,
    BartForConditionalGeneration,
    GPT2Config,
    GPT2LMHeadModel,
    Starcoder2Config,
    Starcoder2ForCausalLM,
    T5Config,
    T5ForConditionalGeneration,
)
from transformers.models.t5.modeling_t5 import T5Attention

VERSIONS = dict(torch=torch.__version__.split("+")[0], transformers=transformers.__version__)
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
T5 = dict(
    vocab_size=VOCABULARY,
    d_model=16,
    d_kv=4,
    d_ff=24,
    num_layers=2,
    num_decoder_layers=1,
    num_heads=2,
    dropout_rate=0.0,
    relative_attention_num_buckets=8,
    relative_attention_max_distance=10,
    decoder_start_token_id=0,
    attn_implementation="eager",
)
BART = dict(
    vocab_size=VOCABULARY,
    d_model=16,
    encoder_layers=2,
    decoder_layers=1,
    encoder_attention_heads=2,
    decoder_attention_heads=4,
    encoder_ffn_dim=24,
    decoder_ffn_dim=20,
    dropout=0.0,
    max_position_embeddings=16,
    attn_implementation="eager",
)


def untied_t5(kind):
    """A head of its own, which transformers 5 gives no new model."""
    model = T5ForConditionalGeneration(T5Config(**T5, feed_forward_proj=kind, tie_word_embeddings=False))
    model.lm_head.weight = torch.nn.Parameter(torch.empty_like(model.shared.weight))
    return model


def biased_bart():
    model = BartForConditionalGeneration(BartConfig(**BART, scale_embedding=True))
    model.final_logits_bias.normal_()
    return model


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
    ("t5-relu", lambda: T5ForConditionalGeneration(T5Config(**T5)), 0.1),
    ("t5-gated-gelu", lambda: untied_t5("gated-gelu"), 0.0),
    ("t5-gated-silu", lambda: untied_t5("gated-silu"), 0.0),
    ("bart", lambda: BartForConditionalGeneration(BartConfig(**BART)), 0.0),
    ("bart-scaled", biased_bart, 0.1),
]


# Classes of T5's relative positions: number, farthest distance.
BUCKETS = [(32, 128), (8, 10), (64, 500)]
FARTHEST = 600


def buckets():
    """The class of every distance from -FARTHEST to FARTHEST."""
    offsets = torch.arange(-FARTHEST, FARTHEST + 1)
    classes = lambda *kind: T5Attention._relative_position_bucket(offsets, *kind).tolist()
    return [
        dict(buckets=count, distance=most, bothWays=both, classes=classes(both, count, most))
        for count, most in BUCKETS
        for both in (True, False)
    ]


def packed(tensor):
    data = base64.b64encode(tensor.detach().float().numpy().tobytes()).decode()
    return dict(dims=list(tensor.shape), data=data)


def ragged(pad, batch):
    """A longer text is read than written; rows are filled up on the right, where nothing counts."""
    ids = torch.randint(2, VOCABULARY, (BATCH, LENGTH + 4))
    mask = torch.ones_like(ids)
    targets, weights = batch["targets"], batch["weights"]
    ids[1, -5:] = pad
    mask[1, -5:] = 0
    targets[targets == pad] = pad + 2  # torch gives the vector of what fills up no gradient
    targets[0, -3:] = pad
    weights[0, -3:] = 0.0
    return dict(ids=ids, mask=mask, targets=targets, weights=weights)


def logits_of(model, batch):
    if not model.config.is_encoder_decoder:
        return model(batch["ids"], use_cache=False).logits
    start = torch.full((BATCH, 1), model.config.decoder_start_token_id)
    before = torch.cat([start, batch["targets"][:, :-1]], 1)
    return model(batch["ids"], attention_mask=batch["mask"], decoder_input_ids=before, use_cache=False).logits


def golden(build, smoothing):
    torch.manual_seed(3407)
    model = build().eval()  # nothing is dropped
    for name, weight in model.named_parameters():
        gain = "norm.weight" in name or "layernorm.weight" in name or "ln_" in name and name.endswith("weight")
        gain = gain or "layer_norm.weight" in name or "layernorm_embedding.weight" in name
        weight.data.normal_(1.0 if gain else 0.0, 0.2)
    model = model.double()
    batch = dict(zip(("ids", "targets"), torch.randint(0, VOCABULARY, (2, BATCH, LENGTH))))
    batch["weights"] = torch.tensor([0.0, 1.0, 2.0, 0.5])[torch.randint(0, 4, (BATCH, LENGTH))]
    if model.config.is_encoder_decoder:
        batch |= ragged(model.config.pad_token_id, batch)
    targets, weights = batch["targets"], batch["weights"]
    logits = logits_of(model, batch)
    losses = cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none", label_smoothing=smoothing)
    loss = (losses * weights.flatten()).sum() / weights.sum()
    loss.backward()
    bias = dict(bias=packed(model.final_logits_bias)) if hasattr(model, "final_logits_bias") else {}
    return bias | dict(
        versions=VERSIONS,
        config=model.config.to_diff_dict(),
        smoothing=smoothing,
        batch={name: tensor.tolist() for name, tensor in batch.items()},
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
    table = dict(versions=VERSIONS, first=-FARTHEST, tables=buckets())
    (Path(folder) / "t5-distances.json").write_text(json.dumps(table) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
