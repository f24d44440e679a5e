import os
from pathlib import Path

import pytest
from eval_toys import ByteCodec, completion

from codelm_jax.evals.humaneval import humaneval_tasks
from codelm_jax.evals.mbpp import mbpp_tasks
from codelm_jax.evals.mini_benchmark import mini_benchmark_tasks, own_problems
from codelm_jax.evals.tasks import TaskSampling, evaluate_tasks
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


def test_in_the_sandbox_every_own_solution_passes_and_every_wrong_one_fails(sandbox):
    prefix = load_templates().tasks.prefix
    tasks = mini_benchmark_tasks(prefix)
    samples = {
        prefix + problem.prompt: (problem.solution, *problem.wrong_solutions, "    return None\n")
        for problem in own_problems()
    }

    def generate(prompts, n, **sampling):
        return [[completion(CODEC, text) for text in samples[prompt][:n]] for prompt in prompts]

    result = evaluate_tasks(
        "mini_benchmark",
        tasks,
        generate,
        sandbox.judge_all,
        CODEC,
        {},
        sampling=TaskSampling(samples_per_task=4),
        context_length=4096,
        seed=0,
    )
    assert {task: found["passed"] for task, found in result["by_task"].items()} == {
        task.id: 1 for task in tasks
    }
    assert all((record["failure"] is None) is (i % 4 == 0) for i, record in enumerate(result["samples"]))
    assert set(result["layers"]) == set(sandbox.layers)


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

    def generate(prompts, n, **sampling):
        return [[completion(CODEC, solutions[prompt])] for prompt in prompts]

    result = evaluate_tasks(
        "both",
        tasks,
        generate,
        sandbox.judge_all,
        CODEC,
        {},
        sampling=TaskSampling(samples_per_task=1),
        context_length=10**6,
        seed=0,
    )
    # 367 builds its arguments from a class of the candidate's own, which never crosses.
    assert [task for task, found in result["by_task"].items() if not found["passed"]] == ["367"]
