"""A source that this file registers, in one line, is prepared and trained on like the shipped ones."""

import json

import jax
import pytest
from pydantic.dataclasses import dataclass
from source_trees import python_source, quiet, raw_data

from codelm_jax.config_files import load_config
from codelm_jax.errors import UserError
from codelm_jax.evaluation_inputs import live
from codelm_jax.preparation.candidate import Package
from codelm_jax.preparation.config import parse_data_config
from codelm_jax.preparation.prepare import prepare
from codelm_jax.preparation.registry import SOURCES
from codelm_jax.preparation.source import Document, DocumentSource
from codelm_jax.schema import STRICT
from codelm_jax.training.config import parse_train_config
from codelm_jax.training.loop import TrainingRun, train
from codelm_jax.training.mesh import backend_of, make_mesh
from codelm_jax.training.resume import run_meta

VOCAB_SIZE = 400


@dataclass(frozen=True, config=STRICT)
class Toy(DocumentSource):
    name = "toy"
    environment_name = "the toy's version"

    toy_packages: int

    def environment(self):
        return {"toy": "1"}

    def documents(self, benchmarks, skipped, report):
        skipped["left out by the toy"] += 2
        for package in range(self.toy_packages):
            for file in range(4):
                text = python_source(1000 * package + file)
                yield Document(text, f"file_{file}.py", Package(f"toy_{package}", "1", "MIT"))


@pytest.fixture
def toy(monkeypatch):
    monkeypatch.setitem(SOURCES, Toy.name, Toy)


def toy_data(tmp_path, **changes):
    return raw_data(tmp_path, **{"source": "toy", "toy_packages": 20, "directories": ()} | changes)


def prepared_toy(tmp_path, report=quiet, **changes):
    config = parse_data_config(toy_data(tmp_path, **changes))
    return prepare(config, vocab_size=VOCAB_SIZE, report=report)


def train_two_steps(prepared, tmp_path):
    asked = load_config("tiny")
    asked.model.update({"num_layers": 1, "hidden_dim": 16, "num_heads": 2, "max_seq_length": 32})
    asked.model.vocab_size = VOCAB_SIZE
    asked.update({"max_steps": 2, "warmup_steps": 1, "batch_size": 4})
    raw = {**asked.to_dict(), "data": toy_data(tmp_path)}
    config = parse_train_config(raw)
    mesh = make_mesh(config)
    meta = run_meta(
        json.loads(json.dumps(raw)),
        tokenizer_json=prepared.tokenizer.to_json(),
        human_band=prepared.human_band,
        data_fingerprint=prepared.fingerprint,
        decontaminated=(),
        began_from=None,
        attention_path=backend_of(config, mesh).attention,
    )
    (tmp_path / "run").mkdir()
    held_out = live.held_out(config, mesh, prepared)
    with jax.numpy_dtype_promotion("standard"):  # as in all tests of whole steps
        return train(TrainingRun(config, mesh, tmp_path / "run", prepared.train, meta, held_out))


def test_a_registered_source_is_prepared_reused_and_trained_on(toy, tmp_path):
    prepared = prepared_toy(tmp_path, licenses=("MIT",))
    manifest = prepared.manifest
    assert manifest["settings"]["config.data.source"] == "toy"
    assert manifest["settings"]["config.data.toy_packages"] == 20
    assert manifest["found_files"] == 82
    assert manifest["skipped"] == {"left out by the toy": 2}
    assert {(file["version"], file["licence"]) for file in manifest["files"]} == {("1", "MIT")}
    assert manifest["test_unit"] == "package"
    assert prepared.test is not prepared.val
    assert {path.name for path in prepared.directory.iterdir()} == {
        "manifest.json", "tokenizer.json", "human_band.json", "train.tokens", "val.tokens", "test.tokens",
    }  # fmt: skip
    said = []
    assert prepared_toy(tmp_path, said.append, licenses=("MIT",)).fingerprint == prepared.fingerprint
    assert said == [f"using the prepared data in {prepared.directory}"]

    summary = train_two_steps(prepared, tmp_path)
    assert summary["step"] == 2
    assert summary["data_fingerprint"] == prepared.fingerprint


def test_its_keys_are_settings_and_its_environment_is_only_reported(toy, tmp_path, monkeypatch):
    prepared_toy(tmp_path)
    with pytest.raises(UserError, match=r"config\.data\.toy_packages was 20, is 21"):
        prepared_toy(tmp_path, toy_packages=21)
    with pytest.raises(UserError, match=r"config\.data\.toy_packages = 'many'"):
        prepared_toy(tmp_path, toy_packages="many")
    monkeypatch.setattr(Toy, "environment", lambda self: {"toy": "2"})
    said = []
    prepared_toy(tmp_path, said.append)
    assert "the toy's version changed since it was prepared; using the prepared data as it is" in said[0]


def test_the_order_of_its_documents_does_not_matter(toy, tmp_path, monkeypatch):
    first = prepared_toy(tmp_path / "a")
    documents = Toy.documents
    monkeypatch.setattr(Toy, "documents", lambda self, *args: reversed(list(documents(self, *args))))
    assert prepared_toy(tmp_path / "b").fingerprint == first.fingerprint


def test_a_source_that_is_not_registered_and_a_key_of_none_are_refused(tmp_path):
    with pytest.raises(
        UserError, match=r"config\.data\.source = 'toy': no such source; choose one of packages,"
    ):
        prepared_toy(tmp_path)
    with pytest.raises(UserError, match=r"config\.data\.toy_packages: no such key"):
        prepared_toy(tmp_path, source="python-env")
