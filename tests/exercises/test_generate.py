"""Exercises and documents: deterministic, distinct, true, and with disjoint splits."""

import ast
import dataclasses
import hashlib
import itertools
import re

import pytest
from exercise_toys import mini_problems

from codelm_jax.exercises.behaviour import BATCH_SECONDS
from codelm_jax.exercises.catalogue import TEMPLATES
from codelm_jax.exercises.census import census
from codelm_jax.exercises.draws import Draws
from codelm_jax.exercises.filling import fill
from codelm_jax.exercises.generate import documents, exercises, held_out
from codelm_jax.exercises.sieve import Sieve
from codelm_jax.sandbox.pool import Sandbox
from codelm_jax.sandbox.verdict import Job
from codelm_jax.text.normal import normal_form

EXAMPLE = re.compile(r"^ *>>> (.+)\n *(.+)$", re.MULTILINE)


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(workers=2, timeout_seconds=BATCH_SECONDS) as pool:
        yield pool


@pytest.fixture(scope="module")
def sieve(sandbox):
    return Sieve(sandbox, mini_problems())


@pytest.fixture(scope="module")
def drawn(sieve):
    return list(exercises(0, 110, sieve=sieve))


@pytest.fixture(scope="module")
def texts(sieve):
    return list(documents(0, 70, sieve=sieve))


def test_the_same_seed_gives_the_same_exercises_and_another_seed_others(drawn, sandbox):
    again = list(exercises(0, 60, sieve=Sieve(sandbox, mini_problems())))
    assert again == drawn[:60]
    assert not {e.source for e in drawn} & {e.source for e in exercises(1, 40, sieve=Sieve(sandbox, []))}


def test_more_documents_leave_the_first_ones_as_they_are(texts, sieve):
    assert list(documents(0, 3, sieve=sieve)) == texts[:3]


def test_documents_are_the_same_in_every_process_and_python_version(texts):
    # Strings are hashed differently in every process.
    assert hashlib.sha256("".join(texts).encode()).hexdigest()[:16] == "2a115b5300fd75a8"


def test_exercises_are_distinct_and_so_are_most_bodies(drawn):
    assert len({exercise.source for exercise in drawn}) == len(drawn)
    assert len({normal_form(e.source, e.entry_point) for e in drawn}) > 0.8 * len(drawn)


def claims(source, entry_point):
    """Asserts for the examples that a docstring shows."""
    return [f"assert repr({call}) == {value!r}" for call, value in EXAMPLE.findall(source)]


def test_a_prompt_ends_before_the_body_and_both_make_one_function(drawn):
    for exercise in drawn:
        tree = ast.parse(exercise.source)
        (function,) = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
        assert function.name == exercise.entry_point
        statements = function.body[1:] if ast.get_docstring(function) else function.body
        first_line = exercise.prompt.count("\n") + 1
        assert statements[0].lineno == first_line


def test_docstring_examples_and_tests_hold(drawn, sandbox):
    shown = [e for e in drawn if claims(e.source, e.entry_point)][:15]
    assert len(shown) == 15
    jobs = [Job(e.source, e.check + "\n".join(claims(e.source, e.entry_point)), e.entry_point) for e in shown]
    assert {verdict.outcome for verdict in sandbox.judge_all(jobs)} == {"passed"}


def test_nothing_that_passes_a_task_survives(drawn, sandbox):
    tasks = [p for p in mini_problems() if p.id in ("add", "max_of_two", "sum_list", "reverse_string")]
    assert tasks
    names = {problem.entry_point for problem in mini_problems()}
    assert not names & {exercise.entry_point for exercise in drawn}
    jobs = [
        Job(f"{e.source}\n{task.entry_point} = {e.entry_point}", "\n".join(task.tests), task.entry_point)
        for e in drawn[:12]
        for task in tasks
    ]
    assert "passed" not in {verdict.outcome for verdict in sandbox.judge_all(jobs)}


def test_a_held_out_behaviour_is_in_no_training_exercise(sieve):
    held_out = list(exercises(0, 8, sieve=sieve, split="heldout"))
    assert {exercise.split for exercise in held_out} == {"heldout"}
    digests = {"train": set(), "heldout": set()}
    for finding in sieve.findings.values():
        digests.get(finding.split, set()).update(finding.digests)
    assert digests["heldout"]
    assert not digests["train"] & digests["heldout"]


