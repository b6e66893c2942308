"""The world of the tests in split mode: stand-ins for the code's names, and the one way to ask the code's world.

Part of the harness (see harness.py). Nothing that the other world says is believed: what comes is decoded into plain data,
compared here and by the interpreter's own rules. An object that stays over there is a `_Remote`. It may be called,
read, changed, iterated and printed, but where it would see a value of the tests and answer for it (`==`, `<`, `in`,
`obj - 4`, …), the tests can't be judged in two worlds: that is refused, and the refusal sticks.
"""

import array
import ast
import asyncio
import builtins
import collections
import io
import sys
import threading
import types

_STANDARD = frozenset(sys.stdlib_module_names)
_MOST_CLASSES = 1000
# What runs the tests takes these for a sign to end a loop or a task, not for a failure.
_SIGNS = (StopIteration, StopAsyncIteration, GeneratorExit, asyncio.CancelledError)
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


def _number_in(remote):
    return object.__getattribute__(remote, "_number")


# Special names that every object has here, but whose content is over there.
_ASKED = frozenset(["__doc__", "__module__", "__dict__", "__annotations__"])


# Comparisons of plain data that are written as methods: their argument is what the tests expect.
_PREDICATES = frozenset(["startswith", "endswith", "issubset", "issuperset", "isdisjoint"])


class _Remote:
    """An object of the other world. Equal to nothing but itself and None's opposite; see the head of this file."""

    __slots__ = ("_number", "_shown")

    def __init__(self, number, shown):
        object.__setattr__(self, "_number", number)
        object.__setattr__(self, "_shown", shown if type(shown) is str else "object")

    def __call__(self, *arguments, **named):
        everything = [*arguments, *named.values()]
        sent = _sent_together(everything)
        count = len(arguments)
        pairs = [list(pair) for pair in zip(named, sent[count:])]
        # What is changed further in, or before an exception, is not changed here.
        _link.copied = _link.copied or any(type(each) is tuple and _holds_mutable(each) for each in everything)
        try:
            value, changed = _exchange_with(["call", _number_in(self), sent[:count], pairs], 2)
        except Exception:
            _link.copied = _link.copied or _holds_mutable(everything)
            raise
        try:
            for at, now in changed:
                if now != sent[at] and sent[at][0] != "same":
                    _become(everything[at], _received(now))
        except (TypeError, ValueError, IndexError):
            _no_answer()
        result = _received(value)
        if type(result) is _Argument:
            return everything[result.at] if result.at in range(len(everything)) else _no_answer()
        return result

    def __getattribute__(self, name):
        if name.startswith("__") and name not in _ASKED:
            try:
                return object.__getattribute__(self, name)
            except AttributeError:
                pass
        if name in _PREDICATES:
            _refuse(f"the tests ask an object of the code for '{name}', which would see a value of theirs")
        _link.objects = True
        return _ask("attr", _number_in(self), name)

    def __setattr__(self, name, value):
        _ask("set", _number_in(self), name, _sent(value))

    def __delattr__(self, name):
        _ask("delete", _number_in(self), name)

    def __iter__(self):
        number = _number_in(_ask("iter", _sent(self)))
        while True:
            value, more = _exchange_with(["next", number], 2)
            if more != 1:
                return
            yield _received(value)

    def __next__(self):
        value, more = _exchange_with(["next", _number_in(self)], 2)
        if more != 1:
            raise StopIteration
        return _received(value)

    def __eq__(self, other):
        return self is other or (other is not None and _compared(self))

    def __ne__(self, other):
        return self is not other and (other is None or _compared(self))

    def __hash__(self):
        return hash(_ask("hash", _sent(self)))

    def __instancecheck__(self, value):
        if type(value) is not _Remote:
            _refuse("the tests ask whether a plain value is an instance of a class of the code")
        return _ask("isinstance", _sent(value), _sent(self)) is True

    def __subclasscheck__(self, value):
        return _ask("issubclass", _sent(value), _sent(self)) is True

    def __str__(self):
        return _textual(_ask("str", _sent(self)))

    def __repr__(self):
        return _textual(_ask("repr", _sent(self)))

    def __format__(self, pattern):
        return _textual(_ask("format", _sent(self), pattern))

    def __reduce_ex__(self, protocol):
        _refuse("the tests copy or pickle an object of the code")


def _textual(value):
    return value if type(value) is str else _no_answer()


