import json
import os
import subprocess
import sys
from pathlib import Path

import jax
import pytest
from command_process import ENVIRONMENT, Finished
from evaluated_run import TEMPLATES, params_of, parsed, prepare_data, raw_config, save_run

from codelm_jax.checkpoint.load import load_checkpoint
from codelm_jax.data.prepared import load_prepared
from codelm_jax.evaluation_inputs.model import evaluated_model


@pytest.fixture(scope="session")
def run(tmp_path_factory):
    """The directory of a run; its data and some templates are next to it."""
    directory = tmp_path_factory.mktemp("evaluated")
    raw = raw_config(directory)
    (directory / "templates.toml").write_text(TEMPLATES)
    with jax.numpy_dtype_promotion("standard"):
        return save_run(directory, raw, prepare_data(directory, raw), params_of(parsed(raw)))


@pytest.fixture(scope="session")
def prepared(run):
    return load_prepared(run.parent / "prepared")


@pytest.fixture(scope="session")
def loaded(run):
    return load_checkpoint(run)


@pytest.fixture(scope="session")
def model(loaded):
    """The run's model as suites see it; what it compiles is shared by all tests."""
    with jax.numpy_dtype_promotion("standard"):
        return evaluated_model(loaded)


@pytest.fixture(scope="session")
def invocations(run, tmp_path_factory):
    """Name -> how an invocation of the command ended; all run in one process."""
    tasks = tmp_path_factory.mktemp("tasks") / "tasks.jsonl"
    tasks.write_text(json.dumps({"id": "a", "prompt": "def f():\n", "tests": ["assert f() == 1"]}))
    arguments = {
        "evaluated": [
            "--suite=few_shot,context,memorisation,short_prompt,toy",
            "--n=2",
            "--max_new_tokens=8",
            f"--templates={run.parent / 'templates.toml'}",
            f"--data={run.parent / 'prepared'}",
        ],
        "unknown suite": ["--suite=few_shots"],
        "no samples": ["--n=0"],
        "no dashes": ["suite=all"],
        "broken sandbox": [
            "--suite=mini_benchmark",
            f"--tasks={tasks}",
            "--n=1",
            "--max_new_tokens=4",
            f"--out={tasks.parent / 'out'}",
        ],
    }
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("evaluate_process.py"))],
        input=json.dumps([[f"--checkpoint={run}", *words] for words in arguments.values()]),
        capture_output=True,
        text=True,
        env={**os.environ, **ENVIRONMENT, "COLUMNS": "120"},
    )
    assert done.returncode == 0, done.stderr
    ended = json.loads(done.stdout.splitlines()[-1])
    return {name: Finished(*each) for name, each in zip(arguments, ended, strict=True)}
