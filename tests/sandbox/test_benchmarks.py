"""Known solutions of public benchmarks: right ones pass under every set of layers, and doing nothing passes nothing."""

import ast
import dataclasses
import gzip
import json
import multiprocessing
import os
import pathlib
import warnings

import circumstances
import pytest

from codelm_jax.sandbox.pool import Sandbox
from codelm_jax.sandbox.verdict import Job

GIVEN = os.environ.get("CODELM_BENCHMARKS", "")
DIRECTORY = pathlib.Path(GIVEN)
OWN_TASKS = circumstances.ROOT / "codelm_jax" / "evals" / "mini_benchmark.jsonl"
# 367, 601 and 927 build their arguments from classes of the candidate's own, which a judge that trusts nothing lacks.
NEED_CLASSES_OF_THE_CANDIDATE = {367, 601, 927}
# The check of 596 needs a module that only the program imports.
MBPP_PRELUDE = "import sys\n"

# A missing directory fails the tests: if one is given, they are meant to run.
pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(
        not GIVEN, reason="CODELM_BENCHMARKS is not set: the directory of HumanEval.jsonl.gz and mbpp.jsonl"
    ),
]


def humaneval():
    with gzip.open(DIRECTORY / "HumanEval.jsonl.gz", "rt") as file:
        return [json.loads(line) for line in file]


def mbpp():
    with open(DIRECTORY / "mbpp.jsonl") as file:
        return [json.loads(line) for line in file]


def humaneval_jobs(body=None):
    return [
        Job(
            p["prompt"] + (p["canonical_solution"] if body is None else body),
            p["test"],
            p["entry_point"],
            p["prompt"],
        )
        for p in humaneval()
    ]


def entry_point(problem):
    """The function of the reference code that the tests call first."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # invalid escapes in the reference code
        code, tests = ast.parse(problem["code"]), ast.parse("\n".join(problem["test_list"]))
    defined = {node.name for node in ast.walk(code) if isinstance(node, ast.FunctionDef)}
    names = [node.func for node in ast.walk(tests) if isinstance(node, ast.Call)]
    return next(name.id for name in names if isinstance(name, ast.Name) and name.id in defined)


def mbpp_jobs():
    return [
        Job(p["code"], MBPP_PRELUDE + p["test_setup_code"] + "\n" + "\n".join(p["test_list"]), entry_point(p))
        for p in mbpp()
    ]


def own_jobs():
    tasks = [json.loads(line) for line in OWN_TASKS.read_text().splitlines()]
    return [Job(t["prompt"] + t["solution"], "\n".join(t["tests"]), t["entry_point"]) for t in tasks]


def failures(jobs):
    with Sandbox() as sandbox:
        return {n: v.outcome for n, v in enumerate(sandbox.judge_all(jobs)) if not v.passed}


def burn():
    while True:
        pass


@pytest.fixture
def busy_cores():
    """Every core has something else to do."""
    load = [
        multiprocessing.get_context("spawn").Process(target=burn, daemon=True)
        for _ in range(os.cpu_count() or 1)
    ]
    for process in load:
        process.start()
    yield
    for process in load:
        process.kill()
        process.join()


def test_every_canonical_solution_of_humaneval_passes():
    assert failures(humaneval_jobs()) == {}


def test_returning_none_passes_nothing_of_humaneval():
    assert len(failures(humaneval_jobs("    return None\n"))) == len(humaneval())


def judged(place, name, jobs, isolation):
    """Names of the jobs that failed, judged by the place's user."""
    given, output = (place.directory / f"{name}.{kind}.json" for kind in ("jobs", "report"))
    given.write_text(json.dumps([list(dataclasses.astuple(job)) for job in jobs]))
    said = place.run("canonical", given, output, isolation)
    assert output.exists(), said
    return {int(number) for number in json.loads(output.read_text())["failed"]}


@pytest.mark.slow
@pytest.mark.parametrize("load", ["idle", "busy"])
@pytest.mark.parametrize(
    ("user", "isolation"), [(u, i) for u in circumstances.users() for i in circumstances.isolations(u)]
)
def test_right_solutions_pass_under_all_circumstances(user, isolation, load, request):
    if load == "busy":
        request.getfixturevalue("busy_cores")
    if circumstances.interpreter(user) is None:
        pytest.skip("no Python that an ordinary user may run")
    place = circumstances.Place(user, "canonical")
    try:
        assert judged(place, "humaneval", humaneval_jobs(), isolation) == set()
        assert judged(place, "own", own_jobs(), isolation) == set()
        nothing = judged(place, "nothing", humaneval_jobs("    return None\n"), isolation)
        assert nothing == set(range(len(humaneval())))
        wrong = judged(place, "mbpp", mbpp_jobs(), isolation)
        assert {mbpp()[number]["task_id"] for number in wrong} == NEED_CLASSES_OF_THE_CANDIDATE
    finally:
        place.close()
