"""Rewrites tests so that the harness can count: asserts that held, and calls of the entry point that returned.

Part of the harness (see harness.py). The program must not be able to see or replace the counters, so they don't stand in
its namespace: a call is written as a call of a marker text, and the markers in the compiled code's constants are then
exchanged for the functions themselves.
"""

import ast
import operator
import types
import warnings

_COMPARISONS = {
    "Eq": operator.eq,
    "NotEq": operator.ne,
    "Lt": operator.lt,
    "LtE": operator.le,
    "Gt": operator.gt,
    "GtE": operator.ge,
    "Is": operator.is_,
    "IsNot": operator.is_not,
    "In": lambda left, right: left in right,
    "NotIn": lambda left, right: left not in right,
}
_MARK_TRUTH = "\0harness: truth"
_MARK_COMPARE = "\0harness: compare"
_MARK_RETURNED = "\0harness: returned"


class Tally:
    """What was counted so far, and the last assert that did not hold: (source,) or (source, left, right)."""

    def __init__(self):
        self.asserts = 0
        self.calls = 0
        self.failure = None

    def truth(self, source, value):
        if value:
            self.asserts += 1
            return True
        self.failure = (source,)
        return False

    def compare(self, source, name, left, right):
        if _COMPARISONS[name](left, right):
            self.asserts += 1
            return True
        self.failure = (source, left, right)
        return False

    def returned(self, value):
        self.calls += 1
        return value


class _Marker(ast.NodeTransformer):
    def __init__(self, source, entry_point):
        self.source = source
        self.entry_point = entry_point
        self.asserts = 0

    def _call(self, mark, *arguments):
        return ast.Call(ast.Constant(mark), list(arguments), [])

    def visit_Assert(self, node):
        self.asserts += 1
        text = ast.Constant(ast.get_source_segment(self.source, node.test) or ast.unparse(node.test))
        self.generic_visit(node)
        test = node.test
        if isinstance(test, ast.Compare) and len(test.ops) == 1:
            name = ast.Constant(type(test.ops[0]).__name__)
            marked = self._call(_MARK_COMPARE, text, name, test.left, test.comparators[0])
        else:
            marked = self._call(_MARK_TRUTH, text, test)
        node.test = ast.copy_location(marked, test)
        return node

    def visit_Call(self, node):
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == self.entry_point:
            return ast.copy_location(self._call(_MARK_RETURNED, node), node)
        return node


def _exchange(code, functions):
    constants = []
    for constant in code.co_consts:
        if type(constant) is types.CodeType:
            constant = _exchange(constant, functions)
        elif type(constant) is str and constant in functions:
            constant = functions[constant]
        constants.append(constant)
    return code.replace(co_consts=tuple(constants))


class Tests:
    """Tests compiled once; `code` makes a runnable copy that counts into a tally of its own."""

    def __init__(self, source, entry_point, filename="<tests>"):
        tree = ast.parse(source, filename)
        if filename == "<step>" and len(tree.body) == 1 and isinstance(tree.body[0], ast.Expr):
            tree.body[0] = ast.copy_location(ast.Assert(tree.body[0].value), tree.body[0])
        marker = _Marker(source, entry_point)
        tree = ast.fix_missing_locations(marker.visit(tree))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._compiled = compile(tree, filename, "exec", dont_inherit=True, optimize=0)
        self.asserts = marker.asserts

    def code(self, tally):
        """The code object whose counters are those of `tally`."""
        functions = {
            _MARK_TRUTH: tally.truth,
            _MARK_COMPARE: tally.compare,
            _MARK_RETURNED: tally.returned,
        }
        return _exchange(self._compiled, functions)
