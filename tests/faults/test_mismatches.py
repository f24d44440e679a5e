"""Settings, data, tokenizer and checkpoint that do not belong together are refused before a step is trained."""

import dataclasses
import shutil
from pathlib import Path

import pytest
from command_process import ROOT, Finished
from faults.mismatches import MISMATCHES, Mismatch
from faults.training_command import TINY, small_training

from codelm_jax.data.tokenizer import CodeTokenizer

pytestmark = pytest.mark.faults

STOPPED = 75


@dataclasses.dataclass(frozen=True)
class Homes:
    """A home to make copies of, the other one, and the command that made the run of the first."""

    home: Path
    other: Path
    flags: list[str]


def relative(flags: list[str], home: Path) -> list[str]:
    return [flag.replace(f"{home}/", "").replace(TINY, str(ROOT / TINY)) for flag in flags]


@pytest.fixture(scope="module")
def homes(tmp_path_factory, training):
    home, other = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("other")
    flags = relative(small_training(home), home)
    small_training(other)
    text = (other / "train.txt").read_text()
    (other / "train.txt").write_text(text[len(text) // 2 :])
    (other / "larger.json").write_text(CodeTokenizer.train([text], 420).to_json())
    flags.append("--config.max_steps=10")
    longer = [*flags, "--stop_after=9"]
    results = training.run_all(
        [
            [*flags, "--stop_after=6"],
            [*longer, "--workdir=seeded", "--config.seed=5"],
            [*longer, "--workdir=deeper", "--config.model.num_layers=2"],
            [*longer, "--workdir=other_corpus"],
        ],
        [home, other, other, other],
    )
    assert [result.status for result in results] == [STOPPED] * 4, results
    return Homes(home, other, flags)


def refused(mismatch: Mismatch, result: Finished) -> bool:
    """Whether the command said what is wrong in one line, which only notes of damaged steps may precede."""
    *notes, last = result.errors.splitlines() or [""]
    refusal = last.startswith("error: ") and mismatch.message in last
    return result.status == 2 and refusal and all("; moved to " in note for note in notes)


def add_to_text(place: Path) -> list[str]:
    with (place / "train.txt").open("a") as file:
        file.write("x = 1\n")
    return []


def delete_text(place: Path) -> list[str]:
    (place / "train.txt").unlink()
    return []


def spell_otherwise(place: Path) -> list[str]:
    return [
        f"--config.data.train_path={place}/./train.txt",
        "--config.data.val_path=../spell_otherwise/val.txt",
    ]


def move_text(place: Path) -> list[str]:
    shutil.move(place / "train.txt", place / "elsewhere.txt")
    return ["--config.data.train_path=elsewhere.txt"]


def test_a_run_whose_prepared_data_is_whole_resumes_even_if_its_sources_changed(homes, tmp_path, training):
    commands, places = [], []
    for change in (add_to_text, delete_text, spell_otherwise, move_text):
        place = tmp_path / change.__name__
        shutil.copytree(homes.home, place)
        commands.append([*homes.flags, *change(place), "--stop_after=7"])
        places.append(place)
    results = training.run_all(commands, places)
    assert [result.status for result in results] == [STOPPED] * 4, results
    noted = [
        place.name for place, result in zip(places, results, strict=True) if "changed since" in result.output
    ]
    assert noted == ["add_to_text"]


def logged_steps(home: Path) -> dict[str, str]:
    return {str(path.relative_to(home)): path.read_text() for path in home.glob("*/metrics.jsonl")}


def test_what_does_not_belong_together_is_refused_in_one_line_before_any_step(homes, tmp_path, training):
    places = []
    for mismatch in MISMATCHES:
        place = tmp_path / mismatch.name.replace(" ", "_")
        shutil.copytree(homes.home, place)
        mismatch.change(place, homes.other)
        places.append(place)
    results = training.run_all([[*homes.flags, *mismatch.flags] for mismatch in MISMATCHES], places)
    wrong = [
        (mismatch.name, result)
        for mismatch, place, result in zip(MISMATCHES, places, results, strict=True)
        if not refused(mismatch, result) or logged_steps(place) != logged_steps(homes.home)
    ]
    assert not wrong
    print(f"{len(MISMATCHES)} mismatched pairs: each refused before the first step, in one clear line")
