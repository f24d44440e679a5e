"""Evaluates a checkpoint: held-out loss, collapse, context, frequencies, confidence, memorisation, tasks that run.

    python scripts/evaluate.py --checkpoint=runs/tiny
    python scripts/evaluate.py --checkpoint=runs/tiny --suite=few_shot,short_prompt --protocol=reference
    python scripts/evaluate.py --checkpoint=runs/tiny --suite=mini_benchmark
    python scripts/evaluate.py --checkpoint=pretrained/small-v1 --suite=heldout --out=evals \
        --text=pretrained/small-v1/heldout.txt
    python scripts/evaluate.py --checkpoint=runs/tiny --suite=humaneval --humaneval=HumanEval.jsonl.gz --n=200 \
        --temperature=0.8

Writes one JSON file a suite into `evals/step_N/` of the run and prints a table of each. `--suite=all`, the default, is
every suite that does not run generated code. Stopped, the same command goes on where it was.
"""

import contextlib
import os

from absl import flags
from rich.console import Console

from codelm_jax import cli, compilation_cache, devices
from codelm_jax.data.progress import Advance, console_report
from codelm_jax.errors import UserError
from codelm_jax.evals.results import ResultFiles
from codelm_jax.evals.settings import PROTOCOLS, Files, Settings, choose_settings
from codelm_jax.evals.suites import Corpus, Evaluation, Model, Skipped
from codelm_jax.evals.table import table
from codelm_jax.evals.tasks import JudgeAll
from codelm_jax.evaluation_inputs import evaluated
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
_SEED = flags.DEFINE_integer("seed", 0, "Of all sampling.", lower_bound=0, upper_bound=2**32 - 1)
_MAX_TOKENS = flags.DEFINE_integer("max_tokens", None, "Held-out tokens a set; default: all.", lower_bound=1)
_FILES = [
    flags.DEFINE_string("templates", None, "Prompts of your own (TOML) instead of evals/templates.toml."),
    flags.DEFINE_string("tasks", None, "Tasks of your own for mini_benchmark (JSON Lines)."),
    flags.DEFINE_string("humaneval", None, "HumanEval.jsonl or .jsonl.gz."),
    flags.DEFINE_string("mbpp", None, "mbpp.jsonl."),
]
_MBPP_SHOTS = flags.DEFINE_integer("mbpp_shots", 0, "Worked MBPP tasks before each prompt, up to 3.")
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
    """Runs the suites asked for and prints their tables; returns the exit status."""
    settings = choose_settings(
        _SUITE.value,
        seed=_SEED.value,
        protocol=_PROTOCOL.value,
        sampling={flag.name: flag.value for flag in _SAMPLING},
        files=Files(**{flag.name: flag.value for flag in _FILES}),
        mbpp_shots=_MBPP_SHOTS.value,
    )
    if _DATA.value and _TEXT.value:
        raise UserError("--data and --text: give one of them")
    devices.warn_if_gpu_unused()
    compilation_cache.enable()
    loaded = load_weights(_CHECKPOINT.value)
    model = evaluated.model(loaded)
    if _TEXT.value:
        corpus, note = evaluated.text_corpus(loaded, model, _TEXT.value, _MAX_TOKENS.value)
    else:
        corpus, note = evaluated.find_corpus(loaded, model, _DATA.value, _MAX_TOKENS.value)
    files = ResultFiles(evaluated.results_directory(_CHECKPOINT.value, loaded.step, _OUT.value))
    print(f"step {loaded.step} of {_CHECKPOINT.value}; {note}; {evaluated.decontamination(loaded)}")
    try:
        _evaluate(model, corpus, settings, files)
    except SandboxError as error:
        raise UserError(f"{error}; the same command goes on from here") from None
    except KeyboardInterrupt:
        print("stopped; the same command goes on from here")
        return _EXIT_STOPPED
    return 0


def _evaluate(model: Model, corpus: Corpus | None, settings: Settings, files: ResultFiles) -> None:
    with contextlib.ExitStack() as stack:
        judge_all = _sandbox(settings, stack)
        for suite in settings.suites:
            with console_report() as report:
                evaluation = Evaluation(
                    model, corpus, settings, files, judge_all, lambda *done: report(Advance(*done))
                )
                try:
                    result = evaluation.run(suite)
                except Skipped as reason:
                    report(f"{suite}: skipped: {reason}")
                    continue
            Console().print(table(result))
            print(f"{files.path(suite)}\n")


def _sandbox(settings: Settings, stack: contextlib.ExitStack) -> JudgeAll:
    if not settings.task_sets:
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
