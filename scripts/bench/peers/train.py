"""Training steps of transformers' GPT-2 by torch, as its users run them: reads the setting as one line of JSON, then a
number of steps per line, and answers each with a line: wall and processor seconds of every step, and the largest memory in
bytes. Attention by scaled_dot_product_attention or written out, AdamW fused or not: the setting says."""

import json
import resource
import sys
import time

import torch
from torch.nn.functional import cross_entropy
from transformers import GPT2Config, GPT2LMHeadModel


def main():
    setting = json.loads(sys.stdin.readline())
    torch.set_num_threads(setting["threads"])
    torch.manual_seed(3407)
    model = GPT2LMHeadModel(
        GPT2Config(
            vocab_size=setting["vocabulary"],
            n_positions=setting["positions"],
            n_embd=setting["hidden"],
            n_layer=setting["layers"],
            n_head=setting["heads"],
            attn_implementation=setting["attention"],
            resid_pdrop=0.0,
            embd_pdrop=0.0,
            attn_pdrop=0.0,
            bos_token_id=0,
            eos_token_id=0,
        )
    ).train()
    matrices = [weight for weight in model.parameters() if weight.dim() > 1]
    vectors = [weight for weight in model.parameters() if weight.dim() == 1]
    groups = [dict(params=matrices, weight_decay=0.1), dict(params=vectors, weight_decay=0.0)]
    optimiser = torch.optim.AdamW(groups, lr=1e-3, fused=setting["fused"])
    shape = (setting["batch"], setting["length"])

    def step():
        ids, targets = torch.randint(0, setting["vocabulary"], (2, *shape))
        weights = torch.ones(shape)
        wall, cpu = time.perf_counter(), time.process_time()
        logits = model(ids, use_cache=False).logits
        losses = cross_entropy(logits.flatten(0, 1), targets.flatten(), reduction="none") * weights.flatten()
        (losses.sum() / weights.sum()).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        return dict(wall=time.perf_counter() - wall, cpu=time.process_time() - cpu)

    print(json.dumps(dict(version=torch.__version__)), flush=True)
    for line in sys.stdin:
        steps = [step() for _ in range(int(line))]
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(json.dumps(dict(steps=steps, peak=peak)), flush=True)


main()
