import pytest
from eval_toys import ByteCodec, completion

from codelm_jax.evals.mini_benchmark import mini_benchmark_tasks, own_problems
from codelm_jax.evals.tasks import TaskSampling, evaluate_tasks
from codelm_jax.evals.templates import load_templates
from codelm_jax.sandbox.pool import Sandbox
from codelm_jax.sandbox.verdict import SandboxError

CODEC = ByteCodec()


@pytest.fixture(scope="module")
def sandbox():
    try:
        with Sandbox(workers=2, timeout_seconds=20.0) as sandbox:
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
