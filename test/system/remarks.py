# Whether texts lost their comments and docstrings and nothing else, by Python's own tokenizer and syntax tree. In: JSON list of
# [before, after]; out: for each why it is wrong, or null, or "unread" where this Python can't read the text.
import ast
import io
import json
import sys
import tokenize

SILENT = {tokenize.COMMENT, tokenize.NL}


def without_docstrings(tree):
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
            if ast.get_docstring(node, clean=False) is not None:
                node.body = node.body[1:] or ([] if isinstance(node, ast.Module) else [ast.Pass()])
    return ast.dump(tree)


def tokens(text):
    return [(t.type, t.string) for t in tokenize.generate_tokens(io.StringIO(text).readline)]


def verdict(kind, before, after):
    try:
        tree = ast.parse(before)
    except (SyntaxError, ValueError, RecursionError):
        return "unread"
    try:
        after_tree = ast.parse(after)
    except SyntaxError as error:
        return f"syntax error: {error}"
    expected = without_docstrings(tree) if "docstrings" in kind else ast.dump(tree)
    if ast.dump(after_tree) != expected:
        return "another tree"
    left = tokens(after)
    if "comments" in kind and any(kind == tokenize.COMMENT for kind, _ in left):
        return "a comment is left"
    if kind == ["comments"]:
        # An indentation is told where its first statement stands, so only the order of the rest counts.
        own = [t for t in tokens(before) if t[0] not in SILENT]
        if own != [t for t in left if t[0] not in SILENT]:
            return "other tokens"
    return None


print(json.dumps([verdict(*job) for job in json.load(sys.stdin)]))