def test_held_out_problems_say_what_they_ask_for_and_their_solutions_pass(sieve, sandbox):
    problems = list(held_out(0, 8, sieve=sieve))
    assert len({problem.id for problem in problems}) == 8
    for problem in problems:
        function = ast.parse(problem.prompt + problem.solution).body[-1]
        assert isinstance(function, ast.FunctionDef)
        assert ast.get_docstring(function)
        assert len(problem.tests) >= 4
    jobs = [Job(p.prompt + p.solution, "\n".join(p.tests), p.entry_point) for p in problems]
    assert {verdict.outcome for verdict in sandbox.judge_all(jobs)} == {"passed"}


def test_a_census_adds_up(sieve):
    counted = census(0, 120, sieve=sieve)
    assert counted.drawn == 120 == counted.kept + sum(counted.dropped.values())
    assert 0.6 * counted.kept < counted.bodies <= counted.kept
    assert 0 < counted.held_out < counted.kept / 4
    assert counted.templates > 60
    assert counted.characters > 60 * counted.kept


def test_documents_hold_one_to_six_whole_functions(texts):
    counts = []
    for text in texts:
        functions = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
        names = [function.name for function in functions]
        assert len(set(names)) == len(names)
        assert "\n\n\n\n" not in text
        assert text.endswith("\n")
        counts.append(len(functions))
    assert set(counts) == {1, 2, 3, 4, 5, 6}
    assert 0.15 < counts.count(1) / len(counts) < 0.5


def test_typing_hints_have_their_import(texts):
    assert any("from typing import" in text for text in texts)
    for text in texts:
        heads = " ".join(re.findall(r"^def .*$", text, re.MULTILINE))
        imported = re.search(r"^from typing import (.*)$", text, re.MULTILINE)
        used = set(re.findall(r"\b(List|Dict|Tuple|Optional)\[", heads))
        assert used == (set(imported[1].split(", ")) if imported else set())


# The same under two names, or different only where a divisor is zero or a part occurs several times.
ALIKE = {
    ("pairs/divide_or_none", "pairs/divide_or_zero"),
    ("strings/first_position_of", "strings/last_position_of"),
    ("strings/replace_first", "strings/replace_every"),
    ("everyday/minutes_to_seconds", "everyday/hours_to_minutes"),
    ("everyday/full_minutes", "everyday/full_hours"),
}


@pytest.fixture(scope="module")
def behaviours(sandbox):
    """For each template and seed, the digests of each of its bodies."""
    drafts = {
        (template.key, seed, body): fill(
            dataclasses.replace(template, bodies=(body,)), Draws(f"law {template.block} {seed}")
        )
        for template in TEMPLATES
        for seed in range(6)
        for body in template.bodies
    }
    found = Sieve(sandbox, [], remembered=len(drafts))
    found.passed(list(drafts.values()))
    return {key: found.finding(draft).digests for key, draft in drafts.items()}


@pytest.mark.slow
def test_all_bodies_of_a_template_behave_alike(behaviours):
    of_template = {}
    for (key, seed, _), digests in behaviours.items():
        of_template.setdefault((key, seed), set()).add(digests)
    assert [key for key, different in of_template.items() if len(different) > 1] == []


@pytest.mark.slow
def test_near_neighbours_behave_differently(behaviours):
    def of(template):
        return [behaviours[template.key, seed, template.bodies[0]] for seed in range(6)]

    blocks = {}
    for template in TEMPLATES:
        blocks.setdefault(template.block, []).append(template)
    alike = {
        (one.key, other.key)
        for templates in blocks.values()
        for one, other in itertools.combinations(templates, 2)
        if of(one) == of(other)
    }
    assert alike == ALIKE


@pytest.mark.slow
def test_all_examples_of_two_thousand_exercises_hold(sandbox):
    jobs = [
        Job(e.source, e.check + "\n".join(claims(e.source, e.entry_point)), e.entry_point)
        for e in exercises(3, 2000, sieve=Sieve(sandbox, mini_problems()))
    ]
    assert {verdict.outcome for verdict in sandbox.judge_all(jobs)} == {"passed"}
