"""Laws of verdicts, from one shared sandbox with the layers that this machine has."""

import textwrap

import pytest

from codelm_jax.sandbox.pool import Sandbox
from codelm_jax.sandbox.verdict import Job, SandboxError


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(workers=2, timeout_seconds=1.0) as pool:
        yield pool


def judge(sandbox, program, check="assert candidate(2) == 4", prompt=""):
    body = textwrap.indent(textwrap.dedent(check), "    ")
    return sandbox.judge(textwrap.dedent(program), f"def check(candidate):\n{body}\n", "f", prompt=prompt)


GOOD = "def f(x):\n    return 2 * x\n"


@pytest.mark.parametrize(
    ("program", "outcome", "rung", "exception"),
    [
        (GOOD, "passed", "passes", ""),
        ("def f(x: return", "syntax error", "nothing", "SyntaxError"),
        ("x = 1\0", "syntax error", "nothing", "SyntaxError"),
        ("def f(x):\n  return 1\n   return 2", "syntax error", "nothing", "IndentationError"),
        ("def g(x):\n    return 4", "no entry point", "parses", ""),
        ("f = 4", "no entry point", "parses", ""),
        ("import nothing_of_that_name", "runtime error", "parses", "ModuleNotFoundError"),
        ("def f(x):\n    return y", "runtime error", "defines", "NameError"),
        ("class E(ValueError): pass\ndef f(x):\n    raise E", "runtime error", "defines", "ValueError"),
        ("def f(x):\n    return f(x)", "runtime error", "defines", "RecursionError"),
        ("def f(x):\n    raise SystemExit", "runtime error", "defines", "SystemExit"),
        ("def f(x):\n    return 5", "wrong answer", "runs", "AssertionError"),
        ("def f(x):\n    return lambda: 4", "wrong answer", "runs", "AssertionError"),
        ("def f(x):\n    while True: pass", "timeout", "defines", ""),
        ("while True: pass", "timeout", "parses", ""),
        ("def f(x):\n    return [0] * 10**9", "resource limit", "defines", "MemoryError"),
        ("def f(x):\n    return 'x' * 2**25", "resource limit", "defines", "MemoryError"),
        ("import os\ndef f(x):\n    os._exit(0)", "crashed", "defines", ""),
    ],
)
def test_outcome_names_the_first_failure(sandbox, program, outcome, rung, exception):
    verdict = judge(sandbox, program)
    assert (verdict.outcome, verdict.rung) == (outcome, rung)
    assert verdict.exception == exception or (outcome == "syntax error" and program == "x = 1\0")
    assert verdict.passed == (outcome == "passed")
    assert verdict.layers == sandbox.layers


def test_rungs_are_reached_from_below(sandbox):
    verdict = judge(sandbox, "def f(x):\n    return 5")
    assert [verdict.reached(rung) for rung in ("parses", "defines", "runs", "passes")] == [
        True,
        True,
        True,
        False,
    ]


def test_answered_calls_are_counted(sandbox):
    assert judge(sandbox, GOOD, "for n in range(50): assert candidate(n) == 2 * n").calls == 50
    assert (
        judge(
            sandbox,
            "def f(x):\n    while x > 2: pass\n    return 2 * x",
            "candidate(1); candidate(2); candidate(3)",
        ).calls
        == 2
    )


def test_a_check_that_calls_nothing_does_not_pass(sandbox):
    assert judge(sandbox, GOOD, "assert True").outcome == "broken check"


@pytest.mark.parametrize("check", ["assert candidate(", "assert helper(1) == 1"])
def test_a_check_that_fails_on_its_own_is_broken(sandbox, check):
    assert judge(sandbox, GOOD, check).outcome == "broken check"


def test_an_argument_that_cannot_cross_is_the_checks_fault(sandbox):
    assert judge(sandbox, GOOD, "candidate(2); candidate(lambda: 1)").outcome == "broken check"


def test_plain_asserts_call_the_entry_point_by_name(sandbox):
    verdict = sandbox.judge(GOOD, "n = 2\nassert f(n) == 4\nassert f(n + 1) == 6", "f")
    assert (verdict.outcome, verdict.calls) == ("passed", 2)
    assert sandbox.judge(GOOD, "assert f(1) == 2\nassert f(1) == 3", "f").outcome == "wrong answer"


def test_an_entry_point_may_be_called_check(sandbox):
    assert sandbox.judge("def check(n):\n    return n > 0\n", "assert check(1) == True", "check").passed


def test_helpers_of_the_prompt_are_the_judges_own(sandbox):
    prompt = "def helper(x):\n    return x + 1\n\ndef f(x):\n    'The helper undone.'\n"
    honest = prompt + "    return x - 1\n"
    check = "assert candidate(helper(5)) == 5"
    assert judge(sandbox, honest, check, prompt).passed
    forged = "def helper(x):\n    return 5\n\ndef f(x):\n    return x\n"
    assert judge(sandbox, forged, check, prompt).outcome == "wrong answer"


