"""The recipe of JBlitzar/code-completion in torch: its tokenizer of words, its model and its training, for a budget of processor time.

Reads {"train", "valid": JSON lines of texts, "seconds", "threads", "seed"} on standard input. Writes what it has learned from and
what it needs for the texts of `valid`, in nats: `model` for its own tokens, `case` and `unknown` for what its tokens do not tell of
the letters in the text, by tables of the training texts: a word's case given the word, and a rare word's letters in pairs.

Facts: https://github.com/JBlitzar/code-completion. Of its tokenizer the deletion of comments and strings is left out (the texts come
without comments and docstrings), and texts are one side's as a whole where it splits chunks. Everything else that is lost stays lost.
"""

import collections
import json
import math
import re
import sys
import time

import torch
from torch import nn

JOB = json.load(sys.stdin)
CONTEXT, BATCH, MICRO = 256, 64, 16
WIDTH, HEADS, LAYERS, INNER, DROPOUT = 256, 4, 4, 256, 0.1
RATE, SMOOTHING, CLIP, RARE = 1e-3, 0.1, 1.0, 10
PAD, UNKNOWN, FILE = "<PAD>", "<UNK>", "<FILESEP>"
PIECES = re.compile(r"\n|\t|0[xdo]|\*\*|//|(?:[a-z]+|[A-Z]+[a-z]*)|[^\sA-Za-z]")
CASES = ("lower", "capital", "upper", "mixed")


def texts(file):
    with open(file, encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def words(text):
    text = text.replace("    ", "\t").encode("ascii", "ignore").decode()
    return PIECES.findall(text)


def case_of(word):
    if word.islower():
        return "lower"
    if len(word) > 1 and word.isupper():
        return "upper"
    return "capital" if word[0].isupper() and (len(word) == 1 or word[1:].islower()) else "mixed"


class Tables:
    """Counts that tell a word's case from the word, and a letter of a rare word from the letter before it."""

    def __init__(self, counts):
        self.kept = {word for word, count in self.lowered(counts).items() if count >= RARE}
        self.cases = collections.defaultdict(collections.Counter)
        self.letters = collections.defaultdict(collections.Counter)
        for word, count in counts.items():
            if not word.isalpha():
                continue
            lowered = word.lower()
            self.cases[lowered if lowered in self.kept else UNKNOWN][case_of(word)] += count
            if lowered not in self.kept:
                for before, letter in zip(f"^{lowered}", f"{lowered}$"):
                    self.letters[before][letter] += count

    @staticmethod
    def lowered(counts):
        lowered = collections.Counter()
        for word, count in counts.items():
            lowered[word.lower()] += count
        return lowered

    @staticmethod
    def nats(counts, what, kinds):
        return -math.log((counts[what] + 1) / (sum(counts.values()) + kinds))

    def case(self, word):
        lowered = word.lower()
        return self.nats(self.cases[lowered if lowered in self.kept else UNKNOWN], case_of(word), len(CASES))

    def spelling(self, word):
        lowered = word.lower()
        return sum(self.nats(self.letters[a], b, 128) for a, b in zip(f"^{lowered}", f"{lowered}$"))


class Completion(nn.Module):
    def __init__(self, vocabulary):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, WIDTH)
        layer = nn.TransformerEncoderLayer(WIDTH, HEADS, INNER, DROPOUT, batch_first=True)
        self.layers = nn.TransformerEncoder(layer, LAYERS, enable_nested_tensor=False)
        self.head = nn.Linear(WIDTH, vocabulary)
        self.dropout = nn.Dropout(DROPOUT)
        places = torch.arange(CONTEXT)[:, None] * torch.exp(torch.arange(0, WIDTH, 2) * (-math.log(1e4) / WIDTH))
        self.register_buffer("places", torch.stack([places.sin(), places.cos()], dim=-1).flatten(1))
        self.register_buffer("mask", nn.Transformer.generate_square_subsequent_mask(CONTEXT))
        for parameter in self.parameters():
            if parameter.dim() > 1:
                nn.init.xavier_uniform_(parameter)

    def forward(self, ids):
        length = ids.shape[1]
        inside = self.dropout(self.embedding(ids) * math.sqrt(WIDTH) + self.places[:length])
        return self.head(self.layers(inside, mask=self.mask[:length, :length], is_causal=True))


def encode(file, ids):
    encoded = []
    for text in texts(file):
        encoded.extend(ids.get(word.lower(), ids[UNKNOWN]) for word in words(text))
        encoded.append(ids[FILE])
    return torch.tensor(encoded, dtype=torch.int32)


def train(model, tokens):
    optimiser = torch.optim.AdamW(model.parameters(), lr=RATE)
    criterion = nn.CrossEntropyLoss(label_smoothing=SMOOTHING)
    chunks = (len(tokens) - 1) // CONTEXT
    model.train()
    begun, steps, order = time.process_time(), 0, []
    while time.process_time() - begun < JOB["seconds"]:
        if len(order) < BATCH:
            order = torch.randperm(chunks).tolist()
        batch, order = order[:BATCH], order[BATCH:]
        optimiser.zero_grad()
        for at in range(0, BATCH, MICRO):
            rows = torch.stack([tokens[CONTEXT * k : CONTEXT * k + CONTEXT + 1] for k in batch[at : at + MICRO]]).long()
            loss = criterion(model(rows[:, :-1]).flatten(0, 1), rows[:, 1:].flatten())
            (loss * MICRO / BATCH).backward()
        nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimiser.step()
        steps += 1
        if steps % 10 == 0:
            print(f"theirs: step {steps}, {time.process_time() - begun:.0f} s, loss {loss.item():.3f}", file=sys.stderr, flush=True)
    return steps


@torch.no_grad()
def nats(model, tokens):
    model.eval()
    total = 0.0
    for at in range(0, len(tokens) - 1, CONTEXT):
        row = tokens[at : at + CONTEXT + 1].long()
        total += nn.functional.cross_entropy(model(row[None, :-1])[0], row[1:], reduction="sum").item()
    return total


def main():
    torch.manual_seed(JOB["seed"])
    torch.set_num_threads(JOB["threads"])
    counts = collections.Counter(word for text in texts(JOB["train"]) for word in words(text))
    tables = Tables(counts)
    vocabulary = [PAD, UNKNOWN, FILE, *sorted(tables.kept)]
    ids = {word: at for at, word in enumerate(vocabulary)}
    tokens, valid = encode(JOB["train"], ids), encode(JOB["valid"], ids)
    model = Completion(len(vocabulary))
    steps = train(model, tokens)
    alphabetic = [word for text in texts(JOB["valid"]) for word in words(text) if word.isalpha()]
    inside = sum(parameter.numel() for parameter in model.layers.parameters())
    return {
        "vocabulary": len(vocabulary),
        "parameters": sum(parameter.numel() for parameter in model.parameters()),
        "inside": inside,
        "steps": steps,
        "seen": steps * BATCH * CONTEXT / len(tokens),
        "tokens": len(valid),
        "model": nats(model, valid),
        "case": sum(map(tables.case, alphabetic)),
        "unknown": sum(tables.spelling(word) for word in alphabetic if word.lower() not in tables.kept),
    }


print(json.dumps(main()))