def _compared(remote):
    shown = object.__getattribute__(remote, "_shown")
    _refuse(f"the tests compare an object of type {_clean(shown, 80)}, which only the code's own world can")


def _holds_mutable(values):
    return any(type(value) in _MUTABLE for value in values)


def _become(here, there):
    """A container that was handed over takes the content that it has over there."""
    if type(there) is not type(here):
        raise TypeError
    if isinstance(here, (list, dict, collections.deque)):
        _link.copied = _link.copied or _holds_mutable(here.values() if isinstance(here, dict) else here)
    if isinstance(here, (list, bytearray, array.array)):
        here[:] = there
    elif isinstance(here, (io.BytesIO, io.StringIO)):
        at = there.tell()
        here.seek(0)
        here.truncate()
        here.write(there.getvalue())
        here.seek(at)
    else:
        here.clear()
        (here.extend if type(here) is collections.deque else here.update)(there)


def _unary(name):
    return lambda self, *rest: _ask(name, _sent(self), *[_sent(value) for value in rest])


def _binary(name, swapped):
    """Between two objects of the code their own world answers; a value of the tests it must not see."""

    def operate(self, other):
        if type(other) is not _Remote:
            _refuse(f"the tests calculate with an object of type {object.__getattribute__(self, '_shown')}")
        pair = (other, self) if swapped else (self, other)
        return _ask(name, *[_sent(value) for value in pair])

    return operate


def _ordered(self, other):
    return _compared(self)


for _name in ("len", "bool", "int", "float", "complex", "index", "round", "reversed", "getitem", "setitem"):
    setattr(_Remote, f"__{_name}__", _unary(_name))
for _name in ("delitem", "dir", "enter", "neg", "pos", "invert", "abs"):
    setattr(_Remote, f"__{_name}__", _unary(_name))
for _name in ("add", "sub", "mul", "matmul", "truediv", "floordiv", "mod", "pow", "and", "or", "xor"):
    setattr(_Remote, f"__{_name}__", _binary(_name, False))
    setattr(_Remote, f"__r{_name}__", _binary(_name, True))
for _name in ("lt", "le", "gt", "ge", "contains"):
    setattr(_Remote, f"__{_name}__", _ordered)


def _exit_context(self, kind, error, trace):
    if kind is not None:
        _refuse("the tests leave a context manager of the code by an exception")
    return _ask("exit", _sent(self))


_Remote.__exit__ = _exit_context


class _Names(dict):
    """The tests' namespace: what they don't define themselves is fetched from the code's module, when it is used."""

    def __missing__(self, name):
        if name.startswith("__") or (hasattr(builtins, name) and name != _link.entry_point):
            # `abs` is the interpreter's, whatever the code calls by that name.
            raise KeyError(name)
        if name in _link.modules and name != _link.entry_point:
            _refuse(f"the tests use the module '{name}', which neither they nor the code import")
        try:
            value = _ask("get", name)
        except AttributeError:
            raise KeyError(name) from None
        # Data may change over there with every call; functions and classes are looked up once.
        if type(value) is _Remote or isinstance(value, type):
            dict.__setitem__(self, name, value)
        _link.copied = _link.copied or type(value) in _MUTABLE
        return value

    def __setitem__(self, name, value):
        if name in _link.bound:
            _refuse(f"the tests assign the code's own name '{name}'")
        dict.__setitem__(self, name, value)


class _Module(types.ModuleType):
    """What `import solution` gives the tests."""

    def __getattr__(self, name):
        try:
            return _link.names[name]
        except KeyError:
            raise AttributeError(f"module 'solution' has no attribute '{name}'") from None

    def __setattr__(self, name, value):
        if not name.startswith("__"):
            _refuse("the tests change the code's module")
        super().__setattr__(name, value)


def _bound_and_imports(tree):
    """Names that the code binds at its top level other than by an import, and its import statements there."""
    bound, imports = set(), []
    for node in ast.walk(ast.Module([n for n in tree.body if not _is_definition(n, bound)], [])):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            imports.append(node)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            bound.add(node.id)
    return bound, imports


def _names_in_classes(tree):
    classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    inside = [node for each in classes for node in ast.walk(each)]
    return {node.id for node in inside if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}


# Of what both worlds have their own: streams, files, the state of random numbers, what is patched, what functions are.
_OWN_STATE = frozenset(
    "random os sys mock patch redirect_stdout redirect_stderr open tempfile pathlib Path shutil warnings catch_warnings "
    "assertWarns assertLogs logging inspect types time locale threading gc weakref getcontext localcontext setcontext "
    "iscoroutinefunction globals id assertIs assertIsNot __cause__ __context__ __traceback__".split()
)


