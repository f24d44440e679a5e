"""The command that prepares data alone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from source_trees import write_packages

from codelm_jax.data.prepared import load_prepared

SCRIPT = Path(__file__).parents[2] / "scripts" / "prepare_data.py"
CONFIG = SCRIPT.parents[1] / "configs" / "tiny.py"


def run(tmp_path, *arguments):
    command = [sys.executable, str(SCRIPT), f"--config={CONFIG}", "--config.model.vocab_size=400", *arguments]
    environment = {**os.environ, "PYTHONPATH": str(SCRIPT.parents[1])}
    return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)


def test_the_command_prepares_what_the_config_says_and_then_uses_it(tmp_path):
    write_packages(tmp_path / "src", packages=3)
    arguments = ("--config.data.source=directories", "--config.data.directories=('src',)")
    first = run(tmp_path, *arguments)
    assert first.returncode == 0, first.stderr
    prepared = load_prepared(tmp_path / "data" / "tiny")
    assert prepared.tokenizer.vocab_size == 400
    assert f"fingerprint {prepared.fingerprint}" in first.stdout
    second = run(tmp_path, *arguments)
    assert "using the prepared data in data/tiny" in second.stdout


@pytest.mark.parametrize(
    ("argument", "key"),
    [
        ("--config.data.source=directories", "directories"),
        pytest.param("--config.data.max_bytes=0", "config.data.max_bytes", marks=pytest.mark.slow),
        pytest.param("config.data.max_bytes=5", "config.data.max_bytes=5", marks=pytest.mark.slow),
    ],
)
def test_mistakes_are_one_line_and_status_2_before_any_work(tmp_path, argument, key):
    result = run(tmp_path, argument)
    assert result.returncode == 2
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert key in line
    assert os.listdir(tmp_path) == []
