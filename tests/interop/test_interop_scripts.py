"""The two commands, one after the other, and what can be done with the result."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import jax
import pytest
from interop_models import assert_same_bits, exported

from codelm_jax.checkpoint.store import CheckpointStore, load_checkpoint
from codelm_jax.generation.generator import Generator
from codelm_jax.generation.params import SamplingParams
from codelm_jax.training.resume import find_origin

SCRIPTS = Path(__file__).parents[2] / "scripts"
# Neither command may need them: an import that finds None fails.
NO_PEERS = "import runpy, sys; sys.modules.update(torch=None, transformers=None); sys.argv = sys.argv[1:]; "
NO_PEERS += "runpy.run_path(sys.argv[0], run_name='__main__')"


def run(script, *flags):
    command = [sys.executable, "-c", NO_PEERS, str(SCRIPTS / script), *map(str, flags)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def there_and_back(tmp_path_factory):
    """A run, its export, and the run that was imported from it."""
    directory = tmp_path_factory.mktemp("interop")
    model = exported()
    with CheckpointStore(directory / "run" / "checkpoints") as store:
        store.save(model.step, state={"params": model.params}, data={}, meta=model.meta)
    done = run("export.py", f"--checkpoint={directory / 'run'}", f"--out={directory / 'out'}")
    assert (done.returncode, done.stderr) == (0, "")
    assert f"step {model.step}" in done.stdout
    assert "GPT-NeoX" in done.stdout
    done = run("import_hf.py", f"--model={directory / 'out'}", f"--out={directory / 'back'}")
    assert (done.returncode, done.stderr) == (0, "")
    return directory / "run", directory / "out", directory / "back"


def test_a_run_comes_back_as_it_was(there_and_back):
    before, after = (load_checkpoint(there_and_back[i]) for i in (0, 2))
    assert_same_bits(jax.device_get(before.params), jax.device_get(after.params))
    assert before.step == after.step
    assert before.meta.tokenizer_json == after.meta.tokenizer_json
    assert before.meta.decontaminated == after.meta.decontaminated


def test_what_came_back_samples_and_begins_a_run_as_the_original_does(there_and_back):
    before, _, after = there_and_back
    params = SamplingParams(temperature=0.7, max_new_tokens=12)
    texts = [Generator.from_checkpoint(path).generate(["def add(a, b):"], params) for path in (before, after)]
    assert texts[0] == texts[1]
    origin = find_origin(None, str(after), ["HumanEval.jsonl.gz"])
    assert origin.decontaminated == ["HumanEval.jsonl.gz"]
    assert origin.began_from.data_fingerprint == "f00"


def test_an_export_without_a_card_of_its_run_has_one_all_the_same(there_and_back):
    card = (there_and_back[1] / "README.md").read_text()
    assert card.startswith("---\n")
    assert 'license: "other"' in card
    assert f"# {there_and_back[1].name}\n" in card


def test_an_export_can_be_exported(there_and_back, tmp_path):
    _, out, _ = there_and_back
    done = run("export.py", f"--checkpoint={out}", f"--out={tmp_path / 'again'}", "--called=out")
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(path.name for path in out.iterdir()) == sorted(
        path.name for path in (tmp_path / "again").iterdir()
    )
    for path in out.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes(), path.name
    (tmp_path / "again" / "README.md").unlink()
    done = run("export.py", f"--checkpoint={tmp_path / 'again'}", f"--out={tmp_path / 'bare'}")
    assert (done.returncode, done.stderr) == (0, "")
    assert "Nothing is known" in (tmp_path / "bare" / "README.md").read_text()


def test_an_import_never_goes_into_a_run(there_and_back):
    before, out, _ = there_and_back
    done = run("import_hf.py", f"--model={out}", f"--out={before}")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"error: --out={before}: holds a run already")
    assert done.stderr.count("\n") == 1


def test_an_import_changes_nothing_in_a_run_whose_steps_are_damaged(there_and_back, tmp_path):
    run_directory = shutil.copytree(there_and_back[0], tmp_path / "run")
    for digests in run_directory.glob("checkpoints/*/digests"):
        shutil.rmtree(digests)
    before = sorted(run_directory.rglob("*"))
    done = run("import_hf.py", f"--model={there_and_back[1]}", f"--out={run_directory}")
    assert done.returncode == 2
    assert "holds a run already" in done.stderr
    assert set(before) <= set(run_directory.rglob("*"))


KILLED_BEFORE_IT_SAVED = """
import os, signal
from codelm_jax.commands import import_hf
import_hf.CheckpointStore.save = lambda *arguments, **named: os.kill(os.getpid(), signal.SIGKILL)
import_hf.run()
"""


def test_an_import_that_was_killed_goes_on_and_takes_no_others_settings_for_its_own(there_and_back, tmp_path):
    flags = [f"--model={there_and_back[1]}", f"--out={tmp_path / 'run'}"]
    killed = subprocess.run([sys.executable, "-c", KILLED_BEFORE_IT_SAVED, *flags], check=False)
    assert killed.returncode == -signal.SIGKILL
    settings = (tmp_path / "run" / "config.json").read_text()
    (tmp_path / "run" / "config.json").write_text('{"model": "of another run"}')
    assert run("import_hf.py", *flags).returncode == 2
    (tmp_path / "run" / "config.json").write_text(settings)
    done = run("import_hf.py", *flags)
    assert (done.returncode, done.stderr) == (0, "")
    again, whole = load_checkpoint(tmp_path / "run"), load_checkpoint(there_and_back[2])
    assert_same_bits(jax.device_get(again.params), jax.device_get(whole.params))
    assert settings == (there_and_back[2] / "config.json").read_text()
