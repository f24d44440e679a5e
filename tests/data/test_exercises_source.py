"""Generated exercises as a source."""

import ast
import json
import re

import pytest
from source_trees import data_config, quiet

from codelm_jax.errors import UserError
from codelm_jax.evals.suites.mini_benchmark import own_problems
from codelm_jax.preparation.prepare import prepare
from codelm_jax.preparation.sources import exercises
from codelm_jax.preparation.sources.exercises import Exercises
from codelm_jax.sandbox.verdict import SandboxError
from codelm_jax.text.normal import form_of

COUNT = 40


def run(tmp_path, count=COUNT, report=quiet, **changes):
    given = {"source": "exercises", "directories": (), "exercises": {"seed": 0, "count": count}}
    return prepare(data_config(tmp_path, **given | changes), vocab_size=300, report=report)


def texts(prepared, split):
    return [prepared.tokenizer.decode(ids) for ids in getattr(prepared, split).documents()]


def functions(text):
    """Normal forms of the functions in a document, which tell them apart under any name."""
    return {form_of(node) for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    said = []
    return run(tmp_path_factory.mktemp("exercises"), report=said.append), said


def test_the_same_seed_gives_the_same_data_and_a_larger_count_the_same_first_documents(
    prepared, tmp_path, monkeypatch
):
    assert run(tmp_path / "a").fingerprint == prepared[0].fingerprint
    with pytest.raises(UserError, match=r"config\.data\.exercises\.count was 40, is 41"):
        run(tmp_path / "a", count=COUNT + 1)
    monkeypatch.setattr(Exercises, "environment", lambda self: {"exercises": "another"})
    said = []
    assert run(tmp_path / "a", report=said.append).fingerprint == prepared[0].fingerprint
    assert "the generator of exercises changed since it was prepared" in said[0]
    more = run(tmp_path / "b", count=COUNT + 10)
    assert texts(more, "train")[:COUNT] == texts(prepared[0], "train")


def test_what_is_held_out_behaves_like_nothing_that_trains_and_solves_no_task(prepared):
    data, said = prepared
    trained = set().union(*map(functions, texts(data, "train")))
    held_out = set().union(*map(functions, texts(data, "val")))
    assert len(texts(data, "train")) == COUNT
    assert held_out
    assert not trained & held_out
    names = {problem.entry_point for problem in own_problems()}
    assert not any(f"def {name}(" in text for text in texts(data, "train") for name in names)
    assert any(line.startswith("generated functions that were dropped: ") for line in map(str, said))
    assert data.test is data.val
    assert data.human_band == {}


def test_functions_that_pass_a_task_of_a_benchmark_file_are_left_out_under_any_name(prepared, tmp_path):
    """The task is made of one of the functions: its examples, under a name of its own."""
    document = next(
        text for text in texts(prepared[0], "train") if text.count("\ndef ") == 0 and ">>> " in text
    )
    name = document.partition("def ")[2].partition("(")[0]
    examples = re.findall(rf"^ *>>> {name}(\(.+\))\n *(.+)$", document, re.MULTILINE)
    task = {
        "id": "a",
        "prompt": "def unheard_of(",
        "entry_point": "unheard_of",
        "tests": [f"assert unheard_of{given} == {value}" for given, value in examples],
        "solution": document.partition(f"def {name}(")[2],
    }
    (tmp_path / "tasks.jsonl").write_text(json.dumps(task) + "\n")
    clean = run(tmp_path, decontaminate=(str(tmp_path / "tasks.jsonl"),))
    (form,) = functions(document)
    assert form not in set().union(*map(functions, texts(clean, "train")))


def test_a_sandbox_that_does_not_start_is_one_line(tmp_path, monkeypatch):
    def broken(*args, **kwargs):
        raise SandboxError("sandbox: no namespaces here")

    monkeypatch.setattr(exercises, "Sandbox", broken)
    with pytest.raises(UserError, match=r"config\.data\.source='exercises': sandbox: no namespaces here"):
        run(tmp_path)
