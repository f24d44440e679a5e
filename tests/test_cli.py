import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
from command_process import ENVIRONMENT, ROOT
from faults.training_command import TINY, small_training

from codelm_jax.checkpoint.lock import RunLock
from codelm_jax.training.metrics import read_metrics


@pytest.fixture(scope="module")
def small_run(tmp_path_factory, training):
    """A directory with a run on a small text, the arguments that made it, and how the command ended."""
    directory = tmp_path_factory.mktemp("cli")
    arguments = small_training(directory)
    return directory, arguments, training.run(*arguments)


def test_one_command_goes_from_sources_to_completions(small_run):
    directory, _, done = small_run
    assert done.status == 0, done.errors
    assert "step 6 held out: nll" in done.output
    assert "'def add(a, b):' continues:" in done.output
    run = directory / "run"
    assert json.loads((run / "summary.json").read_text())["step"] == 6
    held_out = json.loads((run / "evals" / "step_6" / "heldout.json").read_text())["sets"]["val"]
    assert held_out["bits_per_byte"] > 0
    assert held_out["compressors"]["xz"]["by_file"] > 0
    written = {"config.json", "metrics.jsonl", "summary.json", "tensorboard", "checkpoints", "MODEL_CARD.md"}
    assert written <= {path.name for path in run.iterdir()}


def test_a_checkpoint_alone_is_enough_to_sample(small_run, tmp_path, command_process):
    directory, _, _ = small_run
    words = [f"--checkpoint={directory / 'run'}", "--prompt=def add(a, b):", "--max_new_tokens=5"]
    sampled = command_process("sample").run(*words, directory=tmp_path)
    assert sampled.status == 0, sampled.errors
    assert sampled.output.startswith("def add(a, b):")


def test_the_same_command_again_resumes_and_other_settings_are_refused(small_run, tmp_path, training):
    directory, arguments, _ = small_run
    shutil.copytree(directory / "prepared", tmp_path / "moved")
    deeper = ["--config.model.num_layers=2", f"--config.data.prepared_dir={tmp_path / 'none'}"]
    again, *others = training.run_all(
        [
            [*arguments, f"--config.data.prepared_dir={tmp_path / 'moved'}"],
            [*arguments, *deeper],
            [*arguments, "--config.learning_rate=0.1"],
        ]
    )
    assert again.status == 0, again.errors
    assert "resuming" in again.output
    assert [other.status for other in others] == [2, 2]
    assert others[0].errors.startswith("error: config.model.num_layers is 2, but the run in")
    assert not (tmp_path / "none").exists()
    assert others[1].errors.startswith("error: config.learning_rate is 0.1")
    assert len(others[1].errors.splitlines()) == 1


def test_a_new_run_starts_from_another_runs_weights(small_run, training):
    directory, arguments, _ = small_run
    shutil.copytree(directory / "run", directory / "source")
    mine = [
        *arguments,
        f"--workdir={directory / 'mine'}",
        f"--init_from={directory / 'source'}",
        f"--config.data.prepared_dir={directory / 'prepared_mine'}",
        "--config.monitor_every=0",
    ]
    elsewhere = f"--workdir={directory / 'other'}"
    deeper = [elsewhere, "--config.model.num_layers=2", "--config.model.num_heads=1"]
    tokenizer = [elsewhere, f"--config.data.tokenizer_path={directory / 'prepared' / 'tokenizer.json'}"]
    own_data = [*mine, elsewhere, f"--config.data.prepared_dir={directory / 'prepared'}", "--stop_after=1"]
    started, other, same_tokenizer, on_own_data = training.run_all(
        [
            [*mine, "--config.checkpoint_every=1", "--stop_after=1"],
            [*mine, *deeper],
            [*mine, *tokenizer, "--stop_after=1"],
            own_data,
        ]
    )
    assert same_tokenizer.status == 75, same_tokenizer.errors
    assert on_own_data.status == 75, on_own_data.errors
    assert started.status == 75, started.errors
    assert other.status == 2
    assert "config.model.num_heads is 1" in other.errors
    assert "config.model.num_layers is 2, but --init_from=" in other.errors
    assert "has 1: leave it out" in other.errors
    shutil.rmtree(directory / "source")
    # The data was prepared with the tokenizer in the run's directory, which has moved.
    (directory / "mine").rename(directory / "renamed")
    # The run knows its parent: the flag that named it, which is gone, is not needed again.
    without = [word for word in mine if not word.startswith("--init_from")]
    again = training.run(*without, f"--workdir={directory / 'renamed'}", "--stop_after=2")
    assert again.status == 75, again.errors
    assert "resuming" in again.output
    # One step of warm-up moves nothing: held out, the new run starts where the other one ended.
    started_at, fresh = (
        next(r["val/nll"] for r in read_metrics(directory / name / "metrics.jsonl") if "val/nll" in r)
        for name in ("renamed", "run")
    )
    assert started_at < fresh


