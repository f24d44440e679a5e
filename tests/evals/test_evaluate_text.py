"""Held-out text of the user's own: the same windows as the same text had it been prepared."""

import numpy as np
import pytest
from evaluated_run import params_of, parsed, prepare_data, raw_config, save_run

from codelm_jax.checkpoint.load import load_checkpoint
from codelm_jax.errors import UserError
from codelm_jax.evals.results import ResultFiles
from codelm_jax.evals.settings import choose_settings
from codelm_jax.evals.suites import Evaluation, Skipped
from codelm_jax.evaluation_inputs import evaluated
from codelm_jax.interop.hf_export import Exported, export_hf


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    directory = tmp_path_factory.mktemp("evaluated_text")
    raw = raw_config(directory)
    return save_run(directory, raw, prepare_data(directory, raw), params_of(parsed(raw)))


def test_a_text_gives_the_windows_that_its_preparation_gives(run):
    loaded = load_checkpoint(run)
    model = evaluated.model(loaded)
    prepared, _ = evaluated.find_corpus(loaded, model, None, None)
    text, note = evaluated.text_corpus(loaded, model, str(run.parent / "val.txt"), None)
    assert note.endswith("val.txt")
    ours, theirs = text.held_out["text"], prepared.held_out["val"]
    assert (ours.batch_count, ours.documents) == (theirs.batch_count, theirs.documents)
    for one, other in zip(ours.batches(), theirs.batches(), strict=True):
        np.testing.assert_array_equal(one[0], other[0])
        np.testing.assert_array_equal(one[1], other[1])


def test_what_needs_training_data_is_skipped_with_a_text(run, tmp_path):
    loaded = load_checkpoint(run)
    model = evaluated.model(loaded)
    corpus, _ = evaluated.text_corpus(loaded, model, str(run.parent / "val.txt"), None)
    for suite in ("token_frequency", "memorisation"):
        evaluation = Evaluation(
            model, corpus, choose_settings([suite], seed=0), ResultFiles(tmp_path), lambda _: [], print
        )
        with pytest.raises(Skipped, match="a text is not enough"):
            evaluation.run(suite)
    assert list(tmp_path.iterdir()) == []


def test_results_of_an_export_never_go_into_it(run, tmp_path):
    loaded = load_checkpoint(run)
    export_hf(Exported(loaded.step, loaded.params, loaded.meta, "card"), tmp_path / "out")
    with pytest.raises(UserError, match=r"an export keeps no results; add --out=DIRECTORY"):
        evaluated.results_directory(str(tmp_path / "out"), loaded.step, None)
    assert evaluated.results_directory(str(tmp_path / "out"), loaded.step, "x").name == "x"
