"""Makes the fixtures that our beam search is compared with: what transformers' `generate` answers on checkpoints that are
fixtures already, for prompts of different lengths in one batch, under many settings.

    python scripts/golden/beams.py test/fixtures

Writes `beams.json` beside each checkpoint:

    versions   of torch and transformers
    prompts    token ids
    cases      one per setting
      options    as `generate` takes them
      texts      for each prompt the texts that were found, best first: `tokens`, a stop token included, and `score`;
                 greedy decoding has no score

Texts end at any of three tokens, drawn until some texts end early and some at their limit: if hardly any ended, or all at
once, they would show nothing.
"""

import json
import sys
from pathlib import Path

import torch
import transformers
from transformers import AutoModelForCausalLM

CHECKPOINTS = ["gpt2/tiny", "gpt2/odd", "starcoder2/sliding"]
LENGTHS = [9, 1, 4, 14]
STOPS = 3

CASES = [
    dict(num_beams=1, max_new_tokens=12),
    dict(num_beams=2, max_new_tokens=12),
    dict(num_beams=4, max_new_tokens=16, num_return_sequences=4),
    dict(num_beams=4, max_new_tokens=16, num_return_sequences=4, early_stopping=True),
    dict(num_beams=4, max_new_tokens=16, num_return_sequences=4, early_stopping="never"),
    dict(num_beams=3, max_new_tokens=16, num_return_sequences=3, length_penalty=0.0),
    dict(num_beams=3, max_new_tokens=16, num_return_sequences=3, length_penalty=2.5),
    dict(num_beams=3, max_new_tokens=16, num_return_sequences=3, length_penalty=2.5, early_stopping="never"),
    dict(num_beams=3, max_new_tokens=16, num_return_sequences=2, length_penalty=-1.0),
    dict(num_beams=8, max_new_tokens=20, num_return_sequences=8, length_penalty=0.6),
    dict(num_beams=5, max_new_tokens=1, num_return_sequences=5),
]


def padded(prompts):
    width = max(map(len, prompts))
    rows = [[0] * (width - len(prompt)) + prompt for prompt in prompts]
    mask = [[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts]
    return dict(input_ids=torch.tensor(rows), attention_mask=torch.tensor(mask))


def until_stop(tokens, stops):
    """What was drawn, without what pads it."""
    for at, token in enumerate(tokens):
        if token in stops:
            return tokens[: at + 1]
    return tokens


def texts_of(inputs, given, options, stops):
    """Texts of a `generate` with `return_dict_in_generate`, prompt by prompt; `inputs` tokens stand before each."""
    count = options.get("num_return_sequences", 1)
    sequences = [until_stop(row[inputs:].tolist(), stops) for row in given.sequences]
    limit = options["max_new_tokens"]
    assert all(row[-1] in stops or len(row) == limit for row in sequences)
    scores = getattr(given, "sequences_scores", None)
    scores = [None] * len(sequences) if scores is None else scores.tolist()
    texts = [dict(tokens=row, score=score) for row, score in zip(sequences, scores)]
    return [texts[at : at + count] for at in range(0, len(texts), count)]


def show_something(cases, stops):
    """Whether some texts end, and some don't, and not all at once."""
    texts = [text["tokens"] for case in cases for texts in case["texts"] for text in texts]
    late = [text for text in texts if text[-1] in stops and len(text) > 2]
    return len(late) > 0.2 * len(texts) and sum(text[-1] not in stops for text in texts) > 0.1 * len(texts)


def versions():
    return dict(torch=torch.__version__.split("+")[0], transformers=transformers.__version__)


def answers(model, inputs, cases, stops):
    """What `generate` finds in each case."""
    common = dict(eos_token_id=stops, pad_token_id=0, do_sample=False)
    how = dict(return_dict_in_generate=True, output_scores=True)
    answered = []
    for options in cases:
        given = model.generate(**inputs, **common, **options, **how)
        answered.append(dict(options=options, texts=texts_of(inputs["input_ids"].shape[1], given, options, stops)))
    return answered


def make(folder):
    model = AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager").eval()
    model.generation_config = transformers.GenerationConfig()
    generator = torch.Generator().manual_seed(1)
    vocabulary = model.config.vocab_size
    prompts = [torch.randint(1, vocabulary, (length,), generator=generator).tolist() for length in LENGTHS]
    cases, stops = [], []
    while not show_something(cases, stops):
        stops = (1 + torch.randperm(vocabulary - 1, generator=generator)[:STOPS]).tolist()
        cases = answers(model, padded(prompts), CASES, stops)
    golden = dict(versions=versions(), stops=stops, prompts=prompts, cases=cases)
    (folder / "beams.json").write_text(json.dumps(golden) + "\n")
    print(folder, flush=True)


if __name__ == "__main__":
    torch.set_num_threads(1)
    with torch.no_grad():
        for name in CHECKPOINTS:
            make(Path(sys.argv[1]) / name)
