"""`--prove_resume`: silent where a restart changes nothing, and not silent where it does."""

import pytest
from faults.training_command import small_training

pytestmark = pytest.mark.faults

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
    return directory, [*small_training(directory), "--config.max_steps=100"]


def test_a_restart_changes_nothing_bit_by_bit(arguments, training):
    directory, flags = arguments
    done = training.run(*flags, "--prove_resume=3")
    assert done.status == 0, done.errors
    *_, last = done.output.splitlines()
    assert "3 steps straight and with a restart after 1" in last
    assert "bitwise equal" in last
    assert not (directory / "run.prove_resume").exists()
    assert not (directory / "run").exists()


@pytest.mark.slow
def test_a_run_that_forgets_where_in_the_data_it_was_is_found_out(arguments, tmp_path):
    from codelm_jax.training.resume_proof import resume_differences

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
