"""The rule of starcoder2-self-align's default filter: accepted is what ends its process with exit code 0.

Written from its description, not from its code: code and tests are one text, executed inside a function of a fresh
process, so that names defined at the top are not global to the functions of the program. Its guard against harm is left out.
"""

import multiprocessing


def _run(text):
    exec(text)


def accepts(program, timeout_s):
    text = program["code"] + "\n" + program["tests"]
    process = multiprocessing.get_context("fork").Process(target=_run, args=(text,))
    process.start()
    process.join(timeout_s)
    if process.is_alive():
        process.kill()
        process.join()
    return process.exitcode == 0
