"""The verbs of observing and of killing: code is called step by step, variants of it are tried in one warm world.

Part of the harness (see harness.py); on Pyodide only, since both need a budget of events and a date that can be changed.
"""

import builtins
import gc
import os
import random
import sys

_MOST_LINES = 1000
# Events that importing the code may take while it is observed, and that one step may take.
_IMPORT_EVENTS = 2_000_000
_STEP_EVENTS = 500_000
# For a variant: so many times what the original took, and at least the second figure.
_VARIANT_FACTOR = 10
_VARIANT_EVENTS = 100_000
_UNKNOWN_EVENTS = 1_000_000
_entry_point = ""
_variant_events = _UNKNOWN_EVENTS
_builtins = {}
_recursion_limit = sys.getrecursionlimit()


def _folder():
    """Home and working folder; another one in the other kind of world."""
    return "/tmp" if _variation else "/home/pyodide"


def begin(variation):
    """Ready the world for a program: called once, right after the interpreter was restored."""
    global _variation
    _variation = variation
    _modules.pop("_harness", None)
    for name in list(os.environ):
        if name != "LANG":
            del os.environ[name]
    if variation:
        os.environ["HOME"] = _folder()
    os.chdir(_folder())
    install_loop()
    install_budget()
    random.seed(variation)
    return sys.version.split()[0]


def watch(text):
    """observe, first part. [nonce, code, entry point]: import the code within its budget."""
    global _module, _entry_point
    nonce, code, _entry_point = loads(text)
    try:
        compiled = _compiled(code)
    except BaseException as error:
        return _outcome(nonce, "code", error)
    _module = _fresh_module()
    return _outcome(nonce, "code", run_within(_IMPORT_EVENTS, exec, compiled, _module.__dict__)[1])


def step(text):
    """observe, one step. [nonce, kind, source] -> [nonce, status, literal, detail, lines]."""
    nonce, kind, source = loads(text)
    try:
        fields = _STEPS[kind](source)
    except Exception as error:
        fields = "raised", None, _described(error)
    return _reply(nonce, *fields, _visited())


def _visited():
    """Lines of the code that the step went through, ascending: `3 4 7`."""
    return " ".join([int.__repr__(line) for line in sorted({*_lines}) if type(line) is int][:_MOST_LINES])


def _ended(error, tally=None):
    if isinstance(error, _TooLong):
        return "too-long", None, None
    if tally is not None and _own_assert(error, "<step>"):
        return "failed", None, _failure(tally, error)
    return "raised", None, _described(error)


def _setup_step(source):
    code = compile(source, "<step>", "exec", dont_inherit=True, optimize=0)
    error = run_within(_STEP_EVENTS, exec, code, _module.__dict__)[1]
    return ("ok", None, None) if error is None else _ended(error)


def _call_step(source):
    code = compile(source, "<step>", "eval", dont_inherit=True, optimize=0)
    value, error, _ = run_within(_STEP_EVENTS, eval, code, _module.__dict__, {})
    if error is not None:
        return _ended(error)
    try:
        return "value", literal(value), None
    except Opaque:
        return "opaque", None, _clean(_type_name(type(value)), _VALUE_CHARACTERS)


def _assert_step(source):
    tally = Tally()
    code = Tests(source, _entry_point, "<step>").code(tally)
    error = run_within(_STEP_EVENTS, exec, code, _module.__dict__)[1]
    return ("ok", None, None) if error is None else _ended(error, tally)


_STEPS = {"setup": _setup_step, "call": _call_step, "assert": _assert_step}


def prepare(text):
    """kill, first part. [nonce, tests, entry point, original or null]: compile the tests, measure the original."""
    global _tests, _variant_events, _builtins
    nonce, tests, entry_point, original = loads(text)
    _builtins = dict(vars(builtins))
    try:
        _tests = Tests(tests, entry_point)
    except BaseException as error:
        return _outcome(nonce, "tests", error)
    if original is not None:
        used = _try_variant(original, sys.maxsize)[1]
        _variant_events = max(_VARIANT_EVENTS, _VARIANT_FACTOR * used)
    return _outcome(nonce, "tests", None)


def variant(text):
    """kill, one variant. [nonce, code] -> [nonce, 1 when the tests do not pass on it, else 0]."""
    nonce, code = loads(text)
    killed, _ = _try_variant(code, _variant_events)
    return _reply(nonce, 1 if killed else 0)


def _try_variant(code, events):
    """(killed, events used). Passing without one assert held, where the tests have any, is a kill too."""
    tally = Tally()
    namespace = _fresh_module().__dict__
    try:
        runs = [_compiled(code), _tests.code(tally)]
    except BaseException:
        return True, 0
    _, error, used = run_within(events, _run_all, runs, namespace)
    _restore(namespace)
    return error is not None or (_tests.asserts > 0 and tally.asserts == 0), used


def _run_all(codes, namespace):
    for code in codes:
        exec(code, namespace)


def _restore(namespace):
    """Undo what variants commonly leave behind; changes inside other modules and files stay (see `kill` in pyodide.ts)."""
    namespace.clear()
    vars(builtins).update(_builtins)
    for name in [name for name in vars(builtins) if name not in _builtins]:
        del vars(builtins)[name]
    sys.stdin, sys.stdout, sys.stderr = sys.__stdin__, sys.__stdout__, sys.__stderr__
    sys.setrecursionlimit(_recursion_limit)
    os.chdir(_folder())
    gc.collect()
