"""`scripts/train.py` as a separate process, on a text and a model so small that a run takes seconds."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from command_process import ROOT

from codelm_jax.training.metrics import read_metrics

TINY = "configs/tiny.py"


def train(*arguments, devices=2):
    """Runs the command to its end in a separate process."""
    return subprocess.run(
        [sys.executable, "scripts/train.py", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        env=os.environ | {"JAX_NUM_CPU_DEVICES": str(devices)},
    )


def start(*arguments, stderr=subprocess.DEVNULL):
    """The command, started; its output goes nowhere."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # As in a background job of a shell: the command would inherit it, and no SIGINT could stop it.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    return subprocess.Popen(
        [sys.executable, "scripts/train.py", *map(str, arguments)],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=stderr,
        text=True,
        env=os.environ | {"JAX_NUM_CPU_DEVICES": "2"},
    )


def cpu_seconds(process: subprocess.Popen) -> float:
    """What the process has computed so far; its life in a measure that other processes do not stretch."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def let_compute(process: subprocess.Popen, seconds: float) -> bool:
    """Waits until the process has used so much processor time; returns whether it still runs."""
    while process.poll() is None:
        if cpu_seconds(process) >= seconds:
            # The clock of processor time ticks every 10 ms, and stops while a save waits for the disk.
            time.sleep(random.uniform(0.0, 0.05))
            return process.poll() is None
        time.sleep(0.01)
    return False


def finished_steps(workdir: Path) -> list[dict]:
    """The lines of the run's metrics that report training steps."""
    return [line for line in read_metrics(workdir / "metrics.jsonl") if "train/loss" in line]


def small_training(directory: Path) -> list[str]:
    """Writes the text into `directory`; returns the flags of a run of 6 steps in `directory/run`."""
    source = Path(json.__file__).parent
    code = "\n<|endoftext|>\n".join(path.read_text() for path in sorted(source.glob("*.py")))
    (directory / "train.txt").write_text(code)
    (directory / "val.txt").write_text(Path(Path(os.__file__).parent / "glob.py").read_text())
    return [
        f"--config={TINY}",
        f"--workdir={directory / 'run'}",
        "--config.data.source=text",
        f"--config.data.train_path={directory / 'train.txt'}",
        f"--config.data.val_path={directory / 'val.txt'}",
        f"--config.data.prepared_dir={directory / 'prepared'}",
        "--config.model.vocab_size=400",
        "--config.model.num_layers=1",
        "--config.model.hidden_dim=32",
        "--config.model.max_seq_length=128",
        "--config.batch_size=2",
        "--config.max_steps=6",
        "--config.log_every=2",
        "--config.eval_every=3",
        "--config.checkpoint_every=3",
        "--config.eval_tokens=1000",
        "--config.final_eval_tokens=1000",
    ]
