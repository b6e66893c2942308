"""Makes the fixtures that our adapters are compared with: PEFT's LoRA on the models of training.py, in float64, and the loss and
gradients that torch computes for the batch of the model's own fixture. After training.py, with peft beside transformers:

    python scripts/golden/lora.py test/fixtures/training test/fixtures/lora

Each file holds:

    versions    of torch and peft
    model       name of the fixture with the model's weights and the batch
    int8        whether the projections' weights are rounded to eight-bit blocks first
    config      adapter_config.json
    loss        sum of weight times cross entropy over the sum of weights
    weights     of the adapters, by PEFT's names in adapter_model.safetensors: dims, and base64 of little-endian float32
    gradients   of the loss by these, likewise
"""

import base64
import json
import sys
from pathlib import Path

import numpy as np
import peft
import torch
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict
from torch.nn.functional import cross_entropy
from training import MODELS, logits_of, packed

BLOCK = 32

# A name, the model, whether its weights are rounded, and the adapters.
ADAPTERS = [
    ("gpt2", "gpt2", False, dict(r=3, lora_alpha=6, target_modules=["c_attn"], fan_in_fan_out=True)),
    ("starcoder2", "starcoder2-sliding", False, dict(r=2, lora_alpha=8, target_modules=["q_proj", "v_proj"])),
    ("starcoder2-all", "starcoder2-untied", False, dict(r=4, lora_alpha=4, target_modules="all-linear")),
    ("t5", "t5-relu", False, dict(r=2, lora_alpha=3, target_modules=["q", "v"])),
    ("t5-all", "t5-gated-gelu", False, dict(r=2, lora_alpha=3, target_modules="all-linear")),
    ("bart", "bart", False, dict(r=2, lora_alpha=3, target_modules=["q_proj", "v_proj"])),
    ("gpt2-int8", "gpt2", True, dict(r=3, lora_alpha=6, target_modules=["c_attn", "mlp.c_proj"], fan_in_fan_out=True)),
    ("bart-int8", "bart-scaled", True, dict(r=2, lora_alpha=3, target_modules=["encoder_attn.q_proj", "fc2"])),
]


def unpacked(tensor):
    numbers = np.frombuffer(base64.b64decode(tensor["data"]), np.float32)
    return torch.tensor(numbers.reshape(tensor["dims"]).copy()).double()


def rounded(weight):
    """Rows of weights, [out, in], in blocks of 32 that share a scale: the largest magnitude over 127."""
    values = weight.double().numpy()
    for row in values:
        for at in range(0, len(row), BLOCK):
            block = row[at : at + BLOCK]
            scale = np.abs(block).max() / 127
            row[at : at + BLOCK] = np.floor(block / scale + 0.5) * np.float64(np.float32(scale))
    return torch.tensor(values)


def round_projections(model):
    for name, module in model.named_modules():
        if type(module).__name__ == "Conv1D":
            module.weight.data = rounded(module.weight.data.T).T.contiguous()
        elif isinstance(module, torch.nn.Linear) and not name.endswith("lm_head"):
            module.weight.data = rounded(module.weight.data)


def golden(fixture, build, smoothing, int8, options):
    model = build().eval().double()
    model.load_state_dict({name: unpacked(weight) for name, weight in fixture["weights"].items()}, strict=False)
    if "bias" in fixture:
        model.final_logits_bias.data = unpacked(fixture["bias"])
    if int8:
        round_projections(model)
    torch.manual_seed(1729)
    config = LoraConfig(**options, lora_dropout=0.0, base_model_name_or_path="tiny")
    model = get_peft_model(model, config).eval().double()
    learned = {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
    for weight in learned.values():
        weight.data.normal_(0.0, 0.3)
        weight.data = weight.data.float().double()
    batch = {name: torch.tensor(rows) for name, rows in fixture["batch"].items()}
    targets, weights = batch["targets"], batch["weights"]
    logits = logits_of(model, batch)
    losses = cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none", label_smoothing=smoothing)
    loss = (losses * weights.flatten()).sum() / weights.sum()
    loss.backward()
    saved = lambda name: name.replace(".default", "")
    assert {saved(name) for name in learned} == set(get_peft_model_state_dict(model))
    written = config.to_dict() | dict(target_modules=options["target_modules"])
    return dict(
        versions=dict(torch=torch.__version__.split("+")[0], peft=peft.__version__),
        int8=int8,
        config=written,
        loss=loss.item(),
        weights={saved(name): packed(weight) for name, weight in learned.items()},
        gradients={saved(name): packed(weight.grad) for name, weight in learned.items()},
    )


def main(models, folder):
    torch.set_num_threads(1)
    Path(folder).mkdir(parents=True, exist_ok=True)
    known = {name: (build, smoothing) for name, build, smoothing in MODELS}
    for name, of, int8, options in ADAPTERS:
        fixture = json.loads((Path(models) / f"{of}.json").read_text())
        made = dict(model=of) | golden(fixture, *known[of], int8, options)
        (Path(folder) / f"{name}.json").write_text(json.dumps(made, indent=1, default=str) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
