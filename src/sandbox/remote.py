"""The world of the tests in split mode: the one way to ask the world of the code, and what is made of its answers.

Part of the harness (see harness.py). Nothing that the other world says is believed: what comes is decoded into plain
data, stand-ins (standins.py) and exceptions, by the rules of this interpreter, or it is no answer.
"""

import asyncio
import collections
import sys
import threading
import types

_STANDARD = frozenset(sys.stdlib_module_names)
_MOST_CLASSES = 1000
# What runs the tests takes these for a sign to end a loop or a task, not for a failure.
_SIGNS = (StopAsyncIteration, GeneratorExit, asyncio.CancelledError)
# What the other world may say of itself; that all went well it need not be believed.
_FAILURES = frozenset(["error", "exit", "memory", "timeout"])


class _Link:
    """State of one confrontation: how to ask, and what came across."""

    def __init__(self, ask):
        self.ask = ask
        self.turn = threading.Lock()
        self.objects = False
        # Whether the tests hold a copy of something that in one world would be the thing itself.
        self.copied = False
        # Whether the tests change containers.
        self.changing = False
        # How the judgement ended before the tests did, whatever they do from then on: (status, message).
        self.ended = None
        # Names that the code binds itself, and the namespace of the tests.
        self.bound = frozenset()
        self.entry_point = ""
        # Names that the tests use as modules of the library.
        self.modules = frozenset()
        self.names = {}
        self.line = None
        self.raised = None
        self.exceptions = {}
        self.remotes = {}


_link = _Link(None)


def _end(status, text):
    """The first end is the one that counts, whether or not the tests swallow the exception."""
    _link.ended = _link.ended or (status, text)
    raise Unsupported(text)


def _refuse(text):
    _end("unsupported", text)


def _no_answer():
    _end("error", "the interpreter of the code gave no answer that can be believed")


def _exchange_with(message, count=1):
    """Asks the other world; returns the fields of its answer, so many as asked for, or raises what was raised there."""
    try:
        text = to_text(message)
    except Unsupported as refusal:
        _refuse(str(refusal))
    # Threads of the tests ask one after the other; the other world answers one question at a time.
    with _link.turn:
        reply = _link.ask(text)
    if reply == "!gone":
        _end("exit", "the program ended its interpreter")
    if type(reply) is str and reply.startswith("!exit "):
        _end("exit", f"the program ended its interpreter with status {reply[6:]}")
    if reply == "!died":
        _end("error", "the interpreter died")
    if type(reply) is not str or len(reply) > MESSAGE_CHARACTERS:
        _no_answer()
    try:
        fields = _parse(reply)
        tag = fields[0] if type(fields) is list else None
        if tag == "x":
            error = _exception(*fields[1:6])
            line = fields[5]
        elif tag == "u":
            why = _clean(str(fields[1]), _VALUE_CHARACTERS)
    except Exception:
        tag = None
    if tag == "x":
        if any(base.__module__.startswith("unittest.") for base in type(error).__mro__):
            _end("error", f"the code raises {type(error).__name__}, which skips or stops tests")
        if isinstance(error, StopIteration):
            _end("error", "the code raises StopIteration, which ends an iteration of the tests")
        if isinstance(error, _SIGNS):
            _refuse(f"the code raises {type(error).__name__}, by which it could steer the tests' own machinery")
        _link.raised, _link.line = error, line if type(line) is int else None
        raise error
    if tag == "u":
        _refuse(why)
    if tag != "v" or len(fields) != count + 1:
        _no_answer()
    return fields[1:]


def _ask(*message):
    return _received(_exchange_with(list(message))[0])


def _received(encoded):
    try:
        return decode(encoded, _known)
    except Exception:
        _no_answer()


def _sent(value):
    try:
        return encode(value, 0, _referred)
    except Unsupported as refusal:
        _refuse(str(refusal))


def _sent_together(values):
    """Arguments of one call: an object that comes twice is one object over there, too."""
    first = {}
    sent = []
    for at, value in enumerate(values):
        before = first.setdefault(id(value), at)
        sent.append(_sent(value) if before == at else ["same", before])
    return sent


def _referred(value):
    if type(value) is _Remote:
        return ["h", _number_in(value)]
    if type(value) is types.FunctionType:
        _refuse("the tests hand a function of their own to the code")
    for name, made in _link.exceptions.items():
        if made[0] is value:
            return ["h", made[1]]
    _refuse(f"the tests hand an object of type {_type_name(type(value))} to the code")


def _known(encoded):
    """What stands here for an object over there."""
    tag, kind, details, number = encoded
    if tag != "h" or type(number) is not int:
        raise ValueError
    if kind == "argument":
        return _Argument(details)
    if kind == "awaited":
        return _awaited(decode(details, _known))
    if kind == "function":
        # Functions are as good as plain: they answer for nothing until they are called.
        return _remote(number, details)
    _link.objects = True
    if kind == "scalar":
        return decode(details, _known)
    if kind == "named":
        name, fields, values = details
        made = collections.namedtuple(name, fields, module="solution")
        return made(*[decode(value, _known) for value in values])
    if kind == "defaults":
        return {decode(k, _known): decode(v, _known) for k, v in details}
    if kind == "exception":
        return _exception_class(details, number)
    if kind in ("class", "module", "object"):
        return _remote(number, details)
    raise ValueError


def _remote(number, shown):
    """One stand-in per object, so that `is` holds."""
    if number not in _link.remotes:
        _link.remotes[number] = _Remote(number, shown)
    return _link.remotes[number]


class _Argument:
    """Says that a call returned one of its own arguments."""

    def __init__(self, at):
        self.at = at


async def _awaited(value):
    return value


def _exception_class(names, number=0):
    """The class an exception has here: the nearest built-in or standard one, or one made after its name."""
    first = names[0]
    standard = _standard_exception(first)
    if standard is not None:
        return standard
    if first not in _link.exceptions:
        if len(_link.exceptions) >= _MOST_CLASSES:
            raise ValueError
        base = _exception_class(names[1:])
        made = type(first.rpartition(".")[2], (base,), {"__module__": "solution", "__str__": _text_of})
        _link.exceptions[first] = made, number
    return _link.exceptions[first][0]


def _text_of(error):
    text = error.__dict__.get("_text")
    return text if type(text) is str else Exception.__str__(error)


def _standard_exception(name):
    module, _, short = name.rpartition(".")
    if module.partition(".")[0] not in _STANDARD or module not in _modules:
        return None
    found = vars(_modules[module]).get(short)
    return found if isinstance(found, type) and issubclass(found, BaseException) else None


def _exception(names, arguments, attributes, text, line):
    kind = _exception_class(names)
    taken = [decode(argument, _known) for argument in arguments]
    try:
        error = kind(*taken)
    except Exception:
        error = kind.__new__(kind, *taken)
    if _standard_exception(names[0]) is None:
        error.__dict__["_text"] = text
    for name, value in attributes:
        if not name.startswith("_"):
            error.__dict__[name] = decode(value, _known)
    return error
