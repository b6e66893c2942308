"""Plain data as JSON text and back: all that passes between the world of the code and the world of the tests.

Part of the harness (see harness.py). Only exact types are taken for plain data, so that nothing of the program runs here
and what is decoded has the interpreter's own comparisons. A value is itself in JSON (None, bool, str, small int) or a
list `[tag, content]`; whatever is not plain is given to `other`, which makes a reference of it or refuses.
"""

import array
import builtins
import collections
import datetime
import decimal
import fractions
import json
import math
import pathlib
import uuid

MESSAGE_CHARACTERS = 4_000_000
_NESTING = 60
_EXACT_FLOAT = 2**53
_UTC = datetime.timezone.utc

# Built-in functions and types that are the same in both worlds: sent by name.
_SHARED_NAMES = (
    "abs all any ascii bin bool bytearray bytes callable chr complex dict divmod enumerate filter float format "
    "frozenset hash hex id int isinstance issubclass iter len list map max min next object oct ord pow range repr "
    "reversed round set slice sorted str sum tuple type zip"
).split()
_SHARED = {name: getattr(builtins, name) for name in _SHARED_NAMES}
_SHARED.update(
    (name, value)
    for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, BaseException)
)
_NAME_OF_SHARED = {id(value): name for name, value in _SHARED.items()}


class Unsupported(BaseException):
    """Something that can't pass between the worlds. Not an Exception, so that tests don't swallow it by accident."""


def _pairs(value, depth, other):
    return [[encode(k, depth, other), encode(v, depth, other)] for k, v in dict.items(value)]


def _items(value, depth, other):
    return [encode(item, depth, other) for item in value]


def _datetime(value, depth, other):
    if value.tzinfo is not None and value.tzinfo is not _UTC:
        return None
    return value.isoformat()


def _deque(value, depth, other):
    return [value.maxlen, _items(value, depth, other)]


# By exact type: (tag, content). A content of None means that this very value is not plain after all.
_ENCODERS = {
    int: ("i", lambda v, d, o: int.__format__(v, "x")),
    float: ("f", lambda v, d, o: float.__repr__(v)),
    complex: ("c", lambda v, d, o: [float.__repr__(v.real), float.__repr__(v.imag)]),
    list: ("l", _items),
    tuple: ("t", _items),
    set: ("s", _items),
    frozenset: ("z", _items),
    dict: ("d", _pairs),
    bytes: ("b", lambda v, d, o: v.hex()),
    bytearray: ("B", lambda v, d, o: v.hex()),
    range: ("r", lambda v, d, o: [f"{n:x}" for n in (v.start, v.stop, v.step)]),
    slice: ("S", lambda v, d, o: _items((v.start, v.stop, v.step), d, o)),
    type(...): ("e", lambda v, d, o: 0),
    type(NotImplemented): ("n", lambda v, d, o: 0),
    decimal.Decimal: ("D", lambda v, d, o: str(v)),
    fractions.Fraction: ("R", lambda v, d, o: [f"{v.numerator:x}", f"{v.denominator:x}"]),
    datetime.date: ("da", lambda v, d, o: v.isoformat()),
    datetime.datetime: ("dt", _datetime),
    datetime.time: ("ti", _datetime),
    datetime.timedelta: ("td", lambda v, d, o: [v.days, v.seconds, v.microseconds]),
    collections.Counter: ("C", _pairs),
    collections.OrderedDict: ("O", _pairs),
    collections.deque: ("q", _deque),
    array.array: ("a", lambda v, d, o: [v.typecode, v.tobytes().hex()]),
    pathlib.PosixPath: ("p", lambda v, d, o: str(v)),
    pathlib.PurePosixPath: ("pp", lambda v, d, o: str(v)),
    uuid.UUID: ("u", lambda v, d, o: v.hex),
}


def encode(value, depth, other):
    """`value` as what `json.dumps` can write. `other(value)` gives the list that stands for what is not plain."""
    kind = type(value)
    if value is None or kind is bool or kind is str:
        return value
    if kind is int and -_EXACT_FLOAT < value < _EXACT_FLOAT:
        return value
    if depth > _NESTING:
        raise Unsupported("a value nested too deeply to pass between the worlds of code and tests")
    if kind in _ENCODERS:
        tag, content = _ENCODERS[kind]
        encoded = content(value, depth + 1, other)
        if encoded is not None:
            return [tag, encoded]
    if id(value) in _NAME_OF_SHARED:
        return ["N", _NAME_OF_SHARED[id(value)]]
    return other(value)


_MOST_DECIMAL_EXPONENT = 100_000


def _to_decimal(text):
    value = decimal.Decimal(text)
    if value.is_finite() and abs(value.adjusted()) > _MOST_DECIMAL_EXPONENT:
        raise ValueError
    return value


def _to_array(content):
    made = array.array(content[0])
    made.frombytes(bytes.fromhex(content[1]))
    return made


_DECODERS = {
    "i": lambda c, o: int(c, 16),
    "f": lambda c, o: float(c),
    "c": lambda c, o: complex(float(c[0]), float(c[1])),
    "l": lambda c, o: [decode(item, o) for item in c],
    "t": lambda c, o: tuple([decode(item, o) for item in c]),
    "s": lambda c, o: {decode(item, o) for item in c},
    "z": lambda c, o: frozenset([decode(item, o) for item in c]),
    "d": lambda c, o: {decode(k, o): decode(v, o) for k, v in c},
    "b": lambda c, o: bytes.fromhex(c),
    "B": lambda c, o: bytearray.fromhex(c),
    "r": lambda c, o: range(*[int(n, 16) for n in c]),
    "S": lambda c, o: slice(*[decode(item, o) for item in c]),
    "e": lambda c, o: ...,
    "n": lambda c, o: NotImplemented,
    "D": lambda c, o: _to_decimal(c),
    "R": lambda c, o: fractions.Fraction(int(c[0], 16), int(c[1], 16)),
    "da": lambda c, o: datetime.date.fromisoformat(c),
    "dt": lambda c, o: datetime.datetime.fromisoformat(c),
    "ti": lambda c, o: datetime.time.fromisoformat(c),
    "td": lambda c, o: datetime.timedelta(*c),
    "C": lambda c, o: collections.Counter({decode(k, o): decode(v, o) for k, v in c}),
    "O": lambda c, o: collections.OrderedDict([(decode(k, o), decode(v, o)) for k, v in c]),
    "q": lambda c, o: collections.deque([decode(item, o) for item in c[1]], c[0]),
    "a": lambda c, o: _to_array(c),
    "p": lambda c, o: pathlib.PosixPath(c),
    "pp": lambda c, o: pathlib.PurePosixPath(c),
    "u": lambda c, o: uuid.UUID(hex=c),
    "N": lambda c, o: _SHARED[c],
}


def decode(encoded, other):
    """The value that `encode` wrote. `other(encoded)` is asked for tags that are not plain data; anything may be raised."""
    if encoded is None or type(encoded) in (bool, str, int):
        return encoded
    tag, content = encoded[0], encoded[-1]
    if tag in _DECODERS and len(encoded) == 2:
        return _DECODERS[tag](content, other)
    return other(encoded)


_dump = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode
_parse = json.JSONDecoder().decode


def to_text(message):
    """A message as ASCII text; too long ones are refused."""
    text = _dump(message)
    if len(text) > MESSAGE_CHARACTERS:
        raise Unsupported("a value too large to pass between the worlds of code and tests")
    return text
