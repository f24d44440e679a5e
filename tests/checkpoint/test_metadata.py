import dataclasses
import json

import pytest
from checkpoint_states import META, save

from codelm_jax.checkpoint.load import load_checkpoint
from codelm_jax.checkpoint.metadata import Parent, RunMeta
from codelm_jax.checkpoint.store import CheckpointStore
from codelm_jax.errors import UserError

# As the first version wrote it.
OLDEST = {
    "config": {
        "model": {"vocab_size": 400, "hidden_dim": 8},
        "data": {"prepared_dir": "data/tiny", "decontaminate": ["HumanEval.jsonl.gz"]},
    },
    "tokenizer_json": "{}",
    "human_band": {"target_rate": 0.01},
    "data_fingerprint": "f00",
    "vocab_size": 400,
    "versions": {"jax": "0.10.2"},
    "device_kind": "cpu",
    "device_count": 2,
    "xla_flags": "",
}


def test_a_checkpoint_with_the_oldest_metadata_opens_with_defaults(tmp_path, monkeypatch):
    with monkeypatch.context() as older, CheckpointStore(tmp_path) as store:
        older.setattr(RunMeta, "to_json", lambda self: OLDEST)
        save(store, 1)
    assert json.loads((tmp_path / "1" / "meta" / "metadata").read_text()) == OLDEST
    assert load_checkpoint(tmp_path).meta == RunMeta(
        config=OLDEST["config"],
        tokenizer_json="{}",
        human_band={"target_rate": 0.01},
        data_fingerprint="f00",
        decontaminated=("HumanEval.jsonl.gz",),
        began_from=None,
        versions={"jax": "0.10.2"},
        device_kind="cpu",
        device_count=2,
        cpu_count=None,
        xla_flags="",
        attention_path="xla",
    )


def test_metadata_survives_json():
    meta = dataclasses.replace(META, decontaminated=("a", "b"), began_from=Parent("run", 3, "f"), cpu_count=2)
    written = json.loads(json.dumps(meta.to_json()))
    assert written.keys() == OLDEST.keys() | {
        "decontaminated",
        "began_from",
        "cpu_count",
        "attention_path",
        "mixture",
    }
    assert written["vocab_size"] == 400
    assert RunMeta.from_json({**written, "of a later version": 1}, "meta") == meta


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"config": {}}, r"here: config\.model is missing"),
        ({"config": None}, r"here\.config = None: "),
        ({"human_band": []}, r"here\.human_band"),
        ({"began_from": {"step": 1}}, r"here\.began_from\.checkpoint: missing"),
        ({"device_count": "2"}, r"here\.device_count = '2'"),
    ],
)
def test_wrong_metadata_is_refused_by_the_name_of_the_key(changes, message):
    with pytest.raises(UserError, match=message):
        RunMeta.from_json(OLDEST | changes, "here")