def _looks_at_state(tree):
    """Whether tests may see or change what the two worlds don't share; a doubt, which costs a pass nothing."""
    for node in ast.walk(tree):
        if isinstance(node, ast.alias) and _OWN_STATE.intersection(node.name.split(".")):
            return True
        if isinstance(node, ast.Name) and node.id in _OWN_STATE:
            return True
        if isinstance(node, ast.Attribute) and node.attr in _OWN_STATE:
            return True
        if isinstance(node, ast.Compare):
            pairs = zip(node.ops, node.comparators)
            if any(isinstance(op, (ast.Is, ast.IsNot)) and not isinstance(to, ast.Constant) for op, to in pairs):
                return True
    return False


def _is_definition(node, bound):
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        bound.add(node.name)
        return True
    return False


def _misnamed(name, value):
    """Whether something else has the name of a module of the library; `from datetime import datetime` is all right."""
    module = _modules.get(name)
    return name in _STANDARD and value is not module and value is not getattr(module, name, None)


def _used_as_modules(tree):
    """Names of the library's modules of which the tests take attributes: `math` in `math.isclose(…)`."""
    bases = [node.value for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    return frozenset(base.id for base in bases if isinstance(base, ast.Name)) & _STANDARD


def _names_for(code, entry_point):
    """A namespace for tests of `code`. What it imports is imported here too: a module's word is not asked of anybody."""
    names = _Names(__name__="tests", __builtins__=builtins)
    bound, imports = _bound_and_imports(ast.parse(code))
    imported = {}
    for node in imports:
        try:
            exec(compile(ast.Module([node], []), "<imports>", "exec", dont_inherit=True), imported)
        except Exception:
            pass
    # What is imported is the library's, also where the code binds the name once more; but `from operator import truth as
    # sorted` is no reason to call anything else by the names of the interpreter and of the library.
    imported = {
        name: value
        for name, value in imported.items()
        if not (hasattr(builtins, name) or name.startswith("__") or name == entry_point or _misnamed(name, value))
    }
    names.update(imported)
    _link.bound, _link.entry_point = bound - imported.keys(), entry_point
    _link.names = names
    _modules["solution"] = _Module("solution")
    return names


def connect(ask):
    """Say how the other world is asked: `ask(text)` returns its answer's text."""
    global _link
    _link = _Link(ask)


def confront(text):
    """judge in two worlds. [nonce, code, tests, entry point]: run the tests here on the code that lives over there."""
    nonce, code, tests, entry_point = loads(text)
    try:
        compiled = Tests(tests, entry_point)
        tree = ast.parse(tests)
        _link.modules = _used_as_modules(tree)
        names = _names_for(code, entry_point)
    except BaseException as error:
        return _outcome(nonce, "tests", error)
    # A class body looks names up in a way that does not ask the namespace, so they are put there beforehand.
    for name in sorted(_names_in_classes(tree) & _link.bound):
        _caught(lambda: dict.__setitem__(names, name, names[name]))
    tally = Tally()
    error = _caught(exec, compiled.code(tally), names)
    if _link.ended is not None:
        status, message = _link.ended
        # A world that breaks the rules gets no second chance in one world.
        objects = int(status == "unsupported")
        return _reply(nonce, status, "tests", tally.asserts, tally.calls, message, None, objects)
    line = _link.line if error is not None and error is _link.raised else None
    objects = _link.objects or (error is not None and (_link.copied or _looks_at_state(tree)))
    return _outcome(nonce, "tests", error, tally, line, objects)


def hosted(nonce, word, ask):
    """The outcome of importing the code, by the other world's word for it; then `ask` is how that world is asked."""
    connect(ask)
    if word == "!gone":
        return _reply(nonce, "exit", "code", 0, 0, "the program ended its interpreter", None, 0)
    try:
        _, status, stage, _, _, message, line, _ = _parse(word)
        if type(message) is str and stage == "code" and status in _FAILURES:
            line = line if type(line) is int and line > 0 else None
            return _reply(nonce, status, "code", 0, 0, _clean(message, _MESSAGE_CHARACTERS), line, 0)
    except (ValueError, TypeError, RecursionError):
        pass
    return _reply(nonce, "passed", "code", 0, 0, None, None, 0)
