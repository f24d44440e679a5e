import dataclasses
import os
from pathlib import Path

import pytest
from eval_toys import ByteCodec, KeptParts, completion, toy_inputs, toy_model

from codelm_jax.evals import tasks as task_suites
from codelm_jax.evals.suites.humaneval import humaneval_tasks
from codelm_jax.evals.suites.mbpp import mbpp_tasks
from codelm_jax.evals.suites.mini_benchmark import mini_benchmark_tasks, own_problems
from codelm_jax.evals.templates import load_templates
from codelm_jax.sandbox.pool import Sandbox
from codelm_jax.sandbox.verdict import SandboxError

CODEC = ByteCodec()


@pytest.fixture(scope="module")
def sandbox():
    try:
        with Sandbox() as sandbox:
            yield sandbox
    except SandboxError as error:
        pytest.skip(str(error))


def evaluate(sandbox, tasks, generate, *, n, context_length):
    inputs = toy_inputs(
        toy_model(CODEC, generate, context_length=context_length), judge_all=sandbox.judge_all
    )
    sampling = dataclasses.replace(task_suites.SAMPLING, n=n)
    return task_suites.evaluate_tasks("toy", tasks, sampling, inputs, KeptParts())


def test_in_the_sandbox_every_own_solution_passes_and_every_wrong_one_fails(sandbox):
    prefix = load_templates().tasks.prefix
    tasks = mini_benchmark_tasks(prefix)
    samples = {
        prefix + problem.prompt: (problem.solution, *problem.wrong_solutions, "    return None\n")
        for problem in own_problems()
    }

    def generate(prompts, sampling):
        return [[completion(CODEC, text) for text in samples[prompt][: sampling.n]] for prompt in prompts]

    result = evaluate(sandbox, tasks, generate, n=4, context_length=4096)
    assert {task: found.passed for task, found in result.by_task.items()} == {task.id: 1 for task in tasks}
    assert all((sample.failure is None) is (i % 4 == 0) for i, sample in enumerate(result.samples))
    assert set(result.layers) == set(sandbox.layers)


@pytest.mark.slow
def test_canonical_solutions_of_the_public_benchmarks_pass_as_samples(sandbox):
    if "CODELM_BENCHMARKS" not in os.environ:
        pytest.skip("needs the public benchmark files: set CODELM_BENCHMARKS to their folder")
    folder = Path(os.environ["CODELM_BENCHMARKS"])
    tasks = [
        *humaneval_tasks(folder / "HumanEval.jsonl.gz"),
        *mbpp_tasks(folder / "mbpp.jsonl"),
    ]
    solutions = {task.prompt: task.solution for task in tasks}

    def generate(prompts, sampling):
        return [[completion(CODEC, solutions[prompt])] for prompt in prompts]

    result = evaluate(sandbox, tasks, generate, n=1, context_length=10**6)
    # 367 builds its arguments from a class of the candidate's own, which never crosses.
    assert [task for task, found in result.by_task.items() if not found.passed] == ["367"]
