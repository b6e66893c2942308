"""Tests of a task that has inputs and a reference solution where others have asserts: both are called and must agree.

What agreeing means is EvalPlus's rule: equal; or, where a float, or only floats, is expected, or the task names a
tolerance, of the same type and length and as near as the tolerance says.
"""

import copy
import json
import math

RELATIVE = 1e-7
ABSOLUTE = 1e-6  # where a float is expected and the task names no tolerance


def only_floats(value):
    if isinstance(value, (list, tuple)) and value:
        return all(isinstance(item, float) for item in value)
    return isinstance(value, float)


def near(got, wanted, tolerance):
    if isinstance(wanted, (list, tuple)):
        return len(got) == len(wanted) and all(near(a, b, tolerance) for a, b in zip(got, wanted))
    return got == wanted or abs(got - wanted) <= tolerance + RELATIVE * abs(wanted)


def agrees(got, wanted, tolerance):
    if got == wanted:
        return True
    if tolerance == 0 and only_floats(wanted):
        tolerance = ABSOLUTE
    return tolerance != 0 and type(got) is type(wanted) and near(got, wanted, tolerance)


def is_root(coefficients, x, tolerance):
    return abs(sum(c * math.pow(x, power) for power, c in enumerate(coefficients))) <= tolerance


def check_row(text, candidate):
    row = json.loads(text)  # here and not before, where 1.0 would have become 1
    name, tolerance = row["entry_point"], row["atol"]
    space = {"__name__": "reference"}
    exec(row["prompt"] + row["canonical_solution"], space)
    for arguments in row["base_input"] + row["plus_input"]:
        wanted = space[name](*copy.deepcopy(arguments))
        got = candidate(*arguments)
        if name == "find_zero":  # HumanEval/32: any root is right
            assert is_root(*arguments, got, tolerance)
        else:
            assert agrees(got, wanted, tolerance)
