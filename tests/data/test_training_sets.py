"""Several prepared sets in one run: from the config to the batches and what checkpoints record."""

import json
from collections import Counter

import numpy as np
import pytest
from source_trees import data_config, prepare_quietly, python_source

from codelm_jax.checkpoint.metadata import RunMeta
from codelm_jax.data.batches import train_batches
from codelm_jax.data.prepared import load_prepared
from codelm_jax.data.training_sets import TrainingData, open_training_sets, parse_training_sets
from codelm_jax.errors import UserError
from codelm_jax.training.resume import check_same_run

T = 16


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Sets `own` and `other` with one tokenizer and a benchmark kept out of `own` alone, and a `foreign` set."""
    home = tmp_path_factory.mktemp("sets")
    tasks = home / "tasks.jsonl"
    tasks.write_text(json.dumps({"id": "a", "prompt": "def f():", "tests": ["f()"]}) + "\n")
    for number, name in enumerate(("own", "other", "foreign")):
        for split, count in (("train", 12), ("val", 2)):
            texts = [python_source(1000 * number + 50 * len(split) + i) for i in range(count)]
            (home / f"{name}_{split}.txt").write_text("<|endoftext|>\n".join(texts))
        config = data_config(
            home,
            source="text",
            directories=(),
            train_path=str(home / f"{name}_train.txt"),
            val_path=str(home / f"{name}_val.txt"),
            tokenizer_path=str(home / "own" / "tokenizer.json") if name == "other" else "",
            decontaminate=(str(tasks),) if name == "own" else (),
            prepared_dir=str(home / name),
        )
        prepare_quietly(config)
    return home


def opened(home, sets=(), mixture=(), windows="stream", decontaminated=()):
    """As a config that went through JSON has it."""
    rows = [(name, str(home / directory), kind) for name, directory, kind in sets]
    section = json.loads(json.dumps({"sets": rows, "mixture": mixture, "windows": windows, "source": "text"}))
    return open_training_sets(parse_training_sets(section), load_prepared(home / "own"), decontaminated)


OTHER = (("other", "other", "documents"),)
MIXTURE = ((0, "corpus", 1.0), (6, "corpus", 3.0), (6, "other", 1.0))


def test_a_mixture_opens_its_sets_and_records_them(home):
    found = opened(home, OTHER, MIXTURE)
    assert [(each.name, each.windows) for each in found.data.sets] == [
        ("corpus", "stream"),
        ("other", "documents"),
    ]
    assert (
        found.record
        == json.loads(json.dumps(found.record))
        == {
            "windows": {"corpus": "stream", "other": "documents"},
            "mixture": [list(row) for row in MIXTURE],
            "fingerprints": {"other": load_prepared(home / "other").fingerprint},
        }
    )
    batch = next(train_batches(found.data, batch_size=4, seq_length=T, seed=0))
    assert batch.shape == (4, T + 1)
    assert batch.dtype == np.int32


def test_without_these_keys_a_run_trains_on_its_own_set_and_records_nothing(home):
    found = opened(home)
    own = load_prepared(home / "own").train
    assert found.record == {}
    for data in (found.data, own):
        batch = next(train_batches(data, batch_size=4, seq_length=T, seed=3))
        assert batch.dtype == np.uint16
        np.testing.assert_array_equal(batch, next(train_batches(own, batch_size=4, seq_length=T, seed=3)))
    assert parse_training_sets({}) == parse_training_sets({"windows": "stream", "sets": (), "mixture": ()})


def test_windows_of_documents_are_recorded_though_there_is_one_set(home):
    record = opened(home, windows="documents").record
    assert record == {"windows": {"corpus": "documents"}, "mixture": [], "fingerprints": {}}


def test_epochs_count_what_the_batches_take(home):
    data: TrainingData = opened(home, (("other", "other", "stream"),), MIXTURE).data
    iterator = train_batches(data, batch_size=4, seq_length=T, seed=0)
    files = {each.name: each.tokens for each in data.sets}
    own_ids = Counter(files["corpus"].ids.tolist())
    assert data.epochs(0, batch_size=4, seq_length=T) == {"corpus": 0.0, "other": 0.0}
    assert data.epochs(6, batch_size=4, seq_length=T) == {
        "corpus": 24 / (len(files["corpus"].ids) // T),
        "other": 0.0,
    }
    whole = data.epochs(6 + 256, batch_size=4, seq_length=T)
    assert whole["other"] == 256 / (len(files["other"].ids) // T)
    assert all(set(next(iterator).reshape(-1).tolist()) <= set(own_ids) for _ in range(6))


def test_a_benchmark_counts_as_kept_out_only_where_every_set_keeps_it_out(home):
    tasks = str(home / "tasks.jsonl")
    assert opened(home, decontaminated=[tasks]).decontaminated == (tasks,)
    assert opened(home, OTHER, MIXTURE, decontaminated=[tasks]).decontaminated == ()


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [
        (
            {"sets": (("a", "foreign", "stream"),), "mixture": ((0, "a", 1.0),)},
            r"sets: .*/foreign was encoded by another",
        ),
        (
            {"sets": (("a", "gone", "stream"),), "mixture": ((0, "a", 1.0),)},
            "gone/manifest.json: cannot read it",
        ),
        ({"sets": OTHER}, r"config\.data\.mixture: \(\) takes nothing of config\.data\.sets"),
        ({"sets": (*OTHER, *OTHER), "mixture": MIXTURE}, "config.data.sets: 'other' names two sets"),
        ({"sets": (("corpus", "other", "stream"),), "mixture": MIXTURE}, "'corpus' names two sets"),
        ({"mixture": MIXTURE}, "config.data.mixture: no set is called 'other'"),
        ({"mixture": ((0, "corpus"),)}, r"config\.data\.mixture\.0"),
        ({"mixture": ((-1, "corpus", 1.0),)}, r"config\.data\.mixture\.0\.0 = -1"),
        ({"windows": "files"}, r"config\.data\.windows = 'files'"),
    ],
)
def test_impossible_sets_are_refused_by_key(home, keys, complaint):
    with pytest.raises(UserError, match=complaint) as raised:
        opened(home, **keys)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"mixture": ((0, "corpus", 1.0), (6, "corpus", 2.0), (6, "other", 1.0))}, "mixture"),
        ({"sets": (("other", "other", "stream"),)}, "windows"),
        ({"sets": (), "mixture": ()}, "fingerprints"),
    ],
)
def test_a_run_is_not_resumed_with_other_sets(home, change, named):
    def meta(**keys):
        record = opened(home, **{"sets": OTHER, "mixture": MIXTURE} | keys).record
        return RunMeta.from_json(
            json.loads(json.dumps({"config": {"model": {}}, "tokenizer_json": "{}", "mixture": record})),
            "meta",
        )

    check_same_run(meta(), meta(), "runs/a")
    with pytest.raises(UserError, match=rf"config\.data\.sets, mixture, windows: their {named} are .*runs/a"):
        check_same_run(meta(), meta(**change), "runs/a")