def test_a_signal_stops_the_run_with_its_own_status_and_nothing_is_lost(small_run, tmp_path):
    _, arguments, _ = small_run
    long = [*arguments, f"--workdir={tmp_path / 'run'}", "--config.max_steps=100000"]
    running = subprocess.Popen(
        [sys.executable, "scripts/train.py", *long], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    metrics = tmp_path / "run" / "metrics.jsonl"
    while not (metrics.exists() and metrics.read_text()):
        assert running.poll() is None
        time.sleep(0.1)
    running.send_signal(signal.SIGTERM)
    output, _ = running.communicate(timeout=60)
    assert running.returncode == 75
    assert "stopped by SIGTERM at step" in output
    step = json.loads((tmp_path / "run" / "summary.json").read_text())["step"]
    assert (tmp_path / "run" / "checkpoints" / str(step)).is_dir()


def test_a_signal_during_preparation_stops_with_the_same_status_in_one_line(tmp_path):
    command = [
        sys.executable,
        "-u",
        "scripts/train.py",
        f"--config={TINY}",
        f"--workdir={tmp_path / 'run'}",
        f"--config.data.prepared_dir={tmp_path / 'prepared'}",
    ]
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout
        while "preparing" not in running.stdout.readline():
            assert running.poll() is None
        running.send_signal(signal.SIGTERM)
        try:
            _, errors = running.communicate(timeout=60)
        finally:
            running.kill()
    assert running.returncode == 75
    assert errors == "stopped before or after the training steps; run the same command to resume\n"
    assert not [path for path in tmp_path.iterdir() if "partial" in path.name]


def test_a_second_run_in_the_same_directory_says_which_process_holds_it(small_run, tmp_path, training):
    _, arguments, _ = small_run
    with RunLock(tmp_path / "run"):
        done = training.run(*arguments, f"--workdir={tmp_path / 'run'}")
    assert done.status == 2
    assert f"in use by pid {os.getpid()}" in done.errors


def describe(training, directory, *arguments):
    done = training.run(
        "--config=configs/strongreg.py",
        "--describe",
        "--config.batch_size=2",
        f"--workdir={directory / 'run'}",
        f"--config.data.prepared_dir={directory / 'none'}",
        *arguments,
    )
    assert done.status == 0, done.errors
    described = json.loads(done.output)
    assert described["tokens_per_step"] == 2 * 256
    assert described["total_tokens"] == 50_000 * 2 * 256
    assert described["memory"]["state_bytes"] > 3 * 4 * described["num_params"]
    assert not (directory / "run").exists()
    assert not (directory / "none").exists()
    return described


def test_describe_prints_the_run_as_json_and_makes_nothing_and_overrides_outrank_the_architecture_file(
    tmp_path, training
):
    file, wrong = tmp_path / "arch.json", tmp_path / "wrong.json"
    file.write_text('{"architecture": {"num_layers": 3, "hidden_dim": 32, "ffn_multiplier": 2.0}}')
    wrong.write_text('{"num_layers": "8"}')
    small = ["num_layers=1", "num_heads=2", "vocab_size=300"]
    overrides = [f"--config.model.{setting}" for setting in small]
    described = describe(training, tmp_path, f"--arch_json={file}", *overrides)
    model = described["config"]["model"]
    assert (model["num_layers"], model["hidden_dim"], model["num_heads"]) == (1, 32, 2)
    # Embedding and head, attention, feed-forward, three norms.
    assert described["num_params"] == 2 * 300 * 32 + 4 * 32 * 32 + 2 * 32 * 64 + 3 * 64
    refused = training.run("--config=configs/strongreg.py", "--describe", f"--arch_json={wrong}")
    assert f"error: --arch_json={wrong}: config.model.num_layers = '8'" in refused.errors


@pytest.mark.slow
def test_describe_knows_the_size_of_strongreg(tmp_path, training):
    assert describe(training, tmp_path)["num_params"] == 29_180_928


def test_a_broken_config_file_is_named(tmp_path, training):
    broken = [
        ("x =", "", "SyntaxError"),
        ("x = 1", "", "get_config"),
        ("import nonesuch", "", "nonesuch"),
        ("def get_config(size):\n    raise ValueError(f'no size {size}')", ":huge", "no size huge"),
    ]
    for number, (content, argument, says) in enumerate(broken):
        path = tmp_path / f"broken_{number}.py"
        path.write_text(content)
        done = training.run(f"--config={path}{argument}")
        assert done.status == 2
        assert len(done.errors.splitlines()) == 1
        assert str(path) in done.errors
        assert says in done.errors


def test_help_shows_the_commands_and_flags(training):
    done = training.run("--help")
    assert done.status == 0
    assert "python scripts/train.py --config=configs/strongreg.py" in done.output
    assert "--workdir" in done.output


PRINTING = "from codelm_jax import cli; cli.run(lambda: print('x'))"


def test_output_that_nobody_reads_ends_without_a_traceback():
    read_end, write_end = os.pipe()
    os.close(read_end)
    with open("/dev/full", "w") as full, os.fdopen(write_end, "w") as closed:
        done = [
            subprocess.run(
                [sys.executable, "-c", PRINTING, *words], stdout=out, stderr=subprocess.PIPE, cwd=ROOT
            )
            for out in (closed, full)
            for words in ([], ["--help"])
        ]
    assert [each.returncode for each in done] == [141, 141, 2, 2]
    full_disk = b"error: the disk is full; free space and run the same command again\n"
    assert [each.stderr for each in done] == [b"", b"", full_disk, full_disk]


# Where the tests themselves run in the background, their shell has Ctrl-C ignored.
CALLING = """
import signal, sys
from pathlib import Path
from codelm_jax import cli
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.executable = "./command"
try:
    print(cli.call("train"), end=" ")
except KeyboardInterrupt:
    print("Ctrl-C", end=" ")
print("saved" if Path("saved").exists() else "lost")
"""


@pytest.mark.parametrize(
    ("tell", "said"),
    [
        (lambda caller: os.killpg(caller.pid, signal.SIGINT), "Ctrl-C saved"),  # as a terminal does: to both
        (subprocess.Popen.terminate, "75 saved"),  # to the caller alone
    ],
)
def test_a_command_that_another_one_called_ends_first_when_stopped(tell, said, tmp_path):
    command = tmp_path / "command"
    command.write_text(
        "#!/bin/sh\ntrap 'sleep 1; touch saved; exit 75' INT TERM\ntouch ready\nwhile :; do sleep 0.1; done\n"
    )
    command.chmod(0o755)
    caller = subprocess.Popen(
        [sys.executable, "-c", CALLING],
        cwd=tmp_path,
        env=os.environ | ENVIRONMENT,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while not (tmp_path / "ready").exists():
        assert caller.poll() is None
        time.sleep(0.05)
    tell(caller)
    printed, _ = caller.communicate(timeout=60)
    assert printed.splitlines()[-1] == said
