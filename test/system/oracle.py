# What CPython itself says about the functions of a text: `ast`, `symtable`, and the package mccabe where there is one.
# Defines facts(text) -> JSON; run inside any Python that parses the text.
import ast
import json
import pathlib
import symtable
import sys
import types
import warnings

warnings.simplefilter("ignore")


def install(files):
    """Writes packages (JSON pairs of path and source) where imports find them."""
    for path, source in json.loads(files):
        target = pathlib.Path(path)
        target.parent.mkdir(exist_ok=True)
        target.write_text(source)
    sys.path.insert(0, str(pathlib.Path.cwd()))


FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def own_nodes(function):
    """Nodes of the function's own body, without those of functions and classes in it."""
    pending = list(function.body)
    while pending:
        node = pending.pop()
        yield node
        if not isinstance(node, (*FUNCTIONS, ast.ClassDef, ast.Lambda)):
            pending.extend(ast.iter_child_nodes(node))


def parameters(function):
    a = function.args
    rows = [(p, "positional-only") for p in a.posonlyargs]
    rows += [(p, "positional") for p in a.args]
    rows += [(a.vararg, "var-positional")] if a.vararg else []
    rows += [(p, "keyword-only") for p in a.kwonlyargs]
    rows += [(a.kwarg, "var-keyword")] if a.kwarg else []
    return [[p.arg, kind, p.annotation is not None] for p, kind in rows]


def function_facts(function, qualname):
    returns = any(isinstance(n, ast.Return) and n.value is not None for n in own_nodes(function))
    return {
        "name": function.name,
        "qualname": qualname,
        "line": function.lineno,
        "startLine": min([function.lineno, *(d.lineno for d in function.decorator_list)]),
        "endLine": function.end_lineno,
        "async": isinstance(function, ast.AsyncFunctionDef),
        "docstring": ast.get_docstring(function),
        "returnsValue": returns,
        "parameters": parameters(function),
        "returnAnnotated": function.returns is not None,
    }


def qualnames(code, found):
    """True qualified names, by first line and name; `global` makes them differ from where a function stands."""
    for constant in code.co_consts:
        if hasattr(constant, "co_qualname"):
            found[constant.co_firstlineno, constant.co_name] = constant.co_qualname
            qualnames(constant, found)


def walk(node, prefix, out):
    for child in ast.iter_child_nodes(node):
        if isinstance(child, FUNCTIONS):
            out.append(function_facts(child, prefix + child.name))
            walk(child, f"{prefix}{child.name}.<locals>.", out)
        elif isinstance(child, ast.ClassDef):
            walk(child, f"{prefix}{child.name}.", out)
        else:
            walk(child, prefix, out)


def global_names(table, out):
    for symbol in table.get_symbols():
        if symbol.is_global() and symbol.is_referenced():
            out.add(symbol.get_name())
    for child in table.get_children():
        global_names(child, out)


def function_tables(table):
    """Tables of the module's own functions, those with type parameters too."""
    for child in table.get_children():
        kind = getattr(child.get_type(), "value", child.get_type())
        if kind == "function":
            yield child
        elif kind == "type parameters":
            yield from function_tables(child)


def free_names(text):
    found = {}
    for table in function_tables(symtable.symtable(text, "text", "exec")):
        names = set()
        global_names(table, names)
        found[f"{table.get_lineno()}:{table.get_name()}"] = sorted(names)
    return found


def complexities(tree):
    """mccabe's figures by line and column of `def`; a function defined twice under one name shows once."""
    try:
        import mccabe
    except ImportError:
        return None
    visitor = mccabe.PathGraphingAstVisitor()
    visitor.preorder(tree, visitor)
    return {str(g.lineno): g.complexity() for g in visitor.graphs.values() if not g.entity.startswith(("If ", "Loop ", "TryExcept "))}


def radon_complexities(tree):
    try:
        from radon.visitors import ComplexityVisitor
    except ImportError:
        return None
    visitor = ComplexityVisitor.from_ast(tree)
    found = {}
    pending = [*visitor.functions, *visitor.classes]
    while pending:
        block = pending.pop()
        if hasattr(block, "methods"):
            pending += [*block.methods, *block.inner_classes]
        else:
            found[str(block.lineno)] = block.complexity
            pending += block.closures
    return found


def facts(text):
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError):
        return json.dumps(None)
    functions = []
    walk(tree, "", functions)
    compiled = {}
    if "global " in text:
        qualnames(compile(tree, "text", "exec"), compiled)
    for function in functions:
        place = function["startLine"], function["name"]
        function["qualname"] = compiled.get(place, function["qualname"])
    return json.dumps(
        {
            "functions": functions,
            "freeNames": free_names(text),
            "mccabe": complexities(tree),
            "radon": radon_complexities(tree),
        }
    )


def import_problem(code, entry_point):
    """Empty where the code can be imported and its entry point called by name, otherwise what went wrong."""
    module = types.ModuleType("solution")
    sys.modules["solution"] = module
    try:
        exec(compile(code, "solution", "exec"), module.__dict__)
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
    return "" if callable(getattr(module, entry_point, None)) else "not callable"
