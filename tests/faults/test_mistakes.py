"""Mistakes on the command line: one clear line that names the key, status 2, and nothing written."""

import subprocess
import sys

import pytest
from command_process import ROOT
from faults.training_command import TINY

pytestmark = pytest.mark.faults

COMMON = {
    "--config.max_stepz=5": "config.max_stepz",
    "--config.model.layers=5": "config.model.layers",
    "config.max_steps=5": "did you mean --config.max_steps=5?",
    "extra": "unexpected argument 'extra'",
    "--bogus": "bogus",
    "--config.max_steps=five": "config.max_steps",
    "--config.max_steps=0": "config.max_steps",
    "--config.learning_rate=nan": "config.learning_rate",
    "--config.model.num_heads=3": "num_heads",
    "--config.model.activation=relu": "'gelu', 'silu', 'swiglu' or 'geglu'",
    "--config.eval_every=0": "config.eval_every",
    "--config.grad_accum_steps=3": "grad_accum_steps",
    "--config.data.source=web": "config.data.source",
    "--config.data.source=directories": "config.data",
    "--config.data.tokenizer_path=/nonexistent.json": "config.data.tokenizer_path",
    "--arch_json=/nonexistent.json": "--arch_json=/nonexistent.json",
    "--init_from=/nonexistent": "/nonexistent",
}

# What was meant is named, and a right key next to the wrong one is not blamed.
NEAR_MISSES = {
    "--config.model.vocab_size=2000 --config.vocab_size=4000": "error: config.vocab_size: no such config key (did you "
    "mean config.model.vocab_size?)",
    "--config.max_stepz=5 --config.model.layers=5": "(did you mean config.max_steps?); config.model.layers: no such "
    "config key (did you mean config.model.num_layers?)",
    "--config.seq_len=64": "(did you mean config.model.max_seq_length?)",
    "--config.num_layers=2": "(did you mean config.model.num_layers?)",
    "--config.modl.num_heads=2": "(did you mean config.model.num_heads?)",
    "--noconfig.determinstic": "(did you mean config.deterministic?)",
    "--config=tinny": "(did you mean tiny?)",
    "--config=configs/tinny.py": "(did you mean configs/tiny.py?)",
    "--config=configs/tinny.py --config.max_steps=5": "(did you mean configs/tiny.py?)",
    "--wrkdir=x": "unknown flag --wrkdir (did you mean --workdir?)",
    "--max_steps=5": "unknown flag --max_steps (did you mean --config.max_steps?)",
}

