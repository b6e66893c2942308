"""Runs programs by the rule of one peer, two at a time or as many as asked, and times it.

`drive.py RULE`, where RULE is a module beside this one with `accepts(program, timeout_s)`. In: JSON {programs, timeoutMs,
workers} with programs {name, code, tests, entryPoint}. Out: {verdicts: [{name, accepted, seconds}], seconds,
cpuSeconds}; accepted is null where the rule cannot express the program. No isolation whatsoever: harmless programs only.
"""

import importlib
import json
import os
import resource
import sys
import time
from threading import Thread


def cpu_seconds():
    """Processor time of this process and of all children that were waited for."""
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def main():
    job = json.load(sys.stdin)
    # What the programs print must not mix with the answer.
    answer = os.fdopen(os.dup(1), "w")
    nothing = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(nothing, fd)
    accepts = importlib.import_module(sys.argv[1]).accepts

    def verdict(program):
        begun = time.perf_counter()
        accepted = accepts(program, job["timeoutMs"] / 1000)
        return {"name": program["name"], "accepted": accepted, "seconds": time.perf_counter() - begun}

    waiting, verdicts = list(reversed(job["programs"])), []

    def work():
        while waiting:
            verdicts.append(verdict(waiting.pop()))

    verdict(job["programs"][0])
    begun, cpu = time.perf_counter(), cpu_seconds()
    # Plain threads: a process forked in a pool's thread would try to join that pool when it ends, and fail.
    workers = [Thread(target=work) for _ in range(job["workers"])]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    seconds, used = time.perf_counter() - begun, cpu_seconds() - cpu
    json.dump({"verdicts": verdicts, "seconds": seconds, "cpuSeconds": used}, answer)
    answer.flush()
    # Threads that programs have left behind must not keep this process.
    os._exit(0)


if __name__ == "__main__":
    main()
