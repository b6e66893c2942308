"""Makes the worked cases that our BLEU is tested with, in exact fractions up to the last logarithm.

    python scripts/golden/bleu.py test/fixtures/rewrite

`bleu.json`: a list of `name`, `answers`, `references`, `tokens` (of each answer), `precisions`, `bleu` (times 100) and `exact`.
The definition is Papineni et al. 2002 (one reference, n-grams up to 4, no smoothing); the tokens are cut as CoNaLa's rules say.
"""

import json
import math
import sys
from collections import Counter
from fractions import Fraction
from pathlib import Path

WORD = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")


def tokens(text):
    """Character by character: words of ASCII, cut where a capital follows a small letter; all else alone."""
    found, word = [], ""
    for character in text:
        if character in WORD:
            if word and word[-1].islower() and character.isupper():
                found.append(word)
                word = ""
            word += character
            continue
        if word:
            found.append(word)
            word = ""
        if not character.isspace():
            found.append("`" if character in "\"'" else character)
    return found + [word] if word else found


def grams(words, n):
    return Counter(tuple(words[at : at + n]) for at in range(len(words) - n + 1))


def precision(pairs, n):
    matched = sum(sum((grams(answer, n) & grams(wanted, n)).values()) for answer, wanted in pairs)
    possible = sum(sum(grams(answer, n).values()) for answer, _ in pairs)
    return Fraction(matched, possible) if possible else Fraction(0)


def bleu(pairs):
    shares = [precision(pairs, n) for n in (1, 2, 3, 4)]
    product = math.prod(shares)
    if product == 0:
        return shares, 0.0
    answered, wanted = (sum(len(pair[side]) for pair in pairs) for side in (0, 1))
    penalty = 1.0 if answered >= wanted else math.exp(float(1 - Fraction(wanted, answered)))
    return shares, penalty * math.pow(float(product), 0.25)


def case(name, *pairs):
    answers, references = [list(side) for side in zip(*pairs)]
    cut = [(tokens(answer), tokens(wanted)) for answer, wanted in pairs]
    shares, value = bleu(cut)
    exact = sum(answer == wanted for answer, wanted in cut) / len(cut)
    return {
        "name": name,
        "answers": answers,
        "references": references,
        "tokens": [answer for answer, _ in cut],
        "precisions": [float(share) for share in shares],
        "bleu": 100 * value,
        "exact": exact,
    }


SORT = "sort list `rows` by the second item of each `row`"
OPEN = "open file `path` and read its lines into `lines`"
JOIN = "join strings in list `parts` with ', '"

CASES = [
    case("equal", (SORT, SORT)),
    case("equal but for quotes and spaces", ("f( 'a',  \"b\" )", 'f("a", \'b\')')),
    case("another name", ("sort list `data` by the second item of each `row`", SORT)),
    case("shorter than the reference", ("sort list `rows` by the second item", SORT)),
    case("longer than the reference", (SORT + " in place and give it back", SORT)),
    case("much shorter, all of it right", ("sort list `rows`", SORT)),
    case("the same words in another order", ("by the second item of each `row` sort list `rows`", SORT)),
    case("a word said too often", ("list list list list list list `rows` by the second item", SORT)),
    case("nothing in common", ("delete all keys", "x = y + 1")),
    case("no four tokens in a row", ("sort the list `cols` by a second column", SORT)),
    case("three tokens only", ("sort list rows", "sort list rows")),
    case("an empty answer alone", ("", SORT)),
    case("an empty answer among others", ("", SORT), (OPEN, OPEN), (JOIN, JOIN)),
    case("camelCase", ("getElementById(nodeId, aB)", "getElementByName(nodeId, aB)")),
    case("names with underscores and digits", ("max_len2 = len(x1[0])", "max_len2 = len(x_1[0])")),
    case("letters beyond ASCII", ("größe 😀 naïve `größe`", "größe 😀 naive `größe`")),
    case("lines and tabs", ("for x in y:\n\tprint(x)\r\n", "for x in y:\n    print(x)")),
    case("counts are summed over the corpus, not averaged", (SORT, SORT), ("open path now please", OPEN)),
    case("two of three exact", (SORT, SORT), (OPEN, OPEN), (JOIN.replace("parts", "words"), JOIN)),
    case("long and short make up for one another", (SORT + " once more", SORT), ("open file `path`", OPEN)),
]


def main(folder):
    text = json.dumps(CASES, indent=1, ensure_ascii=False)
    Path(folder, "bleu.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
