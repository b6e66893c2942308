# The peer of bench/dedupe.mjs: datasketch over the same texts, split into the same token 5-grams.
import json
import re
import sys
import time

from datasketch import MinHash, MinHashLSH

job = json.load(sys.stdin)
TOKEN = re.compile(r"[A-Za-z0-9_\x80-\U0010ffff]+")
PERMUTATIONS = job["permutations"]
# Drawing the permutations once is what datasketch's own documentation advises for many sets.
DRAWN = MinHash(num_perm=PERMUTATIONS)


def sign(text):
    tokens = TOKEN.findall(text)
    width = min(5, len(tokens))
    grams = {" ".join(tokens[at : at + width]).encode() for at in range(len(tokens) - width + 1)}
    minhash = MinHash(num_perm=PERMUTATIONS, permutations=DRAWN.permutations, scheme=DRAWN.scheme)
    if grams:
        minhash.update_batch(grams)
    return minhash


def first_of_each(texts, threshold):
    lsh = MinHashLSH(threshold=threshold, num_perm=PERMUTATIONS)
    kept = 0
    for number, text in enumerate(texts):
        minhash = sign(text)
        if not lsh.query(minhash):
            lsh.insert(number, minhash, check_duplication=False)
            kept += 1
    return kept


def found_in(pairs, threshold):
    lsh = MinHashLSH(threshold=threshold, num_perm=PERMUTATIONS)
    originals = [sign(pair["texts"][0]) for pair in pairs]
    for number, original in enumerate(originals):
        lsh.insert(number, original)
    candidates, verified = [], []
    for number, pair in enumerate(pairs):
        copy = sign(pair["texts"][1])
        candidates.append(number in lsh.query(copy))
        verified.append(candidates[-1] and originals[number].jaccard(copy) >= threshold)
    return {"threshold": threshold, "candidates": candidates, "verified": verified}


first_of_each(job["texts"][:200], job["thresholds"][0])
start = time.process_time()
kept = first_of_each(job["texts"], job["thresholds"][0])
seconds = time.process_time() - start
print(
    json.dumps(
        {
            "speed": {
                "kept": kept,
                "cpuSeconds": seconds,
                "perCpuSecond": round(len(job["texts"]) / seconds),
            },
            "found": [found_in(job["pairs"], threshold) for threshold in job["thresholds"]],
        }
    )
)
