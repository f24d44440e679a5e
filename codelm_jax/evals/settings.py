"""What the user asks of an evaluation: suites, prompts, tasks and sampling, checked at the boundary."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from codelm_jax.errors import UserError, did_you_mean
from codelm_jax.evals import few_shot, humaneval, mbpp, mini_benchmark
from codelm_jax.evals.few_shot import Sampling
from codelm_jax.evals.tasks import Task, TaskSampling
from codelm_jax.evals.templates import Templates, load_templates

# Those that don't run generated code, in the order in which `all` runs them.
SUITES = ("heldout", "few_shot", "short_prompt", "context", "token_frequency", "confidence", "memorisation")
TASK_SUITES = ("mini_benchmark", "humaneval", "mbpp")
PROTOCOLS = ("default", "reference")


@dataclasses.dataclass(frozen=True)
class TaskSet:
    """The tasks of one suite and how to sample them."""

    tasks: Sequence[Task]
    sampling: TaskSampling


@dataclasses.dataclass(frozen=True)
class Settings:
    """All that the user chose.

    Attributes:
        suites: what to run, in order.
        seed: of all sampling and all bootstraps.
        templates: the prompts.
        sampling: of few_shot and short_prompt; its number of samples also holds for token_frequency.
        task_sets: suite -> what it asks.
    """

    suites: tuple[str, ...]
    seed: int
    templates: Templates
    sampling: Sampling
    task_sets: Mapping[str, TaskSet]


@dataclasses.dataclass(frozen=True)
class Files:
    """Files of the user's own; None where the package's serve, or where a suite was not asked for."""

    templates: str | Path | None = None
    tasks: str | Path | None = None
    humaneval: str | Path | None = None
    mbpp: str | Path | None = None


def choose_settings(
    suites: Sequence[str],
    *,
    seed: int,
    protocol: Literal["default", "reference"] | str = "default",
    sampling: Mapping[str, Any] | None = None,
    files: Files = Files(),
    mbpp_shots: int = 0,
) -> Settings:
    """Resolves what was asked for.

    Args:
        suites: names, or `all` for every suite that doesn't run generated code.
        seed: of everything.
        protocol: `reference` repeats the settings of the 2025 reference where it had any.
        sampling: of `n, temperature, top_k, top_p, max_new_tokens` those that are not to be the suite's own.
        files: of the user's own.
        mbpp_shots: worked MBPP tasks before each prompt.

    Raises:
        UserError: names the flag at fault.
    """
    names = _named(suites)
    asked = {key: value for key, value in (sampling or {}).items() if value is not None}
    reference = protocol == "reference"
    if reference and asked:
        raise UserError(
            f"--protocol=reference fixes the sampling: leave out {', '.join(f'--{k}' for k in asked)}"
        )
    templates = load_templates(files.templates)

    def tasks_of(suite: str) -> TaskSet:
        if suite == "mini_benchmark":
            tasks = mini_benchmark.mini_benchmark_tasks(templates.tasks.prefix, files.tasks)
            own = mini_benchmark.REFERENCE_PROTOCOL if reference else mini_benchmark.SAMPLING
        elif suite == "humaneval":
            tasks, own = humaneval.humaneval_tasks(_given(suite, files.humaneval)), humaneval.SAMPLING
        else:
            tasks, own = mbpp.mbpp_tasks(_given(suite, files.mbpp), shots=mbpp_shots), mbpp.SAMPLING
        return TaskSet(tasks, _override(own, "samples_per_task", asked))

    own = few_shot.REFERENCE_PROTOCOL if reference else Sampling()
    return Settings(
        suites=names,
        seed=seed,
        templates=templates,
        sampling=_override(own, "samples_per_prompt", asked),
        task_sets={suite: tasks_of(suite) for suite in names if suite in TASK_SUITES},
    )


def _named(suites: Sequence[str]) -> tuple[str, ...]:
    names = [name for asked in suites for name in (SUITES if asked == "all" else (asked,))]
    known = ("all", *SUITES, *TASK_SUITES)
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        problem = (
            f"{unknown[0]!r} is no suite{did_you_mean(unknown[0], known)}" if unknown else "names no suite"
        )
        raise UserError(f"--suite={','.join(suites)}: {problem}; there are {', '.join(known)}")
    return tuple(dict.fromkeys(names))


def _given(suite: str, path: str | Path | None) -> str | Path:
    if path is None:
        raise UserError(
            f"--suite={suite} needs --{suite}=FILE, the public file (docs/evaluation.md says where it is)"
        )
    return path


def _override(own: Any, count_field: str, asked: Mapping[str, Any]) -> Any:
    return dataclasses.replace(
        own, **{count_field if key == "n" else key: value for key, value in asked.items()}
    )
