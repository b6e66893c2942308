"""Plain data as Python source that evaluates back to an equal value of the same type.

Part of the harness (see harness.py). Only exact types are written, so no code of the program runs here: a subclass, a
NaN, a cycle or a long value is opaque. Sets are written sorted by their elements' text, dicts in their own order.
"""

import math

LITERAL_CHARACTERS = 2000
_DEPTH = 40


class Opaque(Exception):
    """The value can't be written as a literal."""


def _number(value):
    if math.isnan(value):
        raise Opaque
    return repr(value) if math.isfinite(value) else f"float('{value}')"


def _complex(value):
    text = repr(value)
    # The sign of a zero and anything infinite is lost in `(-0+1j)`, which is a sum.
    if math.isfinite(value.real) and math.isfinite(value.imag) and repr(eval(text)) == text:
        return text
    return f"complex({_number(value.real)}, {_number(value.imag)})"


def _integer(value):
    if value.bit_length() > 3 * LITERAL_CHARACTERS:
        raise Opaque
    return repr(value)


def _text(value):
    if len(value) > LITERAL_CHARACTERS:
        raise Opaque
    return repr(value)


_SCALARS = {
    type(None): repr,
    bool: repr,
    int: _integer,
    float: _number,
    complex: _complex,
    str: _text,
    bytes: _text,
}


class _Writer:
    """Writes one value; `room` is how many more characters may be written."""

    def __init__(self):
        self.room = LITERAL_CHARACTERS

    def write(self, value, depth=0):
        if depth > _DEPTH:
            raise Opaque
        scalar = _SCALARS.get(type(value))
        text = self._container(value, depth + 1) if scalar is None else scalar(value)
        self.room -= len(text) if scalar else 2
        if self.room < 0:
            raise Opaque
        return text

    def _container(self, value, depth):
        kind = type(value)
        if kind is dict:
            pairs = [f"{self.write(key, depth)}: {self.write(item, depth)}" for key, item in value.items()]
            return "{" + ", ".join(pairs) + "}"
        if kind is not list and kind is not tuple and kind is not set:
            raise Opaque
        items = [self.write(item, depth) for item in value]
        if kind is list:
            return "[" + ", ".join(items) + "]"
        if kind is tuple:
            return "(" + ", ".join(items) + ("," if len(items) == 1 else "") + ")"
        return "{" + ", ".join(sorted(items)) + "}" if items else "set()"


def literal(value):
    """Source of `value`; raises `Opaque`. Checked here: what it evaluates to is written the same way again."""
    text = _Writer().write(value)
    if len(text) > LITERAL_CHARACTERS:
        raise Opaque
    names = {"__builtins__": {"float": float, "complex": complex, "set": set}}
    if _Writer().write(eval(text, names)) != text:
        raise Opaque
    return text
