"""EvalPlus's runner, from the package evalplus: it calls the entry point itself and compares with expected values.

It knows no asserts, so only tests of the form `assert f(LITERALS) == LITERAL` can be put to it.
"""

import ast

from evalplus.eval import PASS, untrusted_check


def _cases(tests, entry_point):
    """Inputs and expected values, or None where a statement has another form."""
    inputs, expected = [], []
    for statement in ast.parse(tests).body:
        match statement:
            case ast.Assert(
                test=ast.Compare(
                    left=ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]),
                    ops=[ast.Eq()],
                    comparators=[value],
                )
            ) if name == entry_point:
                try:
                    inputs.append([ast.literal_eval(argument) for argument in arguments])
                    expected.append(ast.literal_eval(value))
                except ValueError:
                    return None
            case _:
                return None
    return inputs, expected


def accepts(program, timeout_s):
    cases = _cases(program["tests"], program["entryPoint"])
    if cases is None:
        return None
    inputs, expected = cases
    status, _ = untrusted_check(
        "humaneval",
        program["code"],
        inputs,
        program["entryPoint"],
        expected,
        0,
        [0.0] * len(inputs),
        fast_check=True,
        min_time_limit=timeout_s,
    )
    return status == PASS
