"""The plainest runner: a fresh isolated interpreter per program, accepted is exit code 0."""

import subprocess
import sys


def accepts(program, timeout_s):
    text = program["code"] + "\n" + program["tests"]
    try:
        ended = subprocess.run([sys.executable, "-I", "-c", text], timeout=timeout_s, capture_output=True)
    except subprocess.TimeoutExpired:
        return False
    return ended.returncode == 0