RARE = {
    "--config.seed=-1": "config.seed",
    "--config.seed=4294967296": "config.seed",
    "--config.model.arch_type=rnn": "config.model.arch_type",
    "--config.model.num_layers=0": "config.model.num_layers",
    "--config.model.num_layers=2.5": "config.model.num_layers",
    "--config.model.hidden_dim=-8": "config.model.hidden_dim",
    "--config.model.hidden_dim=130": "num_heads",
    "--config.model.num_heads=0": "config.model.num_heads",
    "--config.model.num_heads=128": "position_encoding",
    "--config.model.ffn_multiplier=0": "config.model.ffn_multiplier",
    "--config.model.ffn_multiplier=inf": "config.model.ffn_multiplier",
    "--config.model.ffn_multiplier=0.001": "ffn_multiplier",
    "--config.model.normalization=batchnorm": "'layernorm' or 'rmsnorm'",
    "--config.model.position_encoding=alibi": "'rope', 'learned' or 'none'",
    "--config.model.attention_dropout=1.0": "config.model.attention_dropout",
    "--config.model.residual_dropout=-0.1": "config.model.residual_dropout",
    "--config.model.residual_dropout=nan": "config.model.residual_dropout",
    "--config.model.vocab_size=100": "config.model.vocab_size",
    "--config.model.vocab_size=65537": "config.model.vocab_size",
    "--config.model.max_seq_length=1": "config.model.max_seq_length",
    "--config.model.init=zeros": "config.model.init",
    "--config.max_steps=-5": "config.max_steps",
    "--config.max_steps=1e3": "config.max_steps",
    "--config.batch_size=0": "config.batch_size",
    "--config.grad_accum_steps=0": "config.grad_accum_steps",
    "--config.learning_rate=0": "config.learning_rate",
    "--config.learning_rate=inf": "config.learning_rate",
    "--config.learning_rate=-1": "config.learning_rate",
    "--config.final_learning_rate=1": "final_learning_rate",
    "--config.warmup_steps=-1": "config.warmup_steps",
    "--config.beta1=1.0": "config.beta1",
    "--config.beta2=-0.5": "config.beta2",
    "--config.weight_decay=-1": "config.weight_decay",
    "--config.grad_clip=0": "config.grad_clip",
    "--config.label_smoothing=1.0": "config.label_smoothing",
    "--config.compute_dtype=float16": "config.compute_dtype",
    "--config.log_every=0": "config.log_every",
    "--config.eval_tokens=0": "config.eval_tokens",
    "--config.final_eval_tokens=0": "config.final_eval_tokens",
    "--config.monitor_every=-1": "config.monitor_every",
    "--config.monitor_samples=0": "config.monitor_samples",
    "--config.checkpoint_every=0": "config.checkpoint_every",
    "--config.checkpoint_minutes=0": "config.checkpoint_minutes",
    "--config.keep_steps=(0,)": "config.keep_steps",
    "--config.max_nonfinite_steps=0": "config.max_nonfinite_steps",
    "--config.deterministic=always": "config.deterministic",
    "--config.max_steps=3000000000": "config.max_steps",
    "--config.data.max_bytes=0": "config.data.max_bytes",
    "--config.data.near_duplicate_threshold=2.0": "config.data.near_duplicate_threshold",
    "--config.data.train_path=/x": "train_path",
    "--config.data.prepared_dir=": "config.data.prepared_dir",
    "--config.data.decontaminate=('/nonexistent.jsonl',)": "config.data.decontaminate",
    "--config=/nonexistent.py": "/nonexistent.py",
    "--stop_after=0": "stop_after",
    "--prove_resume=1": "prove_resume",
}


MISTAKES = COMMON | NEAR_MISSES | RARE


def arguments(mistake, workdir, directory):
    """A command line that is right but for the mistake."""
    right = [
        f"--config={TINY}",
        f"--workdir={workdir}",
        f"--config.data.prepared_dir={directory / 'data'}",
    ]
    words = mistake.split(" ")
    return [words[0], *right[1:], *words[1:]] if mistake.startswith("--config=") else [*right, *words]


def assert_told_in_one_line(mistake, status, output, errors):
    assert status == 2, (mistake, errors)
    assert len(errors.strip().splitlines()) == 1, (mistake, errors)
    assert errors.startswith("error: "), mistake
    assert MISTAKES[mistake] in errors, (mistake, errors)
    assert not output, mistake


def assert_nothing_written(directory):
    assert {path.name for path in directory.rglob("*") if path.is_file()} <= {"run.lock"}


def test_every_mistake_is_one_line_that_names_it_with_status_2_and_nothing_written(tmp_path, training):
    results = training.run_all(
        arguments(mistake, tmp_path / str(number), tmp_path) for number, mistake in enumerate(MISTAKES)
    )
    for mistake, result in zip(MISTAKES, results, strict=True):
        assert_told_in_one_line(mistake, *result)
    assert_nothing_written(tmp_path)
    print(f"{len(MISTAKES)} mistakes in one process: {len(MISTAKES)} clear lines, status 2, nothing written")


@pytest.mark.slow
def test_so_it_is_in_separate_processes(tmp_path):
    # One process per mistake costs seconds of imports: a few run at a time.
    left = list(MISTAKES)
    while left:
        running = {
            mistake: subprocess.Popen(
                [
                    sys.executable,
                    "scripts/train.py",
                    *arguments(mistake, tmp_path / f"{len(left)}_{i}", tmp_path),
                ],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for i, mistake in enumerate(left[:6])
        }
        left = left[6:]
        for mistake, process in running.items():
            output, errors = process.communicate()
            assert_told_in_one_line(mistake, process.returncode, output, errors)
    assert_nothing_written(tmp_path)
    print(
        f"{len(MISTAKES)} mistakes in separate processes: {len(MISTAKES)} clear lines, status 2, nothing written"
    )
