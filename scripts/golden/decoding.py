"""What a causal model of transformers and torch answers, as our graphs are compared with it: a `golden.json` with

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
from pathlib import Path

import torch
import transformers

STEPS = 32
MARGIN = 0.02
DISTINCT = 5


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


def write_folder(folder, model, lengths, generator):
    """The model as transformers saves it, and its answers on a prompt of each length."""
    rows = [row_of(model, length, generator) for length in lengths]
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink()
    write_golden(folder, model, rows)


def make_all(models, folder, make):
    """Calls `make` with the subfolder of each model and what it is made of."""
    torch.set_num_threads(1)
    with torch.no_grad():
        for name, model in models.items():
            make(Path(folder) / name, **model)


def write_golden(folder, model, rows):
    versions = dict(torch=torch.__version__.split("+")[0], transformers=transformers.__version__)
    golden = dict(versions=versions, rows=rows, pairs=pairs_of(model, rows))
    (folder / "golden.json").write_text(json.dumps(golden, indent=2) + "\n")
    print(folder.name, flush=True)
