# The extraction of `selfalign extract` in Python, for comparison: qualified name, lines, docstring, whether a value is
# returned, parameters, annotations and complexity of each function. `reference.py ast|tree-sitter LIST PROCESSES`, rows as JSON.
import ast
import json
import multiprocessing
import os
import sys
import time
import warnings

warnings.simplefilter("ignore")
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
BRANCHES = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.With, ast.AsyncWith)


def own_nodes(function):
    pending = list(function.body)
    while pending:
        node = pending.pop()
        yield node
        if not isinstance(node, (*FUNCTIONS, ast.ClassDef, ast.Lambda)):
            pending.extend(ast.iter_child_nodes(node))


def by_ast(text):
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    rows = []

    def visit(node, prefix):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, FUNCTIONS):
                a = child.args
                params = [*a.posonlyargs, *a.args, *a.kwonlyargs, *(p for p in (a.vararg, a.kwarg) if p)]
                own = list(own_nodes(child))
                rows.append(
                    (
                        prefix + child.name,
                        child.lineno,
                        child.end_lineno,
                        ast.get_docstring(child),
                        any(isinstance(n, ast.Return) and n.value is not None for n in own),
                        len(params),
                        sum(p.annotation is not None for p in params),
                        child.returns is not None,
                        1 + sum(isinstance(n, BRANCHES) for n in own),
                    )
                )
                visit(child, f"{prefix}{child.name}.<locals>.")
            elif isinstance(child, ast.ClassDef):
                visit(child, f"{prefix}{child.name}.")
            else:
                visit(child, prefix)

    visit(tree, "")
    return rows


NAMED = {"identifier", "typed_parameter", "default_parameter", "typed_default_parameter", "list_splat_pattern", "dictionary_splat_pattern"}
NODES = {"if_statement", "elif_clause", "for_statement", "while_statement", "except_clause", "with_statement"}


def by_tree_sitter(text):
    source = text.encode()
    rows = []

    def own(node):
        pending = list(node.children)
        while pending:
            child = pending.pop()
            yield child
            if child.type not in ("function_definition", "class_definition", "lambda"):
                pending.extend(child.children)

    def visit(node, prefix):
        for child in node.children:
            if child.type == "function_definition":
                name = prefix + child.child_by_field_name("name").text.decode()
                body = child.child_by_field_name("body")
                params = [p for p in child.child_by_field_name("parameters").named_children if p.type in NAMED]
                first = body.named_children[0] if body and body.named_children else None
                is_doc = first is not None and first.type == "expression_statement" and first.named_children and first.named_children[0].type == "string"
                inside = list(own(body)) if body else []
                rows.append(
                    (
                        name,
                        child.start_point[0] + 1,
                        child.end_point[0] + 1,
                        first.text.decode() if is_doc else None,
                        any(n.type == "return_statement" and n.named_child_count for n in inside),
                        len(params),
                        sum(p.type in ("typed_parameter", "typed_default_parameter") for p in params),
                        child.child_by_field_name("return_type") is not None,
                        1 + sum(n.type in NODES for n in inside),
                    )
                )
                visit(child, f"{name}.<locals>.")
            elif child.type == "class_definition":
                visit(child, f"{prefix}{child.child_by_field_name('name').text.decode()}.")
            else:
                visit(child, prefix)

    visit(PARSER.parse(source).root_node, "")
    return rows


def parser():
    import tree_sitter
    import tree_sitter_python

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_python.language()))


sys.setrecursionlimit(20_000)
mode, path, processes = sys.argv[1], sys.argv[2], int(sys.argv[3])
texts = json.load(open(path))
if mode == "tree-sitter":
    PARSER = parser()
extract = by_ast if mode == "ast" else by_tree_sitter
begun, cpu_begun = time.perf_counter(), time.process_time()
if processes == 1:
    functions = sum(len(extract(text)) for text in texts)
else:
    with multiprocessing.Pool(processes) as pool:
        functions = sum(len(rows) for rows in pool.imap(extract, texts, chunksize=32))
        pool.close()
        pool.join()
seconds = time.perf_counter() - begun
# The pool's processes have ended, so the system has counted them.
children = os.times()
cpu = time.process_time() - cpu_begun + children.children_user + children.children_system
megabytes = sum(len(text.encode()) for text in texts) / 1e6
what = f"Python: {mode}, {processes} process{'' if processes == 1 else 'es'}"
print(json.dumps([{"what": what, "files": len(texts), "megabytes": megabytes, "functions": functions, "seconds": seconds, "cpuSeconds": cpu}]))
