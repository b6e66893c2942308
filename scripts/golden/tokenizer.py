"""Makes the small tokenizer that ours is tested with, and what Python's `tokenizers` say about texts.

    python scripts/golden/tokenizer.py test/fixtures/tokenizer

`tokenizer.json` is byte-level BPE with 700 tokens, trained on the Python files of `src`, cut as StarCoder2
cuts: each digit alone. Beside the special tokens of code models it has added tokens of every other kind. `golden.json`:

    version   of tokenizers
    cases     per way to cut numbers ("single", "grouped", "words") a list of
      text, ids
      asText     ids with special tokens read as text
      decoded    the text of the ids, and `shown`, the same without special tokens
    lacking   per unknown token ("" for none) the ids of "a\\U00050000b" where the byte F1 has no token
    streams   lists of ids, and what they decode to; some cut characters apart
"""

import json
import random
import sys
from pathlib import Path

import tokenizers
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

ROOT = Path(__file__).parents[2]

SPECIAL = ["<|endoftext|>", "<fim_prefix>", "<fim_middle>", "<fim_suffix>"]
ADDED = [
    AddedToken("<before>", lstrip=True, normalized=False),
    AddedToken("<after>", rstrip=True, normalized=False),
    AddedToken("lonely", single_word=True, normalized=False),
    AddedToken("<after><", normalized=True),
    AddedToken("<ü n>", normalized=False, special=True),
]

TEXTS = [
    "",
    "x",
    "def area(radius: float) -> float:\n    return 3.14159 * radius**2\n",
    "class A:\n\n\n    def f(self):\n\t\treturn self.it's, self.we'RE\n",
    "    indented\n        twice  \n\n  \ttabs\r\nand carriage returns",
    "a  1   22 333  four4  5",
    "1234567890 0x1F 1_000 1e-9",
    "½ ² ٣٤ Ⅷ ৪ x²",
    "naïve Führer Ünïcödé e\u0301 ﬁ",
    "日本語とPython 中文 한국어",
    "🦙 👨‍👩‍👧 𝒜𝔹 \U00050000",
    "blanks: \u00a0\u0085\u2003\u2028\u3000\u180e\u200b\ufeff end\ufeff",
    "runs: \u0085\u0085x \u0085 \u0085y \ufeff\ufeffz \ufeff z  \ufeff  1 \u0085\u00a01",
    "\ufefffirst\x00\x01\x7f",
    "===== ---- ((((([[[[]]]]))))) != <<<>>>",
    "<|endoftext|>",
    "before<|endoftext|>after <fim_prefix>a<fim_suffix>b<fim_middle>",
    "<|endoftext <|endoftext|>|> <fim_prefi",
    "a  <before>  b <after> \n c<after><before>d <after><e",
    "lonely lonely, _lonely lonely1 élonely lonely\u0301 (lonely)🦙lonely",
    "x<ü n>y < ü n>",
    " " * 70 + "\n" * 40 + "=" * 200 + "a" * 300,
]


def trained():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = cut("single")
    tokenizer.decoder = decoders.ByteLevel()
    texts = [path.read_text() for path in sorted((ROOT / "src").rglob("*.py"))]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=700, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_tokens(ADDED)
    return tokenizer


def cut(numbers):
    words = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    if numbers == "words":
        return words
    return pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=numbers == "single"), words])


def case(tokenizer, text):
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    tokenizer.encode_special_tokens = True
    as_text = tokenizer.encode(text, add_special_tokens=False).ids
    tokenizer.encode_special_tokens = False
    decoded = tokenizer.decode(ids, skip_special_tokens=False)
    return {"text": text, "ids": ids, "asText": as_text, "decoded": decoded, "shown": tokenizer.decode(ids)}


def lacking(tokenizer, unknown):
    """StarCoder2 lacks that byte too: no character begins with it yet."""
    file = json.loads(tokenizer.to_str())
    del file["model"]["vocab"]["\u00f1"]
    file["model"]["unk_token"] = unknown or None
    return Tokenizer.from_str(json.dumps(file)).encode("a\U00050000b").ids


def stream(tokenizer, ids):
    return {"ids": ids, "decoded": tokenizer.decode(ids, skip_special_tokens=False), "shown": tokenizer.decode(ids)}


def main(folder):
    folder = Path(folder)
    tokenizer = trained()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tokenizer.json").write_text(tokenizer.to_str(pretty=False) + "\n")
    random.seed(1)
    size = tokenizer.get_vocab_size()
    draws = [[random.randrange(size) for _ in range(20)] for _ in range(20)]
    encoded = [tokenizer.encode(text).ids for text in TEXTS]
    streams = [stream(tokenizer, ids) for ids in draws + [row[1:] for row in encoded if len(row) > 1]]
    absent = {unknown: lacking(tokenizer, unknown) for unknown in ("", "<|endoftext|>")}
    cases = {}
    for numbers in ("single", "grouped", "words"):
        tokenizer.pre_tokenizer = cut(numbers)
        cases[numbers] = [case(tokenizer, text) for text in TEXTS]
    golden = {"version": tokenizers.__version__, "cases": cases, "lacking": absent, "streams": streams}
    (folder / "golden.json").write_text(json.dumps(golden, ensure_ascii=True) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
