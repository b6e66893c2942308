"""Tries one function on the tests of many problems and tells by raising `Solved` which of them hold.

Runs in the sandbox, in the world of the function, in a namespace of its own (see behaviour.ts): `items` is JSON, rows of
number, names of the function, probe or null, setup and tests; `candidate` is the function, or None. What an item may
take is counted in events of tracing (calls, lines, returns), the same on every machine; the clock is there for the few
whose events take long, as with large numbers. Items whose probe takes long wait until the others are done. A call into C
that does not return is left to the sandbox, which then ends the world.
"""

import builtins
import json
import sys
import time

# WebAssembly has no clock of processor time.
_clock = time.perf_counter if sys.platform == "emscripten" else time.process_time
# Events between two looks at the clock.
_TICKS = 50


# Functions that compute nothing. Tests that one of them passes say nothing of another that does.
_TRIVIAL = (
    lambda *given: given[0],
    lambda *given: given[-1],
    lambda *given: given[0][0],
    lambda *given: True,
    lambda *given: False,
    lambda *given: None,
    lambda *given: 0,
    lambda *given: 1,
)


class Solved(BaseException):
    """Numbers of the items whose tests hold."""


class _Spent(BaseException):
    """An item took more than it was given."""


class _Mute:
    """A stream that leads nowhere."""

    encoding = "utf-8"

    def write(self, text):
        return len(text)

    def flush(self):
        pass

    def isatty(self):
        return False


def try_all(items, candidate, events, seconds):
    """`events` for a probe, for an item and altogether, `seconds` of processor time for an item and altogether."""
    probe_events, item_events, all_events = events
    item_seconds, all_seconds = seconds
    end = _clock() + all_seconds
    until = left = 0
    recursion = sys.getrecursionlimit()

    def on_event(frame, event, argument):
        nonlocal left
        left -= 1
        if left < 0 or (left % _TICKS == 0 and _clock() > until):
            raise _Spent
        return on_event

    def holds(source, names, most):
        """Whether a text runs to its end; None where what it was given was too little to tell."""
        nonlocal until, left, all_events
        until = min(_clock() + item_seconds, end)
        granted = left = min(most, all_events)
        try:
            code = compile(source, "<item>", "exec", dont_inherit=True, optimize=0)
            sys.settrace(on_event)
            exec(code, names)
            return True
        except _Spent:
            return None
        except BaseException:
            return False
        finally:
            sys.settrace(None)
            sys.setrecursionlimit(recursion)
            all_events -= granted - max(left, 0)

    def probed(names, probe, most):
        space = {"__name__": "tests", "__builtins__": builtins, **dict.fromkeys(names, candidate)}
        return True if probe is None else holds(probe, space, most)

    def solves(function, names, setup, tests):
        space = {"__name__": "tests", "__builtins__": builtins}
        if setup and not holds(setup, space, item_events):
            return False
        space.update(dict.fromkeys(names, function))
        return holds(tests, space, item_events)

    solved, slow = [], []
    for most, waiting in ((probe_events, json.loads(items)), (item_events, slow)):
        for item in waiting:
            number, names, probe, setup, tests = item
            sys.stdout = sys.stderr = _Mute()
            held = probed(names, probe, most)
            if held is None and waiting is not slow:
                slow.append(item)
            elif held and solves(candidate, names, setup, tests):
                if not any(solves(trivial, names, setup, tests) for trivial in _TRIVIAL):
                    solved.append(str(number))
            if all_events <= 0 or _clock() > end:
                break
    raise Solved(" ".join(solved))
