import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
from faults.training_command import ROOT, TINY, run_commands, small_training, train

from codelm_jax.training.metrics import read_metrics


@pytest.fixture(scope="module")
def small_run(tmp_path_factory):
    """A run on a small text, through the command itself, in its own directory."""
    directory = tmp_path_factory.mktemp("cli")
    arguments = small_training(directory)
    return directory, arguments, train(*arguments)


def test_one_command_goes_from_sources_to_completions(small_run):
    directory, _, done = small_run
    assert done.returncode == 0, done.stderr
    assert "step 6 held out: nll" in done.stdout
    assert "'def add(a, b):' continues:" in done.stdout
    run = directory / "run"
    assert json.loads((run / "summary.json").read_text())["step"] == 6
    held_out = json.loads((run / "evals" / "step_6" / "heldout.json").read_text())["sets"]["val"]
    assert held_out["bits_per_byte"] > 0
    assert held_out["compressors"]["xz"]["by_file"] > 0
    written = {"config.json", "metrics.jsonl", "summary.json", "tensorboard", "checkpoints", "MODEL_CARD.md"}
    assert written <= {path.name for path in run.iterdir()}


def test_a_checkpoint_alone_is_enough_to_sample(small_run, tmp_path):
    directory, _, _ = small_run
    sampled = subprocess.run(
        [
            sys.executable,
            ROOT / "scripts" / "sample.py",
            f"--checkpoint={directory / 'run'}",
            "--prompt=def add(a, b):",
            "--max_new_tokens=5",
        ],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert sampled.returncode == 0, sampled.stderr
    assert sampled.stdout.startswith("def add(a, b):")


def test_the_same_command_again_resumes_and_other_settings_are_refused(small_run, tmp_path):
    directory, arguments, _ = small_run
    shutil.copytree(directory / "prepared", tmp_path / "moved")
    deeper = ["--config.model.num_layers=2", f"--config.data.prepared_dir={tmp_path / 'none'}"]
    again, *others = run_commands(
        [
            [*arguments, f"--config.data.prepared_dir={tmp_path / 'moved'}"],
            [*arguments, *deeper],
            [*arguments, "--config.learning_rate=0.1"],
        ]
    )
    assert again["status"] == 0, again["errors"]
    assert "resuming" in again["output"]
    assert [other["status"] for other in others] == [2, 2]
    assert others[0]["errors"].strip().startswith("error: config.model.num_layers is 2, but the run in")
    assert not (tmp_path / "none").exists()
    assert others[1]["errors"].strip().startswith("error: config.learning_rate is 0.1")
    assert len(others[1]["errors"].strip().splitlines()) == 1


def test_a_new_run_starts_from_another_runs_weights(small_run):
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
    started, other, same_tokenizer, on_own_data = run_commands(
        [
            [*mine, "--config.checkpoint_every=1", "--stop_after=1"],
            [*mine, *deeper],
            [*mine, *tokenizer, "--stop_after=1"],
            own_data,
        ]
    )
    assert same_tokenizer["status"] == 75, same_tokenizer["errors"]
    assert on_own_data["status"] == 75, on_own_data["errors"]
    assert "config.model.num_heads is 1" in other["errors"]
    assert started["status"] == 75, started["errors"]
    assert other["status"] == 2
    assert "config.model.num_layers is 2, but --init_from=" in other["errors"]
    assert "has 1: leave it out" in other["errors"]
    shutil.rmtree(directory / "source")
    # The data was prepared with the tokenizer in the run's directory, which lies elsewhere now.
    (directory / "mine").rename(directory / "renamed")
    # The run knows its parent: the flag that named it, which is gone, is not needed again.
    without = [word for word in mine if not word.startswith("--init_from")]
    again = train(*without, f"--workdir={directory / 'renamed'}", "--stop_after=2")
    assert again.returncode == 75, again.stderr
    assert "resuming" in again.stdout
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


def test_a_second_run_in_the_same_directory_is_told_who_holds_it(small_run, tmp_path):
    _, arguments, _ = small_run
    from codelm_jax.checkpoint.lock import RunLock

    with RunLock(tmp_path / "run"):
        done = train(*arguments, f"--workdir={tmp_path / 'run'}")
    assert done.returncode == 2
    assert f"in use by pid {os.getpid()}" in done.stderr


def test_describe_prints_the_run_as_json_and_makes_nothing(tmp_path):
    done = train(
        "--config=configs/strongreg.py",
        "--describe",
        "--config.batch_size=1",
        f"--workdir={tmp_path / 'run'}",
        f"--config.data.prepared_dir={tmp_path / 'none'}",
    )
    assert done.returncode == 0, done.stderr
    described = json.loads(done.stdout)
    assert described["num_params"] == 29_180_928
    assert described["tokens_per_step"] == 256
    assert described["total_tokens"] == 50_000 * 256
    assert described["memory"]["state_bytes"] > 3 * 4 * 29_180_928
    assert not list(tmp_path.iterdir())


def test_an_override_outranks_the_architecture_file_and_its_mistakes_name_it(tmp_path):
    file = tmp_path / "arch.json"
    file.write_text('{"architecture": {"num_layers": 3, "hidden_dim": 64}}')
    arguments = [
        f"--config={TINY}",
        "--describe",
        f"--arch_json={file}",
        f"--config.data.prepared_dir={tmp_path / 'none'}",
    ]
    wrong = tmp_path / "wrong.json"
    wrong.write_text('{"num_layers": "8"}')
    described, refused = run_commands(
        [[*arguments, "--config.model.num_layers=2"], [*arguments, f"--arch_json={wrong}"]]
    )
    model = json.loads(described["output"])["config"]["model"]
    assert (model["num_layers"], model["hidden_dim"], model["num_heads"]) == (2, 64, 4)
    assert f"error: --arch_json={wrong}: config.model.num_layers = '8'" in refused["errors"]


def test_a_broken_config_file_is_named(tmp_path):
    broken = [
        ("x =", "", "SyntaxError"),
        ("x = 1", "", "get_config"),
        ("import nonesuch", "", "nonesuch"),
        ("def get_config(size):\n    raise ValueError(f'no size {size}')", ":huge", "no size huge"),
    ]
    paths = [tmp_path / f"broken_{number}.py" for number in range(len(broken))]
    for path, (content, _, _) in zip(paths, broken, strict=True):
        path.write_text(content)
    results = run_commands(
        [f"--config={path}{argument}"] for path, (_, argument, _) in zip(paths, broken, strict=True)
    )
    for path, (_, _, says), result in zip(paths, broken, results, strict=True):
        assert result["status"] == 2
        assert len(result["errors"].strip().splitlines()) == 1
        assert str(path) in result["errors"]
        assert says in result["errors"]


def test_help_shows_the_commands_and_flags():
    done = train("--help")
    assert done.returncode == 0
    assert "python scripts/train.py --config=configs/strongreg.py" in done.stdout
    assert "--workdir" in done.stdout


def test_output_that_nobody_takes_ends_without_a_traceback():
    command = [sys.executable, "scripts/train.py", f"--config={TINY}", "--describe"]
    read_end, write_end = os.pipe()
    os.close(read_end)
    with open("/dev/full", "w") as full, os.fdopen(write_end, "w") as closed:
        done = [
            subprocess.run(command, stdout=out, stderr=subprocess.PIPE, cwd=ROOT) for out in (closed, full)
        ]
    assert [each.returncode for each in done] == [141, 2]
    assert done[0].stderr == b""
    assert done[1].stderr == b"error: the disk is full; free space and run the same command again\n"


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
