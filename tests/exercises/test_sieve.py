"""Decontamination and faults, on drafts written by hand."""

import pytest
from exercise_toys import PAIR, draft, mini_problems

from codelm_jax.exercises.sieve import Sieve
from codelm_jax.sandbox.pool import Sandbox


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(workers=1, timeout_seconds=4.0) as pool:
        yield pool


def reason(sandbox, candidate):
    sieve = Sieve(sandbox, mini_problems())
    (finding,) = sieve.passed([candidate])
    assert (finding is None) == bool(sieve.dropped)
    return next(iter(sieve.dropped), "")


@pytest.mark.parametrize(
    ("candidate", "level"),
    [
        (draft("return a + b", *PAIR, name="total_of_both"), "level 2: body of a task's solution"),
        (draft("return a * 3 - b", *PAIR, name="add"), "level 2: entry point of a task"),
        (draft("return a * 3 - b", *PAIR, ask="the sum of a and b"), "level 2: wording of a task"),
        (draft("c = b\nc += a\nreturn c", *PAIR), "level 3: passes a task's tests"),
        (draft("return a if not a < b else b", *PAIR), "level 3: passes a task's tests"),
        (draft("return [v for v in xs][::-1]", ("xs", "items")), "level 3: passes a task's tests"),
        (draft("return a * 3 - b", *PAIR), ""),
        (draft("return a - b if a > b else a + b", *PAIR), ""),
    ],
)
def test_a_task_in_disguise_is_dropped_and_nothing_else(sandbox, candidate, level):
    assert reason(sandbox, candidate) == level


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("return a // 0", "raises on most inputs"),
        ("return 7", "has one value for all inputs"),
        ("while True:\n    a += 1", "raises on most inputs"),
        ("for _ in range(10 ** 9):\n    pass\nreturn a", "raises on most inputs"),
        ("return combine(a - 1, b) + combine(a - 1, b) if a > -90 else 0", "raises on most inputs"),
        ("return sum(1 for _ in itertools.combinations(range(60), 8)) + a", "raises on most inputs"),
        ("return (3 ** 10 ** 8 + a) % 7", "raises on most inputs"),
        ("return math.factorial(10 ** 6 + abs(a)) % 7", "raises on most inputs"),
    ],
)
def test_a_function_that_teaches_nothing_is_dropped(sandbox, body, fault):
    assert reason(sandbox, draft(body, *PAIR)) == fault


def test_a_function_that_kills_the_process_takes_no_other_with_it(sandbox):
    sieve = Sieve(sandbox, mini_problems())
    bodies = ["return a * 3 - b", "import os\nos._exit(0)", "return a - 2 * b", "return 3 * (a - b)"]
    found = sieve.passed([draft(body, *PAIR) for body in bodies])
    assert [finding is not None for finding in found] == [True, False, True, True]
    assert sieve.dropped == {"does not run: crashed": 1}


def test_tests_are_what_the_function_returned(sandbox):
    (finding,) = Sieve(sandbox, []).passed([draft("return [a, str(b)]", *PAIR, returns="list")])
    assert len(finding.tests) >= 4
    for arguments, value in finding.tests:
        a, b = eval(arguments)
        assert value == repr([a, str(b)])


def test_one_behaviour_has_one_digest_whatever_the_kind_and_the_body(sandbox):
    sieve = Sieve(sandbox, [])
    found = sieve.passed(
        [
            draft("return sum(xs[1:])", ("xs", "ints")),
            draft(
                "total = 0\nfor i in range(1, len(v)):\n    total += v[i]\nreturn total", ("v", "some ints")
            ),
            draft("return sum(xs[:-1])", ("xs", "ints")),
        ]
    )
    first, second, other = (finding.digests for finding in found)
    assert first == second != other


def test_a_forgotten_body_is_run_again_with_the_same_result(sandbox):
    first = draft("return a * 3 - b", *PAIR)
    sieve = Sieve(sandbox, [], remembered=1)
    (before,) = sieve.passed([first])
    sieve.passed([draft("return a - 2 * b", *PAIR), draft("return 3 * (a - b)", *PAIR)])
    assert len(sieve.findings) == 1
    assert sieve.passed([first]) == [before]
