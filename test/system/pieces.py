# How often each piece of code is in some texts, by a scanner that knows the rules of src/model/pieces.ts and none of its
# patterns. In: JSON list of texts; out: {"version": of Unicode, "counts": {piece: count}} of the pieces without their case.
import collections
import json
import sys
import unicodedata

BLANKS = set(" \t\f\v\u00a0\u1680\u2028\u2029\u202f\u205f\u3000\ufeff") | {chr(c) for c in range(0x2000, 0x200B)}


def upper(c):
    return unicodedata.category(c) == "Lu"


def lower(c):
    return unicodedata.category(c) in ("Ll", "Lt", "Lo", "Lm", "Mn", "Mc", "Me")


def blank(c):
    return c in BLANKS or c in "\r\n"


def other(c):
    return not (blank(c) or upper(c) or lower(c) or c in "0123456789_")


def run(text, start, of):
    end = start
    while end < len(text) and of(text[end]):
        end += 1
    return end


def word(text, start):
    capitals = run(text, start, upper)
    small = run(text, capitals, lower)
    if small == capitals:
        return capitals
    # The last capital belongs to the small letters behind it.
    return capitals - 1 if capitals - start > 1 else small


def line_ends(text, start):
    end = start
    while text.startswith("\n", end) or text.startswith("\r\n", end):
        end += 1 if text[end] == "\n" else 2
    return end


def piece_end(text, start):
    end = line_ends(text, start)
    if end > start:
        return run(text, end, lambda c: c in " \t")
    first = text[start]
    for behind in [start + 1, start] if first in " _" else [start]:
        end = word(text, behind)
        if end > behind:
            return end
        end = min(run(text, behind, lambda c: c in "0123456789"), behind + 3)
        if end > behind:
            return end
    for of in (lambda c: c == "_", other):
        behind = start + (first == " ")
        end = run(text, behind, of)
        if end > behind:
            return end
    end = run(text, start, lambda c: c in BLANKS)
    if end == start:
        return start + 1
    leaves = end < len(text) and not blank(text[end]) and text[end - 1] == " " and end - start > 1
    return end - 1 if leaves else end


def folded(piece):
    lead = piece[:1] if piece[:1] in (" ", "_") and len(piece) > 1 else ""
    rest = piece[len(lead):]
    is_capital = [("A" <= c <= "Z") for c in rest]
    if len(rest) > 1 and (all(is_capital) or (is_capital[0] and not any(is_capital[1:]))):
        return lead + "".join(c.lower() if yes else c for c, yes in zip(rest, is_capital))
    return piece


counts = collections.Counter()
for text in json.load(sys.stdin):
    at = 0
    while at < len(text):
        end = piece_end(text, at)
        counts[folded(text[at:end])] += 1
        at = end
print(json.dumps({"version": unicodedata.unidata_version, "counts": counts}))
