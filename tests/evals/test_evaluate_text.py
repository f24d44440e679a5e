"""Held-out text of the user's own: the same windows as the same text had it been prepared."""

import numpy as np
import pytest

from codelm_jax.errors import UserError
from codelm_jax.evals.registry import choose, find
from codelm_jax.evals.results import ResultFiles
from codelm_jax.evals.runner import SuiteRunner
from codelm_jax.evals.suite import Skipped
from codelm_jax.evaluation_inputs.corpus import find_data, text_data
from codelm_jax.evaluation_inputs.results import results_directory
from codelm_jax.interop.hf_export import Exported, export_hf


def test_a_text_gives_the_windows_that_its_preparation_gives(run, loaded, model):
    prepared, _ = find_data(loaded, model, None, None)
    text, note = text_data(loaded, model, str(run.parent / "val.txt"), None)
    assert note.endswith("val.txt")
    ours, theirs = text.held_out["text"], prepared.held_out["val"]
    assert (ours.batch_count, ours.documents) == (theirs.batch_count, theirs.documents)
    for one, other in zip(ours.batches(), theirs.batches(), strict=True):
        np.testing.assert_array_equal(one[0], other[0])
        np.testing.assert_array_equal(one[1], other[1])


def test_what_needs_training_data_is_skipped_with_a_text(run, loaded, model, tmp_path):
    data, _ = text_data(loaded, model, str(run.parent / "val.txt"), None)
    for suite in ("token_frequency", "memorisation"):
        runner = SuiteRunner(model, data, choose([], seed=0), ResultFiles(tmp_path), lambda _: [], print)
        chosen = find(suite)
        assert chosen is not None
        with pytest.raises(Skipped, match="a text is not enough"):
            runner.run(chosen)
    assert list(tmp_path.iterdir()) == []


def test_results_of_an_export_never_go_into_it(loaded, tmp_path):
    export_hf(Exported(loaded.step, loaded.params, loaded.meta, "card"), tmp_path / "out")
    with pytest.raises(UserError, match=r"an export keeps no results; add --out=DIRECTORY"):
        results_directory(str(tmp_path / "out"), loaded.step, None)
    assert results_directory(str(tmp_path / "out"), loaded.step, "x").name == "x"
