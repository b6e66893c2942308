"""The world of the code in split mode: holds the module and does what the world of the tests asks, a message at a time.

Part of the harness (see harness.py). The program may do here what it likes, with these functions too: all that leaves is
text, and the other side believes none of it. Tests, nonce and verdict are never in this world.

A request is `[verb, ...]`; the reply is `["v", value, ...]`, or `["x", classes, arguments, attributes, text, line]` for
an exception. Objects that are not plain data stay here; the other side holds a number: `["h", kind, details, number]`.
"""

import array
import asyncio
import collections
import io
import operator
import types

_module_type = types.ModuleType
_objects = {}
_numbers = {}
_MUTABLE = (list, dict, set, bytearray, collections.deque, collections.Counter, collections.OrderedDict)
_MUTABLE += (array.array, io.BytesIO, io.StringIO)
_HOLDERS = (list, tuple, dict, set, frozenset, collections.deque, collections.Counter, collections.OrderedDict)
_FUNCTIONS = (types.FunctionType, types.BuiltinFunctionType, types.MethodType)
_SCALAR_TYPES = (int, float, str, bytes)


def _number_of(value):
    """The number under which the other side knows this object; it is kept, so that the number stays its own."""
    number = _numbers.get(id(value))
    if number is None:
        number = _numbers[id(value)] = len(_objects) + 1
        _objects[number] = value
    return number


def _class_names(kind):
    """`module.qualname` of a class and its bases, nearest first."""
    return [f"{base.__module__}.{base.__qualname__}" for base in type.mro(kind)]


def _refer(value):
    kind = type(value)
    if isinstance(value, type):
        if issubclass(value, BaseException):
            return ["h", "exception", _class_names(value), _number_of(value)]
        return ["h", "class", value.__name__, _number_of(value)]
    if isinstance(value, _module_type):
        return ["h", "module", value.__name__, _number_of(value)]
    if isinstance(value, tuple) and hasattr(kind, "_fields"):
        return ["h", "named", [kind.__name__, list(kind._fields), _items(value, 1, _refer)], 0]
    # A whole number is one whatever its class says of it; the class and its methods are lost.
    for scalar in _SCALAR_TYPES:
        if issubclass(kind, scalar):
            return ["h", "scalar", encode(scalar.__getnewargs__(value)[0], 1, _refer), 0]
    if issubclass(kind, collections.defaultdict):
        return ["h", "defaults", _pairs(value, 1, _refer), 0]
    return ["h", "function" if isinstance(value, _FUNCTIONS) else "object", kind.__name__, _number_of(value)]


def _held(encoded):
    return _objects[encoded[-1]]


def _taken(encoded):
    return decode(encoded, _held)


def _raised(error):
    arguments = []
    for argument in getattr(error, "args", ()):
        try:
            arguments.append(encode(argument, 0, _refer))
        except BaseException:
            arguments.append(None)
    attributes = []
    for name, value in (getattr(error, "__dict__", None) or {}).items():
        try:
            attributes.append([name, encode(value, 0, _refer)])
        except BaseException:
            pass
    try:
        text = str(error)
    except BaseException:
        text = ""
    return ["x", _class_names(type(error)), arguments, attributes, text, _line(error, "<solution>")]


def _call(number, arguments, named):
    function = _objects[number]
    everything = []
    for argument in [*arguments, *[value for _, value in named]]:
        again = type(argument) is list and argument[0] == "same"
        everything.append(everything[argument[1]] if again else _taken(argument))
    count = len(arguments)
    names = [name for name, _ in named]
    result = function(*everything[:count], **dict(zip(names, everything[count:])))
    if isinstance(result, types.CoroutineType):
        result = asyncio.run(result)
        return ["v", ["h", "awaited", encode(result, 0, _refer), 0], [], 0]
    for at, argument in enumerate(everything):
        if result is argument and type(argument) in _MUTABLE:
            value = ["h", "argument", at, 0]
            break
    else:
        value = encode(result, 0, _refer)
    changed = [
        [at, encode(argument, 0, _refer)]
        for at, argument in enumerate(everything)
        if type(argument) in _MUTABLE
    ]
    handed, inside = set(), set()
    _note_containers(everything, handed)
    _note_containers([result] if not _is_argument(value) else [], inside)
    return ["v", value, changed, len(handed & inside)]


def _is_argument(value):
    return type(value) is list and value[:2] == ["h", "argument"]


def _note_containers(values, noted, depth=0):
    """Notes the identities of containers that can be changed, and of those in them."""
    for value in values:
        kind = type(value)
        if kind in _MUTABLE:
            if id(value) in noted:
                continue
            noted.add(id(value))
        if depth < _NESTING and kind in _HOLDERS:
            _note_containers(dict.values(value) if isinstance(value, dict) else value, noted, depth + 1)


def _next(number):
    try:
        return ["v", encode(next(_objects[number]), 0, _refer), 1]
    except StopIteration:
        return ["v", None, 0]


def _set(number, name, value):
    setattr(_objects[number], name, _taken(value))


def _operate(name, *arguments):
    return _OPERATIONS[name](*[_taken(argument) for argument in arguments])


_OPERATIONS = {
    "iter": iter,
    "len": len,
    "bool": bool,
    "str": str,
    "repr": repr,
    "format": format,
    "int": int,
    "float": float,
    "complex": complex,
    "index": operator.index,
    "round": round,
    "reversed": reversed,
    "getitem": operator.getitem,
    "setitem": operator.setitem,
    "delitem": operator.delitem,
    "isinstance": isinstance,
    "issubclass": issubclass,
    "dir": dir,
    "enter": lambda manager: type(manager).__enter__(manager),
    "exit": lambda manager: type(manager).__exit__(manager, None, None, None),
    "hash": hash,
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "matmul": operator.matmul,
    "truediv": operator.truediv,
    "floordiv": operator.floordiv,
    "mod": operator.mod,
    "pow": operator.pow,
    "and": operator.and_,
    "or": operator.or_,
    "xor": operator.xor,
    "neg": operator.neg,
    "pos": operator.pos,
    "invert": operator.invert,
    "abs": operator.abs,
}


def serve(text):
    """One request of the other side, answered; called over and over after `host`."""
    try:
        verb, *rest = _parse(text)
        if verb == "call":
            reply = _call(*rest)
        elif verb == "next":
            reply = _next(*rest)
        elif verb == "get":
            reply = ["v", encode(getattr(_module, rest[0]), 0, _refer)]
        elif verb == "attr":
            reply = ["v", encode(getattr(_objects[rest[0]], rest[1]), 0, _refer)]
        elif verb == "set":
            _set(*rest)
            reply = ["v", None]
        elif verb == "delete":
            delattr(_objects[rest[0]], rest[1])
            reply = ["v", None]
        else:
            reply = ["v", encode(_operate(verb, *rest), 0, _refer)]
        return to_text(reply)
    except Unsupported as refusal:
        return to_text(["u", str(refusal)])
    except BaseException as error:
        return to_text(_raised(error))
