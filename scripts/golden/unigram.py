"""Makes a small Unigram tokenizer as T5 has it, and what Python's `tokenizers` say about texts.

    python scripts/golden/unigram.py test/fixtures/unigram [RULES]

`tokenizer.json` has 400 tokens and T5's 100 more, trained by SentencePiece on our README. Its rules for characters are a few
of our own, so that it stays small, or RULES, e.g. nmt_nfkc, which T5 has. `golden.json`:

    version   of tokenizers
    cases     a list of
      text, ids
      asText     ids with special tokens read as text: by a tokenizer that knows none
      decoded    the text of the ids, and `shown`, the same without special tokens
    other     the same with blanks kept but for runs of them, as models that were converted later have it
    streams   lists of ids, and what they decode to
"""

import json
import random
import sys
import tempfile
from pathlib import Path

import sentencepiece
import tokenizers
from sentencepiece import sentencepiece_model_pb2
from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers
from transformers import T5Tokenizer

README = Path(__file__).parents[2] / "README.md"
EXTRA = 100

# What one or more characters become.
RULES = {
    "\t": " ", "\n": " ", "\r": " ", "\r\n": " ", "\u00a0": " ", "\u2028": " ", "\u3000": " ", "\u2581": " ", "\ufffd": " ",
    "\x01": "", "\x7f": "", "\u00ad": "", "\u200b": "", "\ufeff": "",
    "ﬁ": "fi", "½": "1⁄2", "²": "2", "™": "TM", "Ａ": "A", "＜": "<", "／": "/", "＞": ">", "ｓ": "s",
    "e\u0301": "\u00e9", "u\u0308": "\u00fc", "\u1100\u1161\u11a8": "\uac01",
}

TEXTS = [
    "", " ", "\n", "x", "  two  blanks  ", "a\r\nb\rc\n\n\nd\te", "read the file `a.txt` line by line",
    "sort a list of dicts `l` by the key 'name'", "model model model tokenizer tokens", "=" * 40, "-" * 61 + " " + "-" * 7,
    "Ａ ﬁle ½ x² ™\u00a0\u3000\u2581a\u2581\u2581b", "e\u0301 ﬁ\u0301 u\u0308\u0301\u0301 \u00e9 ﬁ\u0600a \u0600ﬁ", "\u1100\u1161\u11a8 \uac01",
    "日本語 🦙 👨‍👩‍👧 𝒜𝔹", "unknown日本語unknown", "\x00a\x01b\x7f\u00adc\u200bd\ufeff", "\u0085x\u2003y\u180ez",
    "</s>", "a</s>b <pad> c<unk>", "<extra_id_0> is <extra_id_99>, <extra_id_100>", "</s", "＜/s＞ ＜／ｓ＞", "a <extra_id_1>  b",
    "\ue000 private \U00050000", "x" * 300, "don't [can't] (won't)", "r" + "\u0301" * 5 + " e" + "\u0301" * 3,
]


def trained(rules):
    """The tokenizer's JSON, as `T5Tokenizer` saves it."""
    with tempfile.TemporaryDirectory() as place:
        table = Path(place, "rules.tsv")
        codes = lambda text: " ".join(f"{ord(c):X}" for c in text)
        table.write_text("".join(f"{codes(a)}\t{codes(b)}\n" for a, b in RULES.items()))
        how = {"normalization_rule_name": rules} if rules else {"normalization_rule_tsv": str(table)}
        sentencepiece.SentencePieceTrainer.train(
            input=str(README), model_prefix=f"{place}/spiece", vocab_size=400, model_type="unigram", pad_id=0, eos_id=1,
            unk_id=2, bos_id=-1, num_threads=1, minloglevel=2, **how,
        )
        model = sentencepiece_model_pb2.ModelProto()
        model.ParseFromString(Path(place, "spiece.model").read_bytes())
        vocab = [(piece.piece, piece.score) for piece in model.pieces]
        vocab += [(f"<extra_id_{at}>", 0.0) for at in range(EXTRA - 1, -1, -1)]
        charsmap = model.normalizer_spec.precompiled_charsmap
        T5Tokenizer(vocab=vocab, _spm_precompiled_charsmap=charsmap).save_pretrained(place)
        return json.loads(Path(place, "tokenizer.json").read_text())


def later(file):
    """Cut as by files that were converted since 2024."""
    tokenizer = opened(file)
    runs = normalizers.Replace(Regex(" {2,}"), "▁")
    tokenizer.normalizer = normalizers.Sequence([tokenizer.normalizer, normalizers.Strip(left=False, right=True), runs])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    return json.loads(tokenizer.to_str())


def opened(file):
    return Tokenizer.from_str(json.dumps(file))


def case(tokenizer, unspecial, text):
    ids = tokenizer.encode(text, add_special_tokens=False).ids
    as_text = unspecial.encode(text, add_special_tokens=False).ids
    return {"text": text, "ids": ids, "asText": as_text, **stream(tokenizer, ids)}


def without_special(file):
    """The same tokenizer, but that no text has its special tokens."""
    file = json.loads(json.dumps(file))
    for token in file["added_tokens"]:
        file["model"]["vocab"][token["id"]][0] = f"\U0010ffff{token['id']}"
    return opened({**file, "added_tokens": []})


def cases(file, texts):
    tokenizer, unspecial = opened(file), without_special(file)
    return [case(tokenizer, unspecial, text) for text in texts]


def stream(tokenizer, ids):
    return {"ids": ids, "decoded": tokenizer.decode(ids, skip_special_tokens=False), "shown": tokenizer.decode(ids)}


def main(folder, rules=None, texts=None):
    """`texts`: a file with more of them, as a JSON list."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    file = trained(rules)
    more = json.loads(Path(texts).read_text()) if texts else []
    (folder / "tokenizer.json").write_text(json.dumps(file, ensure_ascii=True) + "\n")
    (folder / "later.json").write_text(json.dumps(later(file), ensure_ascii=True) + "\n")
    random.seed(1)
    tokenizer = opened(file)
    streams = [stream(tokenizer, [random.randrange(tokenizer.get_vocab_size()) for _ in range(12)]) for _ in range(30)]
    golden = {
        "version": tokenizers.__version__,
        "cases": cases(file, TEXTS + more),
        "other": cases(later(file), TEXTS + more),
        "streams": streams,
    }
    (folder / "golden.json").write_text(json.dumps(golden, ensure_ascii=True) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
