"""Trains a model: prepares the data if needed, and resumes the run if there is one.

    python scripts/train.py --config=configs/strongreg.py
    python scripts/train.py --config=configs/strongreg.py --config.max_steps=20 --workdir=runs/short
    python scripts/train.py --config=my_code.py --init_from=runs/strongreg

A run that a signal (or `--stop_after`) stopped has saved; the same command resumes it. Exit status: 0 done, 1 a resumed
run differed (`--prove_resume`), 2 a mistake in the command or its files, 75 stopped, 130 or 143 ended at once by a second
signal, without saving.
"""

import json
import sys
from pathlib import Path
from typing import Any

from absl import flags
from jax.sharding import Mesh
from ml_collections import config_flags
from rich.console import Console

from codelm_jax import cli, compilation_cache, devices, host_memory
from codelm_jax.atomic import write_atomically
from codelm_jax.checkpoint.lock import RunLock
from codelm_jax.data.progress import console_report
from codelm_jax.data.tokenizer import CodeTokenizer
from codelm_jax.data.training_sets import TrainingData, open_training_sets, parse_training_sets
from codelm_jax.errors import UserError
from codelm_jax.evals.terminal import show
from codelm_jax.evaluation_inputs import live
from codelm_jax.evaluation_inputs.results import evaluate_held_out
from codelm_jax.generation.generator import Generator
from codelm_jax.generation.params import SamplingParams
from codelm_jax.model.config import ModelConfig, read_arch_json
from codelm_jax.preparation.config import DataConfig, parse_data_config
from codelm_jax.preparation.prepare import find_prepared, prepare
from codelm_jax.report.model_card import write_model_card
from codelm_jax.report.runs import load_runs
from codelm_jax.schema import parse
from codelm_jax.training.config import TrainConfig, parse_train_config
from codelm_jax.training.describe import describe
from codelm_jax.training.interrupt import EXIT_INTERRUPTED, let_sigterm_interrupt
from codelm_jax.training.loop import TrainingRun, train
from codelm_jax.training.mesh import backend_of, make_mesh
from codelm_jax.training.optimizer import make_optimizer
from codelm_jax.training.resume import (
    Origin,
    check_same_settings,
    find_origin,
    inherited_model,
    run_meta,
    saved_meta,
)
from codelm_jax.training.resume_proof import prove_resume

_CONFIG = cli.define_config()
_WORKDIR = flags.DEFINE_string("workdir", None, "Run directory; default: runs/<name of the config file>.")
_ARCH_JSON = flags.DEFINE_string(
    "arch_json", None, "The reference's architecture file; its keys replace those of config.model."
)
_INIT_FROM = flags.DEFINE_string("init_from", None, "Start a new run from the weights of this checkpoint.")
_DESCRIBE = flags.DEFINE_bool("describe", False, "Print size, cost and memory of the run as JSON, and stop.")
_STOP_AFTER = flags.DEFINE_integer(
    "stop_after",
    None,
    "Save and stop after this step; the same command without this flag resumes.",
    lower_bound=1,
)
_PROVE_RESUME = flags.DEFINE_integer(
    "prove_resume",
    0,
    "Train this many steps, and again with a stop half-way, next to the run directory; print what differs.",
    lower_bound=0,
)

_PROMPTS = ("def add(a, b):", "class Stack:\n    def __init__(self):", "import os\nimport sys\n\n")


