"""The list of suites, and the choice among them."""

from collections.abc import Mapping, Sequence
from typing import Any

from codelm_jax.errors import UserError, did_you_mean
from codelm_jax.evals.choices import Choices, Option
from codelm_jax.evals.suite import Suite
from codelm_jax.evals.suites.confidence import CONFIDENCE
from codelm_jax.evals.suites.context import CONTEXT
from codelm_jax.evals.suites.few_shot import FEW_SHOT, SHORT_PROMPT
from codelm_jax.evals.suites.held_out import HELD_OUT
from codelm_jax.evals.suites.humaneval import HUMANEVAL
from codelm_jax.evals.suites.mbpp import MBPP
from codelm_jax.evals.suites.memorisation import MEMORISATION
from codelm_jax.evals.suites.mini_benchmark import MINI_BENCHMARK
from codelm_jax.evals.suites.token_frequency import TOKEN_FREQUENCY
from codelm_jax.evals.templates import load_templates

# In the order in which they run and are shown.
SUITES: list[Suite[Any]] = [
    HELD_OUT,
    FEW_SHOT,
    SHORT_PROMPT,
    MINI_BENCHMARK,
    HUMANEVAL,
    MBPP,
    CONTEXT,
    TOKEN_FREQUENCY,
    CONFIDENCE,
    MEMORISATION,
]


def find(name: str) -> Suite[Any] | None:
    """The suite of a name."""
    return next((suite for suite in SUITES if suite.name == name), None)


def task_suites() -> list[Suite[Any]]:
    """The suites that run generated code."""
    return [suite for suite in SUITES if suite.runs_code]


def options() -> list[Option]:
    """The flags of all suites."""
    return [option for suite in SUITES for option in suite.options]


def named(names: Sequence[str]) -> list[Suite[Any]]:
    """The suites of these names, each once; `all` is every suite that runs no generated code.

    Raises:
        UserError: there is no such suite, or no name.
    """
    known = ["all", *(suite.name for suite in SUITES)]
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        problem = (
            f"{unknown[0]!r} is not a suite{did_you_mean(unknown[0], known)}" if unknown else "names no suite"
        )
        raise UserError(f"--suite={','.join(names)}: {problem}; there are {', '.join(known)}")
    chosen = [
        suite
        for name in names
        for suite in SUITES
        if suite.name == name or (name == "all" and not suite.runs_code)
    ]
    return list(dict.fromkeys(chosen))


def choose(
    suites: Sequence[Suite[Any]],
    *,
    seed: int,
    protocol: str = "default",
    sampling: Mapping[str, Any] | None = None,
    templates: str | None = None,
    options: Mapping[str, Any] | None = None,
) -> Choices:
    """Checks what the user chose.

    Args:
        suites: that are to be run.
        seed: of everything.
        protocol: of `PROTOCOLS`.
        sampling: fields of `Sampling`; those that are None keep the suite's own value.
        templates: a file of prompts instead of the package's.
        options: values of the suites' flags, by name.

    Raises:
        UserError: names the flag at fault.
    """
    given = {key: value for key, value in (sampling or {}).items() if value is not None}
    reference = protocol == "reference"
    if reference and given:
        raise UserError(
            f"--protocol=reference fixes the sampling: leave out {', '.join(f'--{key}' for key in given)}"
        )
    choices = Choices(seed, load_templates(templates), reference, given, options or {})
    for suite in suites:
        suite.check(choices)
    return choices
