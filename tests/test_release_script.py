"""From sources to a shipped model and its figures, with a model too small to be of use."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import jax
import pytest
from python_sources import write_sources
from sandbox.denied_calls import DENY

from codelm_jax.release import shipped

ROOT = Path(__file__).parents[1]
WORDS = ["--configs=minute.py", "--suites=heldout", "--name=toy"]
CONFIG = """
from codelm_jax.config_files import load_config

def get_config():
    config = load_config("small")
    config.model.num_layers, config.model.hidden_dim, config.model.num_heads = 1, 16, 2
    config.model.vocab_size, config.model.max_seq_length = 320, 96
    config.max_steps, config.batch_size, config.warmup_steps = 2, 2, 1
    config.monitor_every = 0
    config.data.source, config.data.directories = "directories", ("sources",)
    return config
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("release")
    write_sources(place / "sources", files=40)
    (place / "minute.py").write_text(CONFIG)
    return place


def release(place: Path, *words: str) -> subprocess.CompletedProcess[str]:
    script = str(ROOT / "scripts" / "release.py")
    command = [sys.executable, script, *WORDS, *words]
    return subprocess.run(command, capture_output=True, text=True, cwd=place, check=False)


@pytest.fixture(scope="module")
def toy(place) -> Path:
    done = release(place)
    assert done.returncode == 0, done.stderr
    return place / "pretrained" / "toy"


@pytest.mark.slow
def test_what_ships_was_measured_as_it_lies_there(toy):
    recorded = json.loads((toy / "figures.json").read_text())
    with jax.numpy_dtype_promotion("standard"):
        again = shipped.measure(toy)
    assert again["greedy"] == recorded["greedy"]
    assert again["heldout"]["nll"] == pytest.approx(recorded["heldout"]["nll"], abs=shipped.TOLERANCE)
    assert again["heldout"]["bytes"] == recorded["heldout"]["bytes"]
    assert json.loads((toy / "config.json").read_text())["dtype"] == "bfloat16"


@pytest.mark.slow
def test_the_card_names_licences_and_the_directory(toy):
    card = (toy / "README.md").read_text()
    assert 'license: "apache-2.0"' in card
    assert "Only packages that state one of these licences were taken: 0BSD, Apache-2.0," in card
    assert "sample.py --checkpoint=pretrained/toy --prompt=" in card
    assert str(toy.parents[1]) not in card
    assert "\n# toy\n" in card
    assert "--checkpoint=pretrained/toy --suite=heldout --text=pretrained/toy/heldout.txt" in card


@pytest.mark.slow
def test_the_figures_on_the_card_are_of_the_weights_that_ship(toy, place):
    (result,) = (place / "runs" / "toy" / "minute" / "evals").glob("step_*/heldout.json")
    measured = json.loads(result.read_text())
    out = place / "again"
    command = [
        sys.executable,
        str(ROOT / "scripts" / "evaluate.py"),
        f"--checkpoint={toy}",
        "--suite=heldout",
    ]
    subprocess.run([*command, f"--data={place / 'data' / 'toy'}", f"--out={out}"], check=True)
    again = json.loads((out / "heldout.json").read_text())
    assert again["settings"]["weights_sha256"] == measured["settings"]["weights_sha256"]
    assert again["sets"] == measured["sets"]


@pytest.mark.slow
def test_the_held_out_text_is_whole_files_that_name_their_packages(toy, place):
    sources = json.loads((toy / "heldout_sources.json").read_text())["files"]
    texts = (toy / "heldout.txt").read_text().split("<|endoftext|>\n")
    assert len(texts) == len(sources) > 0
    for text, source in zip(texts, sources, strict=True):
        assert source["licence"] == "Apache-2.0"
        assert any(text == path.read_text() for path in (place / "sources" / source["package"]).glob("*.py"))


@pytest.mark.slow
def test_stopped_before_its_figures_the_same_command_goes_on(toy, place):
    before = (toy / "figures.json").read_bytes()
    (toy / "figures.json").unlink()
    weights = (toy / "model.safetensors").stat().st_mtime_ns
    done = release(place)
    assert done.returncode == 0, done.stderr
    assert json.loads((toy / "figures.json").read_bytes()) == json.loads(before)
    assert (toy / "model.safetensors").stat().st_mtime_ns == weights


@pytest.mark.slow
def test_an_evaluation_of_another_step_than_the_one_that_ships_is_refused(toy, place):
    evals = place / "runs" / "toy" / "minute" / "evals"
    card = (toy / "README.md").read_bytes()
    shutil.copytree(evals / "step_2", evals / "step_3")
    done = release(place)
    shutil.rmtree(evals / "step_3")
    assert done.returncode == 2
    assert "its newest heldout is of step 3, but step 2 is the best and ships; move" in done.stderr
    assert (toy / "README.md").read_bytes() == card


def test_a_sandbox_that_lacks_layers_is_reported_before_anything_is_trained(tmp_path):
    script = ROOT / "scripts" / "release.py"
    words = [str(script), "--configs=minute.py", "--suites=all,mini_benchmark", "--name=toy"]
    source = (
        f"{DENY}\ndeny('landlock', 'unshare')\nimport runpy, sys\nsys.argv = {words!r}\n"
        f"runpy.run_path({str(script)!r}, run_name='__main__')"
    )
    done = subprocess.run(
        [sys.executable, "-c", source], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: sandbox: missing ")
    assert done.stderr.endswith("or leave tasks out (--suites=all, no --benchmarks)\n")
    assert os.listdir(tmp_path) == []


def test_a_release_that_exists_is_refused_before_anything_is_trained(tmp_path, command_process):
    (tmp_path / "pretrained" / "toy").mkdir(parents=True)
    (tmp_path / "pretrained" / "toy" / "codelm.json").write_text("{}")
    done = command_process("release").run(*WORDS, directory=tmp_path)
    assert (done.status, done.output) == (2, "")
    assert done.errors.startswith("error: pretrained/toy: another release is there; choose another --name")
    assert os.listdir(tmp_path) == ["pretrained"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--name=../x"], "error: --name='../x': must be the name of a directory"),
        (
            ["--suites=heldot"],
            "error: --suite=heldot: 'heldot' is not a suite (did you mean heldout?); there are all, ",
        ),
        (["--suites=humaneval"], "error: --suite=humaneval needs --humaneval=FILE"),
        (["--benchmarks=nowhere"], "error: --benchmarks=nowhere: has no HumanEval.jsonl.gz"),
    ],
)
def test_mistakes_are_one_line(words, says, tmp_path, command_process):
    done = command_process("release").run(*WORDS, *words, directory=tmp_path)
    assert (done.status, done.output) == (2, "")
    assert done.errors.startswith(says)
    assert done.errors.count("\n") == 1
    assert os.listdir(tmp_path) == []
