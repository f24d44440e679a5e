"""`--prove_resume`: finds no difference where a restart changes nothing, and finds one where it does."""

import pytest
from faults.training_command import small_training

from codelm_jax.training.resume_proof import resume_differences

pytestmark = pytest.mark.faults

STOPPED = 75

# In place of a training command: copies runs that were made before.
COPYING = """
import shutil, sys
given = dict(word.split("=", 1) for word in sys.argv[1:])
second = given["--workdir"].endswith("resumed")
shutil.copytree(given["--first"] if not second else given["--second"], given["--workdir"], dirs_exist_ok=True)
sys.exit(75)
"""
# The training command, but a resumed run starts the data from the beginning.
FORGETFUL = """
import sys
from codelm_jax.training import loop
original = loop.train_batches
loop.train_batches = lambda *args, start_index, **rest: original(*args, start_index=0, **rest)
sys.argv = ["scripts/train.py", *sys.argv[1:]]
from codelm_jax.commands.train import run
run()
"""


@pytest.fixture(scope="module")
def arguments(tmp_path_factory):
    directory = tmp_path_factory.mktemp("proof")
    return directory, [*small_training(directory), "--config.max_steps=100", "--config.log_every=1"]


def test_a_restart_changes_nothing_bit_by_bit_and_another_seed_is_found_out(arguments, training):
    directory, flags = arguments
    (directory / "copying.py").write_text(COPYING)
    for run, *more in (
        ("straight", "--stop_after=4"),
        ("restarted", "--stop_after=2"),
        ("restarted", "--stop_after=4"),
        ("other", "--stop_after=4", "--config.seed=1"),
    ):
        done = training.run(*flags, f"--workdir={directory / run}", *more)
        assert done.status == STOPPED, done.errors

    def differences(first: str, second: str) -> list[str]:
        runs = [f"--first={directory / first}", f"--second={directory / second}"]
        copies = directory / f"{first}_and_{second}"
        return resume_differences([str(directory / "copying.py"), *runs], 4, copies)

    assert differences("straight", "restarted") == []
    found = differences("straight", "other")
    assert any(line.startswith("params/") and "values differ, by up to" in line for line in found)
    assert any(line.startswith("train/loss of step 3") for line in found)


@pytest.mark.slow
def test_the_command_proves_it_with_runs_in_separate_processes(arguments, training):
    directory, flags = arguments
    done = training.run(*flags, "--prove_resume=5")
    assert done.status == 0, done.errors
    *_, last = done.output.splitlines()
    assert "5 steps straight and with a restart after 2" in last
    assert "bitwise equal" in last
    assert not (directory / "run.prove_resume").exists()
    assert not (directory / "run").exists()


@pytest.mark.slow
def test_a_run_that_forgets_where_in_the_data_it_was_is_found_out(arguments, tmp_path):
    directory, flags = arguments
    script = directory / "forgetful.py"
    script.write_text(FORGETFUL)
    found = resume_differences([str(script), *flags], 4, tmp_path)
    assert any(line.startswith("position in the data") for line in found), found
    assert any(line.startswith("params/") and "values differ, by up to" in line for line in found)
    assert any(line.startswith("train/loss of step 3") for line in found)


def test_a_length_that_cannot_be_proved_is_refused(arguments, training):
    _, flags = arguments
    for steps in (1, 100):
        done = training.run(*flags, f"--prove_resume={steps}")
        assert done.status == 2
        assert f"--prove_resume={steps}: must be at least 2 and below config.max_steps = 100" in done.errors
