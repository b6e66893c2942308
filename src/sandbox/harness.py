"""Runs programs that nobody trusts and reports what happened: the verbs that the host calls, one JSON text each.

Part of the harness (see loop.py), and its last file. A verb gets `[nonce, ...]` and answers `[nonce, ...]`, so that
nothing the program prints or returns is taken for an answer. The harness's namespace has its own copy of the builtins
and is taken out of `sys.modules`, which stops accidents and simple tricks; whatever runs in the same interpreter and
means it can still reach the frames above it, so that a verdict of this mode is marked as `one-world`.
"""

import builtins
import gc
import os
import random
import re
import sys
import types
from json import loads
from json.encoder import encode_basestring_ascii as _quoted

_MESSAGE_CHARACTERS = 1000
_VALUE_CHARACTERS = 300
_MOST_LINES = 1000
# Events that importing the code may take while it is observed, and that one step may take.
_IMPORT_EVENTS = 2_000_000
_STEP_EVENTS = 500_000
# For a variant: so many times what the original took, and at least the second figure.
_VARIANT_FACTOR = 10
_VARIANT_EVENTS = 100_000
_UNKNOWN_EVENTS = 1_000_000
_address = re.compile(r"\bat 0x[0-9a-fA-F]+").sub
_type_name = type.__dict__["__name__"].__get__
_modules = sys.modules
_module = None
_tests = None
_entry_point = ""
_variant_events = _UNKNOWN_EVENTS
_builtins = {}
# The kind of world: what must not change a result is different in the other kind.
_variation = 0
_recursion_limit = sys.getrecursionlimit()
# Given back when a program has used up its memory, so that there is room to say so.
_reserve = bytearray(1 << 20)


def _reply(*fields):
    """A JSON list of texts, whole numbers and nulls, made without the json module, which the program may have changed."""
    texts = ["null" if f is None else _quoted(f) if type(f) is str else int.__repr__(f) for f in fields]
    return "[" + ",".join(texts) + "]"


def _clean(text, limit):
    text = str.encode(_address("at 0x…", text), "utf-8", "backslashreplace").decode()
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _shown(value):
    try:
        text = repr(value)
        if type(text) is str:
            return _clean(text, _VALUE_CHARACTERS)
    except BaseException:
        pass
    return f"<{_type_name(type(value))}>"


def _described(error):
    """`Type: text` of an exception; its `__str__` is the program's own and may fail."""
    name = _type_name(type(error))
    try:
        text = error.msg if isinstance(error, SyntaxError) else str(error)
    except BaseException:
        text = ""
    return _clean(f"{name}: {text}" if type(text) is str and text else name, _MESSAGE_CHARACTERS)


def _failure(tally, error):
    if tally is None or tally.failure is None:
        return _described(error)
    source = "assert " + _clean(tally.failure[0], _VALUE_CHARACTERS)
    if len(tally.failure) == 1:
        return source
    left, right = tally.failure[1:]
    return f"{source}; left is {_shown(left)}, right is {_shown(right)}"


def _frames(error):
    """(file, line) of the frames that the exception went through, outermost first."""
    trace = error.__traceback__
    frames = []
    while trace is not None:
        frames.append((trace.tb_frame.f_code.co_filename, trace.tb_lineno))
        trace = trace.tb_next
    return frames


def _line(error, filename):
    if isinstance(error, SyntaxError) and error.filename == filename:
        return error.lineno if type(error.lineno) is int else None
    lines = [line for file, line in _frames(error) if file == filename]
    return lines[-1] if lines and type(lines[-1]) is int else None


def _own_assert(error, filename):
    """True when an `assert` statement of that file raised it, and not one in the code that it called."""
    frames = _frames(error)
    return isinstance(error, AssertionError) and bool(frames) and frames[-1][0] == filename


def _outcome(nonce, stage, error, tally=None):
    if isinstance(error, MemoryError):
        _reserve.clear()
    asserts, calls = (tally.asserts, tally.calls) if tally else (0, 0)
    if error is None:
        return _reply(nonce, "passed", stage, asserts, calls, None, None)
    filename = "<solution>" if stage == "code" else "<tests>"
    message = _described(error)
    if isinstance(error, MemoryError):
        status = "memory"
    elif isinstance(error, SystemExit):
        status = "exit"
    elif isinstance(error, _TooLong):
        status, message = "timeout", "the budget of Python events ran out"
    elif stage == "tests" and _own_assert(error, filename):
        status, message = "failed", _failure(tally, error)
    else:
        status = "error"
    return _reply(nonce, status, stage, asserts, calls, message, _line(error, filename))


def _caught(runner, *arguments):
    try:
        runner(*arguments)
    except BaseException as error:
        return error
    return None


def _compiled(code):
    return compile(code, "<solution>", "exec", dont_inherit=True, optimize=0)


def _fresh_module():
    module = types.ModuleType("solution")
    _modules["solution"] = module
    random.seed(_variation)
    return module


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


def load(text):
    """judge, first half. [nonce, code, tests, entry point]: compile both, import the code."""
    global _module, _tests
    nonce, code, tests, entry_point = loads(text)
    try:
        compiled = _compiled(code)
    except BaseException as error:
        return _outcome(nonce, "code", error)
    try:
        _tests = Tests(tests, entry_point)
    except BaseException as error:
        return _outcome(nonce, "tests", error)
    _module = _fresh_module()
    return _outcome(nonce, "code", _caught(exec, compiled, _module.__dict__))


def test(text):
    """judge, second half. [nonce]: run the tests in the code's namespace."""
    (nonce,) = loads(text)
    tally = Tally()
    return _outcome(nonce, "tests", _caught(exec, _tests.code(tally), _module.__dict__), tally)


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
