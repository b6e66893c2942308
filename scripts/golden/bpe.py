"""Makes the small goldens that our tokenizer trainer and token batches are tested with, by Python's `tokenizers`.

    python scripts/golden/bpe.py test/fixtures/bpe

`golden.json`:

    version   of tokenizers
    trained   a list of
      name, texts (each `[text, times]`), vocabSize, minFrequency, special, digits
      start     tokens that are there before any merge, special ones and bytes
      made      the tokens after those, in the order of their ids
      merges    `[left, right]`
"""

import json
import random
import sys
from pathlib import Path

import tokenizers
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

END = "<|endoftext|>"


def case(name, texts, vocab=400, least=2, special=(END,), digits="words"):
    texts = [text if isinstance(text, list) else [text, 1] for text in texts]
    return {
        "name": name,
        "texts": texts,
        "vocabSize": vocab,
        "minFrequency": least,
        "special": list(special),
        "digits": digits,
    }


def drawn(seed, letters, words, length, total):
    draw = random.Random(seed)
    pool = ["".join(draw.choice(letters) for _ in range(draw.randrange(1, length))) for _ in range(words)]
    return " ".join(draw.choice(pool) for _ in range(total))


CODE = Path(__file__).read_text()

CASES = [
    case("code", [CODE], 500),
    case("code, each digit alone", [CODE, "x1 = 1234567890\ny22 = [11, 11, 2211]"], 500, digits="single"),
    case("code, digits together", [CODE, "x1 = 1234567890\ny22 = [11, 11, 2211]"], 500, digits="grouped"),
    case("nothing", [], 300),
    case("empty texts", ["", ""], 300),
    case("no room for a merge", ["aa aa aa"], 257),
    case("no room, and less than bytes", ["aa aa aa"], 100),
    case("more room than the text gives", ["low lower lowest low low"], 30000, 0),
    case("ties everywhere", ["ab cd ef gh ij kl mn", "ba dc fe hg ji lk nm"], 300, 1),
    case("rarer than wanted", ["ab ab ab cd cd ef"], 300, 3),
    case("a word many times", [["word ", 300_000], ["other word\n", 3]], 300),
    case("one letter in rows", ["a" * 1000 + " " + "a" * 7 + " aaa aaaaa"], 300, 1),
    case("two letters", [drawn(1, "ab", 40, 20, 200)], 5000, 0),
    case("three letters", [drawn(2, "abc", 10, 60, 100)], 600, 1),
    case("line ends", ["a\r\nb\r\n\r\nc\n\r\n  d\r\r\n\te"] * 3, 300),
    case("a long line", ["x = [" + ", ".join(str(n * n) for n in range(3000)) + "]"], 400),
    case("NUL and other controls", ["a\0b\0\0c\x01\x7f\x00"] * 3, 300),
    case("beyond ASCII", ["naïve 日本語 日本語 👨‍👩‍👧 👨‍👩‍👧 🦙🦙 \ufffd\ufffd \u00a0\u2003½ ٣٤ x² e\u0301"] * 2, 400, 1),
    case("special tokens in the text", [f"a {END} b {END} <fim_prefix>"] * 3, 300),
    case("special tokens that merges make", ["ab aab abc abc aab"] * 3, 300, 1, [END, "ab", "abc", "a", "ab"]),
    case("no whole UTF-8 in a token", ["é è ê ë ē ė ę", "日 旦 旧"], 280, 1),
]


def cut(digits):
    words = pre_tokenizers.ByteLevel(add_prefix_space=False)
    if digits == "words":
        return words
    return pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=digits == "single"), words])


def trained(one):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = cut(one["digits"])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=one["vocabSize"],
        min_frequency=one["minFrequency"],
        special_tokens=one["special"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    texts = (text for text, times in one["texts"] for _ in range(times))
    tokenizer.train_from_iterator(texts, trainer)
    model = json.loads(tokenizer.to_str())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].get)
    start = len(set(one["special"]) | set(pre_tokenizers.ByteLevel.alphabet()))
    return {**one, "start": tokens[:start], "made": tokens[start:], "merges": model["merges"]}


def main(folder):
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    golden = {"version": tokenizers.__version__, "trained": [trained(one) for one in CASES]}
    (folder / "golden.json").write_text(json.dumps(golden, ensure_ascii=True) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
