"""How Python's `tokenizers` train and encode, on one thread or on all.

Reads {"texts": JSON lines, "vocabSize", "workers"} on standard input. Writes seconds and processor seconds of training and of
encoding, the peak of memory in MB while training, the number of tokens and a digest of what was learned.
"""

import hashlib
import json
import os
import resource
import sys
import time

JOB = json.load(sys.stdin)
os.environ["TOKENIZERS_PARALLELISM"] = "false" if JOB["workers"] == 1 else "true"

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers


def texts():
    with open(JOB["texts"], encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def batches(size):
    batch = []
    for text in texts():
        batch.append(text)
        if len(batch) == size:
            yield batch
            batch = []
    yield batch


def timed(work):
    start, cpu = time.perf_counter(), time.process_time()
    result = work()
    return result, time.perf_counter() - start, time.process_time() - cpu


def main():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=JOB["vocabSize"],
        min_frequency=2,
        special_tokens=["<|endoftext|>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    _, train, train_cpu = timed(lambda: tokenizer.train_from_iterator(texts(), trainer))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    encode_all = lambda: sum(len(one.ids) for batch in batches(200) for one in tokenizer.encode_batch_fast(batch))
    tokens, encode, encode_cpu = timed(encode_all)
    model = json.loads(tokenizer.to_str())["model"]
    learned = json.dumps([len(model["vocab"]), model["merges"]], separators=(",", ":"), ensure_ascii=False)
    return {
        "train": train,
        "trainCpu": train_cpu,
        "peakMB": peak,
        "encode": encode,
        "encodeCpu": encode_cpu,
        "tokens": tokens,
        "tokenizer": hashlib.sha1(learned.encode()).hexdigest(),
    }


if __name__ == "__main__":
    json.dump(main(), sys.stdout)
