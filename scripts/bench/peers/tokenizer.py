"""How Python's `tokenizers` encode and decode texts, on one thread.

Reads {"file": a tokenizer.json, "texts": [...]} on standard input. Writes the ids of each text, and processor seconds:
to load the file, to encode all texts for the first and the second time, and to decode them.
"""

import json
import os
import sys
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"

from tokenizers import Tokenizer


def timed(work):
    start = time.process_time()
    result = work()
    return result, time.process_time() - start


def main(file, texts):
    tokenizer, load = timed(lambda: Tokenizer.from_file(file))
    encode = lambda: [tokenizer.encode(text, add_special_tokens=False).ids for text in texts]
    ids, first = timed(encode)
    _, again = timed(encode)
    _, decode = timed(lambda: [tokenizer.decode(row, skip_special_tokens=False) for row in ids])
    return {"ids": ids, "load": load, "first": first, "again": again, "decode": decode}


if __name__ == "__main__":
    json.dump(main(**json.load(sys.stdin)), sys.stdout)
