import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ECHO = """#!/bin/sh
printf '%s\\0' "$@"
"""


@pytest.fixture
def checkout(tmp_path):
    """A place where `python` only says what it was given."""
    if shutil.which("make") is None:
        pytest.skip("needs make")
    for name in ("Makefile", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path)
    python = tmp_path / "environment" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(ECHO, encoding="utf-8")
    python.chmod(0o755)
    (tmp_path / "environment" / "installed").touch()
    return tmp_path


def make(target: str, checkout: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    environment = {name: value for name, value in os.environ.items() if name not in ("PROMPT", "MAKEFLAGS")}
    return subprocess.run(
        ["make", "--no-print-directory", target, "VENV=environment", *words],
        cwd=checkout,
        env=environment,
        capture_output=True,
        check=False,
    )


def make_sample(checkout: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    return make("sample", checkout, *words)


@pytest.mark.parametrize(
    "prompt",
    [
        'print("hi")',
        "x = 'it''s'",
        "$(touch made)",
        "$(shell touch made)",
        "`touch made`; touch made",
        'price = "$5" # $$ $x \\',
        "def f(a, b):\n    ",
    ],
)
def test_a_prompt_arrives_as_it_was_typed(checkout, prompt):
    (checkout / "runs" / "tiny" / "checkpoints").mkdir(parents=True)
    done = make_sample(checkout, f"PROMPT={prompt}")
    assert done.returncode == 0, done.stderr
    assert done.stdout.decode().split("\0")[1:3] == ["--checkpoint=runs/tiny/", f"--prompt={prompt}"]
    assert not (checkout / "made").exists()


def test_the_newest_run_is_sampled_interactively(checkout):
    for age, name in enumerate(("new", "old")):
        checkpoints = checkout / "runs" / name / "checkpoints"
        checkpoints.mkdir(parents=True)
        os.utime(checkpoints, (1e9 - age, 1e9 - age))
    assert make_sample(checkout).stdout.decode().split("\0")[1:3] == [
        "--checkpoint=runs/new/",
        "--interactive",
    ]


@pytest.mark.parametrize("target", ["sample", "serve"])
def test_a_released_model_is_taken_where_there_is_no_run(target, checkout):
    for name in ("v2", "v10", "small-v11"):
        (checkout / "pretrained" / name).mkdir(parents=True)
    # Holds runs, and is none.
    (checkout / "runs" / "ablations" / "baseline").mkdir(parents=True)
    assert make(target, checkout).stdout.decode().split("\0")[1] == "--checkpoint=pretrained/v10/"
    (checkout / "runs" / "tiny" / "checkpoints").mkdir(parents=True)
    assert make(target, checkout).stdout.decode().split("\0")[1] == "--checkpoint=runs/tiny/"


def test_without_a_run_it_says_what_to_do(checkout):
    done = make_sample(checkout)
    assert done.returncode != 0
    assert b"error: there is no run in runs/: make train" in done.stderr
    assert not done.stdout
