"""Writes a StarCoder2 of random weights with a tokenizer of its own into the folder that the first argument names.

Prints as JSON what transformers itself makes of standard input: `prompts` are continued by the likeliest tokens,
`scores` are pairs of prompt and text whose mean negative log-likelihood per token is taken.
"""

import json
import sys

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast, Starcoder2Config, Starcoder2ForCausalLM

TEXT = "def add(a, b):\n    return a + b\n\n\ndef twice(text: str) -> str:\n    '''Doubles it.'''\n    return text * 2\n"
END = "<|endoftext|>"

folder = sys.argv[1]
asked = json.load(sys.stdin)

tokenizer = Tokenizer(models.BPE())
tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
tokenizer.decoder = decoders.ByteLevel()
# Only ASCII: a random model would otherwise write broken UTF-8, which every server mends in its own way.
plain = [letter for letter in pre_tokenizers.ByteLevel.alphabet() if letter <= "~" or letter in "ĠĊ"]
trainer = trainers.BpeTrainer(vocab_size=160, special_tokens=[END], initial_alphabet=plain)
tokenizer.train_from_iterator([TEXT] * 4, trainer)
fast = PreTrainedTokenizerFast(
    tokenizer_object=tokenizer,
    bos_token=END,
    eos_token=END,
    pad_token=END,
    chat_template="{% for message in messages %}{{ message['content'] }}{% endfor %}",
)
fast.save_pretrained(folder)

torch.manual_seed(0)
config = Starcoder2Config(
    vocab_size=len(fast),
    hidden_size=128,
    intermediate_size=256,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    max_position_embeddings=512,
    sliding_window=None,
    bos_token_id=0,
    eos_token_id=0,
    pad_token_id=0,
    initializer_range=0.3,
)
model = Starcoder2ForCausalLM(config).eval()
model.save_pretrained(folder)


def ids(text):
    return fast(text, return_tensors="pt").input_ids


def continued(prompt):
    start = ids(prompt)
    with torch.no_grad():
        whole = model.generate(start, do_sample=False, max_new_tokens=24)[0]
    new = whole[start.shape[1] :]
    text = fast.decode(new, skip_special_tokens=True)
    return {"text": text, "ids": start[0].tolist(), "tokens": len(new)}


def scored(prompt, text):
    whole = ids(prompt + text)
    places = fast(prompt + text, return_offsets_mapping=True)["offset_mapping"]
    # A token across the border is the text's.
    first = sum(end <= len(prompt) for _, end in places)
    with torch.no_grad():
        logprobs = model(whole).logits[0, :-1].log_softmax(-1)
    told = logprobs.gather(1, whole[0, 1:, None])[first - 1 :, 0]
    return {"nll": -told.mean().item(), "tokens": len(told)}


answer = {
    "continued": [continued(prompt) for prompt in asked["prompts"]],
    "scored": [scored(prompt, text) for prompt, text in asked["scores"]],
}
print(json.dumps(answer))
