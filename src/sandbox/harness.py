"""Runs programs that nobody trusts and reports what happened: the verbs of judging, one JSON text each.

Part of the harness: the .py files named in `wire.ts` are executed in one private namespace. A verb gets `[nonce, ...]` and answers `[nonce, ...]`, so that
nothing the program prints or returns is taken for an answer. The harness's namespace has its own copy of the builtins
and is taken out of `sys.modules`, which stops accidents and simple tricks; whatever runs in the same interpreter and
means it can still reach the frames above it, so that a verdict of this mode is marked as `one-world`.
"""

import builtins
import random
import re
import sys
import types
from json import loads
from json.encoder import encode_basestring_ascii as _quoted

_MESSAGE_CHARACTERS = 1000
_VALUE_CHARACTERS = 300
_address = re.compile(r"\bat 0x[0-9a-fA-F]+").sub
_type_name = type.__dict__["__name__"].__get__
_modules = sys.modules
_module = None
_tests = None
# The kind of world: what must not change a result is different in the other kind.
_variation = 0
# Given back when a program has used up its memory, so that there is room to say so.
_reserve = bytearray(1 << 20)


class _TooLong(BaseException):
    """The budget of Python events ran out (see budget.py)."""


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


def _outcome(nonce, stage, error, tally=None, code_line=None, objects=False):
    """The reply of a judgement; `code_line` is where in the code an exception of the tests came from, if known."""
    if isinstance(error, MemoryError):
        _reserve.clear()
    asserts, calls = (tally.asserts, tally.calls) if tally else (0, 0)
    if error is None:
        return _reply(nonce, "passed", stage, asserts, calls, None, None, int(objects))
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
        if stage == "tests":
            code_line = code_line or _line(error, "<solution>")
            message += f" (line {code_line} of the code)" if code_line else ""
    return _reply(nonce, status, stage, asserts, calls, message, _line(error, filename), int(objects))


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
    # The interpreter's, which tests patch; without them the program would get the harness's own.
    module.__dict__["__builtins__"] = builtins
    _modules["solution"] = module
    random.seed(_variation)
    return module


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


def host(text):
    """judge in two worlds, the code's. [nonce, code]: import the code; then `serve` answers."""
    global _module
    nonce, code = loads(text)
    try:
        compiled = _compiled(code)
    except BaseException as error:
        return _outcome(nonce, "code", error)
    _module = _fresh_module()
    return _outcome(nonce, "code", _caught(exec, compiled, _module.__dict__))
