"""Laws of decontamination by function, and of the search for tasks that training functions solve."""

import json
import types
from typing import Any

import pytest
from source_trees import data_config, python_source, quiet, write_packages

from codelm_jax.data.known_tasks import KNOWN_TASKS, KnownTasks, read_known_tasks, write_known_tasks
from codelm_jax.data.prepared import load_prepared
from codelm_jax.errors import UserError
from codelm_jax.exercises.behaviour import BATCH_SECONDS
from codelm_jax.preparation.known_tasks import find_known_tasks
from codelm_jax.preparation.prepare import prepare
from codelm_jax.sandbox.pool import Sandbox
from codelm_jax.text.problems import read_problems

TASKS = [
    {
        "id": "double_odd",
        "prompt": 'def double_odd(n):\n    """Double an odd number."""\n',
        "solution": "    if n % 2 == 1:\n        return n + n\n    return n\n",
        "tests": ["assert double_odd(3) == 6", "assert double_odd(4) == 4"],
    },
    {
        "id": "last_word",
        "prompt": 'def last_word(text):\n    """The word at the end of a text."""\n',
        "solution": "    return text.split()[-1]\n",
        "tests": ["assert last_word('a b') == 'b'"],
    },
]
RENAMED = "def twice(value):\n    if value % 2 == 1:\n        return value + value\n    return value\n\n"
OTHERWISE = "def rear(line: Text) -> Text:\n    *_, word = line.split(' ')\n    return word\n\n"
HARMFUL = "import os\n\n\ndef ends(n):\n    os._exit(0)\n    return n\n\n"
ENDLESS = "def endless(n):\n    while True:\n        n += 1\n    return n\n\n"


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("tasks")
    source = write_packages(home / "src", packages=12)
    for file in source.rglob("*.py"):
        # Every file, since some are held out.
        file.write_text(f"{RENAMED}{OTHERWISE}{HARMFUL}{ENDLESS}{file.read_text()}")
    (home / "tasks.jsonl").write_text("".join(json.dumps(task) + "\n" for task in TASKS))
    return home


def run(home, level):
    config = data_config(
        home,
        decontaminate=(str(home / "tasks.jsonl"),),
        decontaminate_level=level,
        prepared_dir=str(home / f"level{level}"),
    )
    return prepare(config, vocab_size=400, report=quiet)


def corpus(prepared, split):
    return [prepared.tokenizer.decode(ids.tolist()) for ids in getattr(prepared, split).documents()]


@pytest.fixture(scope="module")
def level_1(home):
    return run(home, 1)


def test_level_2_cuts_renamed_solutions_out_of_training_files_only(home, level_1):
    level_2 = run(home, 2)
    assert all("def twice" in text for text in corpus(level_1, "train"))
    assert not any("def twice" in text for text in corpus(level_2, "train"))
    assert all("def rear" in text for text in corpus(level_2, "train"))
    assert all("def twice" in text for text in corpus(level_2, "val") + corpus(level_2, "test"))
    record = level_2.manifest["decontamination"]
    count = level_2.manifest["splits"]["train"]["documents"]
    assert (record["level"], record["dropped_files"]) == (2, 0)
    assert record["cut_functions"] == {"body of a task's solution": count}
    assert record["cut_tasks"] == ["double_odd"]
    sizes = [file["bytes"] for file in level_2.manifest["files"] if file["split"] == "train"]
    assert sizes == [len(text.encode()) for text in corpus(level_2, "train")]
    assert level_1.manifest["decontamination"]["level"] == 1
    assert "cut_functions" in level_1.manifest["decontamination"]


def test_a_file_that_is_only_a_task_does_not_train_and_text_sources_are_cut_too(tmp_path):
    (tmp_path / "tasks.jsonl").write_text(json.dumps(TASKS[0]) + "\n")
    separator = "<|endoftext|>\n"
    (tmp_path / "train.txt").write_text(
        separator.join([RENAMED, RENAMED + python_source(1), "def broken(:\n"])
    )
    (tmp_path / "val.txt").write_text(python_source(2))
    config = data_config(
        tmp_path,
        source="text",
        directories=(),
        train_path=str(tmp_path / "train.txt"),
        val_path=str(tmp_path / "val.txt"),
        decontaminate=(str(tmp_path / "tasks.jsonl"),),
        decontaminate_level=2,
    )
    prepared = prepare(config, vocab_size=400, report=quiet)
    kept = corpus(prepared, "train")
    assert len(kept) == 2
    assert not any("def twice" in text for text in kept)
    assert prepared.manifest["decontamination"]["dropped_files"] == 1
    assert prepared.manifest["composition"]["measured"]["files"] == 1


def test_tasks_that_a_training_function_solves_are_found_whatever_it_is_called(home, level_1):
    problems = read_problems(home / "tasks.jsonl")
    with Sandbox(workers=1, timeout_seconds=BATCH_SECONDS) as sandbox:
        found = find_known_tasks(level_1, problems, sandbox, quiet)
    assert found.known == {"double_odd": ("twice",), "last_word": ("rear",)}
    assert found.searched == ("double_odd", "last_word")
    assert found.functions == 4
    assert sum(found.not_run.values()) == 1
    assert read_known_tasks(level_1.directory, level_1.fingerprint) is None
    write_known_tasks(level_1, found)
    assert read_known_tasks(level_1.directory, level_1.fingerprint) == found
    load_prepared(level_1.directory)


def test_a_damaged_file_of_known_tasks_or_one_of_other_data_is_refused(tmp_path):
    found = KnownTasks("fingerprint", ("a",), {"a": ("f",)}, 1, {})

    prepared: Any = types.SimpleNamespace(directory=tmp_path)
    write_known_tasks(prepared, found)
    with pytest.raises(UserError, match="of other data"):
        read_known_tasks(tmp_path, "other")
    (tmp_path / KNOWN_TASKS).write_text("{}")
    with pytest.raises(UserError, match=KNOWN_TASKS):
        read_known_tasks(tmp_path, "fingerprint")
