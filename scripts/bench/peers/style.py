"""What Python's own style tools say about each text of a JSON list on standard input, as a JSON list.

Per text null where this Python cannot parse it, else the findings of pycodestyle (its defaults) as `code:line`, the
codes of pydocstyle (pep257 convention), and the complexity of each function by line, by mccabe and by radon.
"""

import ast
import json
import sys
import warnings

import mccabe
import pycodestyle
from pydocstyle.checker import ConventionChecker
from pydocstyle.violations import conventions
from radon.visitors import ComplexityVisitor


class Collected(pycodestyle.BaseReport):
    """Keeps every finding, where pycodestyle would print the first of its kind."""

    def init_file(self, *arguments):
        self.found = []
        super().init_file(*arguments)

    def error(self, line, offset, text, check):
        code = super().error(line, offset, text, check)
        if code:
            self.found.append(f"{code}:{line}")


def pep8(text):
    style = pycodestyle.StyleGuide(reporter=Collected, config_file=None)
    lines = text.splitlines(keepends=True)
    pycodestyle.Checker("x.py", lines=lines, options=style.options).check_all()
    return style.options.report.found


def docstrings(text):
    found = ConventionChecker().check_source(text, "x.py", ignore_inline_noqa=True)
    return [error.code for error in found if error.code in conventions.pep257]


def by_mccabe(tree):
    visitor = mccabe.PathGraphingAstVisitor()
    visitor.preorder(tree, visitor)
    blocks = ("If ", "Loop ", "TryExcept ")
    return {g.lineno: g.complexity() for g in visitor.graphs.values() if not g.entity.startswith(blocks)}


def by_radon(tree):
    visitor = ComplexityVisitor.from_ast(tree)
    waiting, found = [*visitor.functions, *visitor.classes], {}
    while waiting:
        block = waiting.pop()
        if hasattr(block, "methods"):
            waiting += [*block.methods, *block.inner_classes]
        else:
            found[block.lineno] = block.complexity
            waiting += block.closures
    return found


def facts(text):
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return None
    return {
        "pep8": pep8(text),
        "docstrings": docstrings(text),
        "mccabe": by_mccabe(tree),
        "radon": by_radon(tree),
    }


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    json.dump([facts(text) for text in json.load(sys.stdin)], sys.stdout)