def test_a_prompt_may_stop_after_its_signature(sandbox):
    assert judge(sandbox, GOOD, prompt="def helper():\n    return 1\n\ndef f(x):").passed


def test_arguments_arrive_as_the_check_gave_them(sandbox):
    program = (
        "def f(*values, **named):\n    return [type(v).__name__ for v in values], sorted(named.items())\n"
    )
    check = """
    got = candidate((1,), [1], {1}, {1: 2}, 1.0, None, b"x", 10**30, int, key="v")
    assert got == (["tuple", "list", "set", "dict", "float", "NoneType", "bytes", "int", "type"], [("key", "v")])
    """
    assert judge(sandbox, program, check).passed


def test_arguments_are_passed_by_value(sandbox):
    program = "def f(values):\n    values.sort()\n    return values\n"
    check = "given = [3, 1, 2]\nassert candidate(given) == [1, 2, 3]\nassert given == [3, 1, 2]"
    assert judge(sandbox, program, check).passed


def test_a_candidate_keeps_its_state_between_calls_and_not_between_samples(sandbox):
    program = "seen = []\ndef f(x):\n    seen.append(x)\n    return len(seen)\n"
    check = "assert [candidate(0), candidate(0)] == [1, 2]"
    assert [judge(sandbox, program, check).passed for _ in range(3)] == [True] * 3


def test_exceptions_reach_the_check_as_their_builtin_class(sandbox):
    program = "class Special(KeyError): pass\ndef f(x):\n    raise Special(x) if x else ValueError('no')\n"
    check = """
    for argument, expected in ((1, KeyError), (0, ValueError)):
        try:
            candidate(argument)
        except expected as error:
            assert str(error)
        else:
            assert False
    """
    assert judge(sandbox, program, check).passed


def test_an_exception_that_the_check_expects_is_not_a_runtime_error_later(sandbox):
    program = "def f(x):\n    if x < 0: raise ValueError\n    return x\n"
    check = "try:\n    candidate(-1)\nexcept ValueError:\n    pass\nassert candidate(1) == 2"
    assert judge(sandbox, program, check).outcome == "wrong answer"


def test_the_check_cannot_swallow_the_loss_of_its_candidate(sandbox):
    program = "import os\ndef f(x):\n    os._exit(0)\n"
    check = "for _ in range(3):\n    try:\n        candidate(1)\n    except BaseException:\n        pass"
    assert judge(sandbox, program, check).outcome == "crashed"


def test_standard_library_works_inside(sandbox):
    program = """
    import collections, dataclasses, decimal, heapq, random, re, statistics, string, tempfile, threading, typing
    import colorsys, zipfile, graphlib

    @dataclasses.dataclass
    class Point:
        x: "int"

    def f(x):
        with tempfile.TemporaryFile() as file:
            file.write(b"kept")
        with open("notes.txt", "w") as file:
            file.write("kept")
        result = []
        thread = threading.Thread(target=lambda: result.append(open("notes.txt").read()))
        thread.start()
        thread.join()
        return [Point(x).x, heapq.nlargest(1, [1, x]), str(decimal.Decimal(1) / 3)[:5], result, random.random() < 1]
    """
    assert judge(sandbox, program, 'assert candidate(2) == [2, [2], "0.333", ["kept"], True]').passed


def test_verdicts_keep_the_order_of_the_jobs(sandbox):
    jobs = [
        Job(
            f"import time\ndef f(x):\n    time.sleep({(5 - n) / 50})\n    return {n}",
            f"assert f(0) == {n // 2 * 2}",
            "f",
        )
        for n in range(6)
    ]
    seen = {}
    verdicts = sandbox.judge_all(iter(jobs), progress=seen.__setitem__)
    assert [verdict.passed for verdict in verdicts] == [True, False] * 3
    assert [seen[n] for n in range(6)] == verdicts
    assert sandbox.judge_all([]) == []


def test_an_interrupted_run_closes_the_sandbox():
    def stop(index, verdict):
        raise KeyboardInterrupt

    with Sandbox(workers=1, timeout_seconds=1.0) as pool:
        with pytest.raises(KeyboardInterrupt):
            pool.judge_all([Job(GOOD, "assert f(1) == 2", "f")] * 3, progress=stop)
        with pytest.raises(SandboxError, match="closed"):
            pool.judge(GOOD, "assert f(1) == 2", "f")


def test_a_check_that_passes_may_hand_back_an_answer(sandbox):
    verdict = judge(sandbox, GOOD, "global __answer__\n__answer__ = [candidate(2), {'a': (candidate(1.5),)}]")
    assert verdict.answer == [4, {"a": (3.0,)}]
    failing = judge(sandbox, GOOD, "global __answer__\n__answer__ = candidate(2)\nassert False")
    assert (failing.outcome, failing.answer) == ("wrong answer", None)
