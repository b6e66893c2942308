"""The world of the tests in split mode: the namespace that they run in, and the verb that runs them.

Part of the harness (see harness.py). Names that the tests don't define are the interpreter's, the library's as the code
imports it, and then the code's own, asked for in its world.
"""

import ast
import builtins
import types


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


# Methods by which a container is changed.
_CHANGES = frozenset(
    "append extend insert pop popitem remove clear update add discard sort reverse setdefault appendleft popleft".split()
)


def _changes_containers(tree):
    """Whether tests assign to elements or call what changes a container."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
            return True
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _CHANGES:
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
        _link.changing = _changes_containers(tree)
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
