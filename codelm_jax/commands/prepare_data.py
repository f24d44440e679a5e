"""Prepares the data of a config and nothing else: corpus, tokenizer, token files, manifest.

    python scripts/prepare_data.py --config=configs/tiny.py
    python scripts/prepare_data.py --config=configs/strongreg.py --config.data.source=directories \
        "--config.data.directories=('src', 'lib')" --config.data.prepared_dir=data/own
    python scripts/prepare_data.py --config=configs/tiny.py --update-corpus
    python scripts/prepare_data.py --config=configs/tiny.py --find_known_tasks

Training does this by itself where it is needed. Run again, it checks that the data is still what the config says.
"""

import os

from absl import flags

from codelm_jax import cli
from codelm_jax.data.known_tasks import write_known_tasks
from codelm_jax.data.prepared import PreparedData
from codelm_jax.data.progress import Reporter, console_report
from codelm_jax.evals.suites.mini_benchmark import own_problems
from codelm_jax.exercises.behaviour import BATCH_SECONDS
from codelm_jax.model.config import ModelConfig
from codelm_jax.preparation import corpus_update
from codelm_jax.preparation.config import DataConfig, parse_data_config
from codelm_jax.preparation.known_tasks import find_known_tasks
from codelm_jax.preparation.prepare import prepare
from codelm_jax.sandbox.pool import Sandbox
from codelm_jax.sandbox.verdict import SandboxError
from codelm_jax.schema import parse
from codelm_jax.text.problems import read_problems

_CONFIG = cli.define_config()
_UPDATE = flags.DEFINE_bool(
    "update-corpus", False, "Pin config.data.corpus to the newest versions; prepare nothing."
)
_FIND = flags.DEFINE_bool(
    "find_known_tasks",
    False,
    "After preparing, find the tasks of the mini benchmark and of config.data.decontaminate that a training function"
    " solves; training functions are run, in the sandbox.",
)


def main() -> None:
    """Prepares `config.data.prepared_dir`, or pins its list of packages."""
    config = _CONFIG.value
    data = parse_data_config(config.data.to_dict())
    model = parse(ModelConfig, config.model, "config.model")
    with console_report() as report:
        if _UPDATE.value:
            corpus_update.update(config.data.corpus, report)
            return
        prepared = prepare(data, vocab_size=model.vocab_size, report=report)
        report(f"fingerprint {prepared.fingerprint}")
        if _FIND.value:
            _find_known_tasks(prepared, data, report)


def _find_known_tasks(prepared: PreparedData, data: DataConfig, report: Reporter) -> None:
    problems = dict.fromkeys(own_problems())  # a benchmark may be named there too
    problems |= dict.fromkeys(each for path in data.decontaminate for each in read_problems(path))
    try:
        with Sandbox(workers=os.cpu_count() or 1, timeout_seconds=BATCH_SECONDS) as sandbox:
            found = find_known_tasks(prepared, [*problems], sandbox, report)
    except SandboxError as error:
        report(f"tasks known from training were not searched: {error}")
        return
    write_known_tasks(prepared, found)
    report(
        f"{len(found.known)} of {len(found.searched)} tasks are solved by one of {found.functions} training functions:"
        f" {', '.join(found.known) or 'none'}"
    )


def run() -> None:
    """Entry point of `codelm-prepare-data`."""
    cli.run(main)


if __name__ == "__main__":
    run()
