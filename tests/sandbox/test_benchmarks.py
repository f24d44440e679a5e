"""Known solutions of public benchmarks: right ones pass under every set of layers, and doing nothing passes nothing."""

import ast
import gzip
import json
import multiprocessing
import os
import pathlib
import shutil
import warnings

import pytest

from codelm_jax.sandbox.pool import Sandbox
from codelm_jax.sandbox.verdict import Job

DIRECTORY = pathlib.Path(
    os.environ.get("CODELM_BENCHMARKS", pathlib.Path(__file__).parents[3] / "shared/benchmarks")
)
ISOLATIONS = [("none",), ("namespaces",), *([("bubblewrap",)] if shutil.which("bwrap") else [])]
# 367, 601 and 927 build their arguments from classes of the candidate's own, which a judge that trusts nothing lacks.
NEED_CLASSES_OF_THE_CANDIDATE = {367, 601, 927}
# 123 needs up to five seconds of processor time, 596 a module that only the program imports.
MBPP_PRELUDE = "import sys\n"
MBPP_SECONDS = 30.0

needs_benchmarks = pytest.mark.skipif(
    not DIRECTORY.exists(),
    reason="needs HumanEval.jsonl.gz and mbpp.jsonl: set CODELM_BENCHMARKS to their directory",
)
pytestmark = needs_benchmarks


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


def failures(jobs, **settings):
    with Sandbox(**settings) as sandbox:
        return {n: v.outcome for n, v in enumerate(sandbox.judge_all(jobs)) if not v.passed}


def burn():
    while True:
        pass


def test_every_canonical_solution_of_humaneval_passes():
    assert failures(humaneval_jobs(), timeout_seconds=10.0) == {}


def test_returning_none_passes_nothing_of_humaneval():
    assert len(failures(humaneval_jobs("    return None\n"))) == len(humaneval())


@pytest.mark.slow
@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_every_canonical_solution_passes_with_all_cores_loaded(isolation):
    load = [
        multiprocessing.get_context("spawn").Process(target=burn, daemon=True)
        for _ in range(os.cpu_count() or 1)
    ]
    for process in load:
        process.start()
    try:
        assert failures(humaneval_jobs(), isolation=isolation) == {}
    finally:
        for process in load:
            process.kill()
            process.join()


@pytest.mark.slow
@pytest.mark.parametrize("isolation", ISOLATIONS)
def test_reference_code_of_mbpp_passes(isolation):
    problems = mbpp()
    jobs = [
        Job(p["code"], MBPP_PRELUDE + p["test_setup_code"] + "\n" + "\n".join(p["test_list"]), entry_point(p))
        for p in problems
    ]
    failed = failures(jobs, timeout_seconds=MBPP_SECONDS, isolation=isolation)
    assert {problems[n]["task_id"] for n in failed} == NEED_CLASSES_OF_THE_CANDIDATE
