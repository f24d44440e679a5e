"""Evaluates a checkpoint: held-out loss, collapse, context, frequencies, confidence, memorisation, tasks that run.

    python scripts/evaluate.py --checkpoint=runs/tiny
    python scripts/evaluate.py --checkpoint=runs/tiny --suite=few_shot,short_prompt --protocol=reference
    python scripts/evaluate.py --checkpoint=runs/tiny --suite=mini_benchmark
    python scripts/evaluate.py --checkpoint=pretrained/small-v1 --suite=heldout --out=evals \
        --text=pretrained/small-v1/heldout.txt
    python scripts/evaluate.py --checkpoint=runs/tiny --suite=humaneval --humaneval=HumanEval.jsonl.gz --n=200 \
        --temperature=0.8

Writes one JSON file a suite into `evals/step_N/` of the run and prints a table of each. `--suite=all`, the default, is
every suite that does not run generated code. If it is stopped, the same command continues.
"""

import contextlib
import os
from collections.abc import Callable, Sequence
from typing import Any

from absl import flags
from rich.console import Console

from codelm_jax import cli, compilation_cache, devices
from codelm_jax.data.progress import Advance, Reporter, console_report
from codelm_jax.errors import UserError
from codelm_jax.evals import registry
from codelm_jax.evals.choices import PROTOCOLS, Option
from codelm_jax.evals.interfaces import JudgeAll
from codelm_jax.evals.results import ResultFiles
from codelm_jax.evals.runner import SuiteRunner
from codelm_jax.evals.suite import Skipped, Suite
from codelm_jax.evals.terminal import show
from codelm_jax.evaluation_inputs.corpus import find_data, text_data
from codelm_jax.evaluation_inputs.model import decontamination, evaluated_model
from codelm_jax.evaluation_inputs.results import results_directory
from codelm_jax.sandbox.pool import Sandbox
from codelm_jax.sandbox.verdict import SandboxError
from codelm_jax.weights import load_weights

_CHECKPOINT = flags.DEFINE_string(
    "checkpoint", None, "A run, its checkpoints, one step, or an export.", required=True
)
_SUITE = flags.DEFINE_list("suite", ["all"], "Suites, with commas; all is those that run no generated code.")
_DATA = flags.DEFINE_string(
    "data", None, "Prepared data; default: what the run was trained on, if it is there."
)
_TEXT = flags.DEFINE_string(
    "text", None, "Held-out text of your own instead; lines of <|endoftext|> separate files."
)
_OUT = flags.DEFINE_string(
    "out", None, "Directory of the results; default: evals/step_N of the run. An export needs it."
)
_PROTOCOL = flags.DEFINE_enum(
    "protocol", "default", PROTOCOLS, "reference: the 2025 reference's own settings."
)
_SEED = flags.DEFINE_integer("seed", 0, "Random seed for sampling.", lower_bound=0, upper_bound=2**32 - 1)
_MAX_TOKENS = flags.DEFINE_integer("max_tokens", None, "Held-out tokens a set; default: all.", lower_bound=1)
_TEMPLATES = flags.DEFINE_string(
    "templates", None, "Prompts of your own (TOML) instead of evals/templates.toml."
)


def _define(option: Option) -> flags.FlagHolder:
    if option.default is None:
        return flags.DEFINE_string(option.name, None, option.help)
    return flags.DEFINE_integer(option.name, option.default, option.help)


_OPTIONS = [_define(option) for option in registry.options()]
_SAMPLING = [
    flags.DEFINE_integer(
        "n", None, "Samples a prompt or task; default: 100 a prompt, 20 a task.", lower_bound=1
    ),
    flags.DEFINE_float("temperature", None, "Default: 0.7; tasks 0.2.", lower_bound=0.0),
    flags.DEFINE_integer("top_k", None, "0 is all; default: 40; tasks 0.", lower_bound=0),
    flags.DEFINE_float("top_p", None, "Default: 1; tasks 0.95.", lower_bound=0.0, upper_bound=1.0),
    flags.DEFINE_integer("max_new_tokens", None, "Default: 60; tasks 256, own tasks 100.", lower_bound=1),
]
_ALLOW_UNSAFE = flags.DEFINE_bool(
    "allow_unsafe_execution", False, "Run generated code even where layers of the sandbox are missing."
)

_EXIT_STOPPED = 130  # 128 + SIGINT, as shells have it


def main() -> int:
    """Runs the suites and prints their tables; returns the exit status."""
    suites = registry.named(_SUITE.value)
    choices = registry.choose(
        suites,
        seed=_SEED.value,
        protocol=_PROTOCOL.value,
        sampling={flag.name: flag.value for flag in _SAMPLING},
        templates=_TEMPLATES.value,
        options={flag.name: flag.value for flag in _OPTIONS},
    )
    if _DATA.value and _TEXT.value:
        raise UserError("--data and --text: give one of them")
    devices.warn_if_gpu_unused()
    compilation_cache.enable()
    loaded = load_weights(_CHECKPOINT.value)
    model = evaluated_model(loaded)
    if _TEXT.value:
        data, note = text_data(loaded, model, _TEXT.value, _MAX_TOKENS.value)
    else:
        data, note = find_data(loaded, model, _DATA.value, _MAX_TOKENS.value)
    files = ResultFiles(results_directory(_CHECKPOINT.value, loaded.step, _OUT.value))
    print(f"step {loaded.step} of {_CHECKPOINT.value}; {note}; {decontamination(loaded)}")
    try:
        with contextlib.ExitStack() as stack:
            judge_all = _sandbox(suites, stack)
            for suite in suites:
                with console_report() as report:
                    runner = SuiteRunner(model, data, choices, files, judge_all, _bar(report))
                    try:
                        view = suite.view(runner.run(suite))
                    except Skipped as reason:
                        report(f"{suite.name}: skipped: {reason}")
                        continue
                Console().print(show(view))
                print(f"{files.path(suite.name)}\n")
    except SandboxError as error:
        raise UserError(f"{error}; the same command continues from here") from None
    except KeyboardInterrupt:
        print("stopped; the same command continues from here")
        return _EXIT_STOPPED
    return 0


def _bar(report: Reporter) -> Callable[[str, int, int], None]:
    return lambda stage, done, total: report(Advance(stage, done, total))


def _sandbox(suites: Sequence[Suite[Any]], stack: contextlib.ExitStack) -> JudgeAll:
    if not any(suite.runs_code for suite in suites):
        return lambda jobs: []
    try:
        sandbox = Sandbox(workers=len(os.sched_getaffinity(0)), allow_unsafe=_ALLOW_UNSAFE.value)
    except SandboxError as error:
        raise UserError(f"{error}".replace("pass allow_unsafe", "pass --allow_unsafe_execution")) from None
    return stack.enter_context(sandbox).judge_all


def run() -> None:
    """Entry point of `codelm-evaluate`."""
    cli.run(main)


if __name__ == "__main__":
    run()
