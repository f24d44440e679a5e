"""The two commands, one after the other, and what can be done with the result."""

import shutil
import signal
import subprocess
import sys

import jax
import pytest
from command_process import CommandProcess
from interop_models import assert_same_bits, exported

from codelm_jax.checkpoint.load import load_checkpoint
from codelm_jax.checkpoint.store import CheckpointStore
from codelm_jax.generation.generator import Generator
from codelm_jax.generation.params import SamplingParams
from codelm_jax.training.resume import find_origin

PEERS = ("torch", "transformers")


@pytest.fixture(scope="module")
def run_export():
    with CommandProcess("export", blocked=PEERS) as command:
        yield command.run


@pytest.fixture(scope="module")
def run_import():
    with CommandProcess("import_hf", blocked=PEERS) as command:
        yield command.run


@pytest.fixture(scope="module")
def there_and_back(tmp_path_factory, run_export, run_import):
    """A run, its export, and the run that was imported from it."""
    directory = tmp_path_factory.mktemp("interop")
    model = exported()
    with CheckpointStore(directory / "run" / "checkpoints") as store:
        store.save(model.step, state={"params": model.params}, data={}, meta=model.meta)
    done = run_export(f"--checkpoint={directory / 'run'}", f"--out={directory / 'out'}")
    assert (done.status, done.errors) == (0, "")
    assert f"step {model.step}" in done.output
    assert "GPT-NeoX" in done.output
    done = run_import(f"--model={directory / 'out'}", f"--out={directory / 'back'}")
    assert (done.status, done.errors) == (0, "")
    return directory / "run", directory / "out", directory / "back"


def test_an_imported_export_equals_the_run(there_and_back):
    before, after = (load_checkpoint(there_and_back[i]) for i in (0, 2))
    assert_same_bits(jax.device_get(before.params), jax.device_get(after.params))
    assert before.step == after.step
    assert before.meta.tokenizer_json == after.meta.tokenizer_json
    assert before.meta.decontaminated == after.meta.decontaminated


def test_an_imported_run_samples_and_starts_a_run_like_the_original(there_and_back):
    texts, (before, out, after) = [], there_and_back
    params = SamplingParams(temperature=0.7, max_new_tokens=12)
    generator = Generator.from_checkpoint(before)
    for each in (generator, generator.with_params(load_checkpoint(after).params)):
        ((completion,),) = each.generate(["def add(a, b):"], params)
        texts.append(completion.text)
    # Sampling an export needs no orbax, the library that saves checkpoints.
    with CommandProcess("sample", blocked=("orbax", *PEERS)) as sample:
        done = sample.run(f"--checkpoint={out}", "--prompt=def add(a, b):", "--max_new_tokens=12")
        assert (done.status, done.errors) == (0, "")
    assert texts[0] == texts[1]
    assert texts[0] in done.output
    origin = find_origin(None, str(after), ["HumanEval.jsonl.gz"])
    assert list(origin.decontaminated) == ["HumanEval.jsonl.gz"]
    assert origin.began_from
    assert origin.began_from.data_fingerprint == "f00"


def test_an_export_of_a_run_without_a_card_has_one(there_and_back):
    card = (there_and_back[1] / "README.md").read_text()
    assert card.startswith("---\n")
    assert 'license: "other"' in card
    assert f"# {there_and_back[1].name}\n" in card


def test_an_export_can_be_exported(there_and_back, run_export, tmp_path):
    _, out, _ = there_and_back
    done = run_export(f"--checkpoint={out}", f"--out={tmp_path / 'again'}", "--called=out")
    assert (done.status, done.errors) == (0, "")
    assert sorted(path.name for path in out.iterdir()) == sorted(
        path.name for path in (tmp_path / "again").iterdir()
    )
    for path in out.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes(), path.name
    (tmp_path / "again" / "README.md").unlink()
    done = run_export(f"--checkpoint={tmp_path / 'again'}", f"--out={tmp_path / 'bare'}")
    assert (done.status, done.errors) == (0, "")
    assert "Nothing is known" in (tmp_path / "bare" / "README.md").read_text()


def test_an_import_never_goes_into_a_run(there_and_back, run_import):
    before, out, _ = there_and_back
    done = run_import(f"--model={out}", f"--out={before}")
    assert (done.status, done.output) == (2, "")
    assert done.errors.startswith(f"error: --out={before}: holds a run already")
    assert done.errors.count("\n") == 1


def test_an_import_changes_nothing_in_a_run_whose_steps_are_damaged(there_and_back, run_import, tmp_path):
    run_directory = shutil.copytree(there_and_back[0], tmp_path / "run")
    for digests in run_directory.glob("checkpoints/*/digests"):
        shutil.rmtree(digests)
    before = sorted(run_directory.rglob("*"))
    done = run_import(f"--model={there_and_back[1]}", f"--out={run_directory}")
    assert done.status == 2
    assert "holds a run already" in done.errors
    assert set(before) <= set(run_directory.rglob("*"))


KILLED_BEFORE_IT_SAVED = """
import os, signal
from codelm_jax.commands import import_hf
import_hf.CheckpointStore.save = lambda *arguments, **named: os.kill(os.getpid(), signal.SIGKILL)
import_hf.run()
"""


def test_a_killed_import_can_be_repeated_but_not_over_settings_of_another_run(
    there_and_back, run_import, tmp_path
):
    flags = [f"--model={there_and_back[1]}", f"--out={tmp_path / 'run'}"]
    killed = subprocess.run([sys.executable, "-c", KILLED_BEFORE_IT_SAVED, *flags], check=False)
    assert killed.returncode == -signal.SIGKILL
    settings = (tmp_path / "run" / "config.json").read_text()
    (tmp_path / "run" / "config.json").write_text('{"model": "of another run"}')
    assert run_import(*flags).status == 2
    (tmp_path / "run" / "config.json").write_text(settings)
    done = run_import(*flags)
    assert (done.status, done.errors) == (0, "")
    again, whole = load_checkpoint(tmp_path / "run"), load_checkpoint(there_and_back[2])
    assert_same_bits(jax.device_get(again.params), jax.device_get(whole.params))
    assert settings == (there_and_back[2] / "config.json").read_text()