def main() -> int:
    """Trains, evaluates on all held-out sets, and shows completions; returns the exit status."""
    let_sigterm_interrupt()
    asked = _asked_config()
    config = parse_train_config(asked)
    data_config = parse_data_config(asked["data"])
    training_sets = parse_training_sets(asked["data"])
    workdir = Path(_WORKDIR.value or f"runs/{cli.config_name()}")
    if _PROVE_RESUME.value:
        return prove_resume([*sys.argv, "--prove_resume=0"], _PROVE_RESUME.value, config, workdir)
    if config.deterministic:
        devices.deterministic_gpu_operations()
    host_memory.keep_freed_memory()
    devices.one_cpu_device_per_core(config.batch_size // config.grad_accum_steps)
    devices.warn_if_gpu_unused()
    mesh = make_mesh(config)
    compilation_cache.enable()
    # Refused now, not after the data is prepared.
    backend_of(config, mesh)
    make_optimizer(config)
    if _DESCRIBE.value:
        saved = saved_meta(workdir)
        prepared = find_prepared(
            data_config,
            vocab_size=config.model.vocab_size,
            trained_on=saved.data_fingerprint if saved else None,
        )
        tokens = len(prepared.train.ids) if prepared else None
        described = describe(config, asked, mesh, tokens)
        if prepared and training_sets.sets:
            described["epochs"] = _epochs(open_training_sets(training_sets, prepared).data, config)
        print(json.dumps(described, indent=2))
        return 0
    try:
        with RunLock(workdir):
            return _train(asked, config, data_config, mesh, workdir)
    except KeyboardInterrupt:
        print("stopped before or after the training steps; run the same command to resume", file=sys.stderr)
        return EXIT_INTERRUPTED


def _asked_config() -> dict[str, Any]:
    """The config file, overridden by the architecture file, overridden by `--config.KEY=VALUE`."""
    asked = _CONFIG.value.to_dict()
    if _ARCH_JSON.value:
        overrides = config_flags.get_override_values(flags.FLAGS["config"])
        asked["model"] |= read_arch_json(_ARCH_JSON.value)
        asked["model"] |= {
            key.removeprefix("model."): value for key, value in overrides.items() if key.startswith("model.")
        }
        try:
            parse(ModelConfig, asked["model"], "config.model")
        except UserError as error:
            raise UserError(f"--arch_json={_ARCH_JSON.value}: {error}") from None
    return asked


def _train(
    asked: dict[str, Any], config: TrainConfig, data_config: DataConfig, mesh: Mesh, workdir: Path
) -> int:
    saved = saved_meta(workdir)
    origin = find_origin(saved, _INIT_FROM.value, data_config.decontaminate)
    if origin.model is not None:
        config, data_config = _inherit(origin, asked, workdir)
    if saved:
        check_same_settings(saved, asked, workdir)
    with console_report() as report:
        prepared = prepare(
            data_config,
            vocab_size=config.model.vocab_size,
            report=report,
            trained_on=saved.data_fingerprint if saved else None,
        )
    opened = open_training_sets(parse_training_sets(asked["data"]), prepared, origin.decontaminated)
    if len(opened.data.sets) > 1:
        epochs = ", ".join(f"{name} {count:.2f}" for name, count in _epochs(opened.data, config).items())
        print(f"epochs of each set by step {config.max_steps}: {epochs}")
    meta = run_meta(
        json.loads(json.dumps(asked)),
        tokenizer_json=prepared.tokenizer.to_json(),
        human_band=prepared.human_band,
        data_fingerprint=prepared.fingerprint,
        mixture=opened.record,
        decontaminated=opened.decontaminated,
        began_from=origin.began_from,
        attention_path=backend_of(config, mesh).attention,
    )
    summary = train(
        TrainingRun(
            config=config,
            mesh=mesh,
            workdir=workdir,
            train_data=opened.data,
            meta=meta,
            evaluate_held_out=live.held_out(config, mesh, prepared),
            monitors=live.monitors(config, prepared),
            initial_params=origin.params,
            stop_after=_STOP_AFTER.value,
        )
    )
    if summary["stopped_by"]:
        print(f"stopped by {summary['stopped_by']} at step {summary['step']}; run the same command to resume")
        return EXIT_INTERRUPTED
    Console().print(show(evaluate_held_out(workdir, prepared, config.final_eval_tokens)))
    _print_completions(workdir)
    print(f"model card: {write_model_card(load_runs([workdir])[0])}")
    return 0


def _epochs(data: TrainingData, config: TrainConfig) -> dict[str, float]:
    return data.epochs(config.max_steps, batch_size=config.batch_size, seq_length=config.model.max_seq_length)


def _inherit(origin: Origin, asked: dict[str, Any], workdir: Path) -> tuple[TrainConfig, DataConfig]:
    """Replaces architecture and tokenizer in `asked` by those of the parent, and prints what changed."""
    parent = f"--init_from={_INIT_FROM.value}" if _INIT_FROM.value else f"the run in {workdir}"
    own = asked["model"]
    asked["model"] = inherited_model(origin, own, _model_keys_asked_for(), parent)
    if changes := {key: value for key, value in asked["model"].items() if own.get(key) != value}:
        print(f"{parent} gives config.model", ", ".join(f"{k} = {v!r}" for k, v in changes.items()))
    # The weights are useless with another tokenizer.
    path, tokenizer_json = workdir / "tokenizer.json", origin.tokenizer_json or ""
    given = asked["data"]["tokenizer_path"]
    if given and CodeTokenizer.from_file(given).to_json() != tokenizer_json:
        raise UserError(
            f"config.data.tokenizer_path = {given!r}: not the tokenizer of {parent}; leave it out, the run inherits it"
        )
    write_atomically(path, tokenizer_json.encode())
    asked["data"]["tokenizer_path"] = str(path)
    return parse_train_config(asked), parse_data_config(asked["data"])


def _model_keys_asked_for() -> set[str]:
    """Keys of `config.model` that the command line sets, directly or in an architecture file."""
    overrides = config_flags.get_override_values(flags.FLAGS["config"])
    keys = {key.removeprefix("model.") for key in overrides if key.startswith("model.")}
    return keys | set(read_arch_json(_ARCH_JSON.value) if _ARCH_JSON.value else ())


def _print_completions(workdir: Path) -> None:
    generator = Generator.from_checkpoint(workdir)
    params = SamplingParams(temperature=0.7, top_k=40, max_new_tokens=60, overflow="slide")
    for prompt, (completion,) in zip(_PROMPTS, generator.generate(_PROMPTS, params), strict=True):
        print(f"--- {prompt!r} continues:\n{prompt}{completion.text}")


def run() -> None:
    """Entry point of `codelm-train`."""
    cli.run(main)


if __name__ == "__main__":
    run()
