"""The world of the tests in split mode: what stands for an object of the code that is not plain data.

Part of the harness (see harness.py). Such an object may be called, read, changed, iterated and printed, but where it would
see a value of the tests and answer for it (`==`, `<`, `in`, `obj - 4`, …), the tests can't be judged in two worlds: that is
refused, and the refusal sticks.
"""

import array
import collections
import io


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
            value, changed, shared = _exchange_with(["call", _number_in(self), sent[:count], pairs], 3)
        except Exception:
            _link.copied = _link.copied or _holds_mutable(everything)
            raise
        try:
            for at, now in changed:
                if now != sent[at] and sent[at][0] != "same":
                    _become(everything[at], _received(now))
        except (TypeError, ValueError, IndexError):
            _no_answer()
        if shared != 0 and _link.changing:
            _refuse("the code returns containers that it was handed, and the tests change some")
        result = _received(value)
        _link.copied = _link.copied or (_link.changing and type(result) in _MUTABLE)
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
