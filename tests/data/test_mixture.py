"""Laws of mixtures and of windows that follow documents."""

import itertools
from collections import Counter

import numpy as np
import pytest

from codelm_jax.data.batches import train_batches
from codelm_jax.data.mixture import Mixture
from codelm_jax.data.tokens import TokenFile, read_tokens, write_tokens
from codelm_jax.data.training_sets import TrainingData, TrainingSet
from codelm_jax.data.windows import cut_into_windows
from codelm_jax.errors import UserError

T = 16
END = 0
ROWS = ((0, "a", 3.0), (0, "b", 1.0), (100, "b", 1.0), (100, "a", 1.0))


def write_documents(path, lengths, first=1):
    """A token file of documents of these lengths, all ids different but for the ends."""
    ids = itertools.count(first)
    write_tokens(path, [[next(ids) for _ in range(n)] for n in lengths], END, 65536, np.ones(65536, np.int32))
    return read_tokens(path, 65536)


@pytest.fixture
def sets(tmp_path):
    lengths = np.random.default_rng(0).integers(1, 3 * T, 200).tolist()
    return [
        TrainingSet("a", write_documents(tmp_path / "a.tokens", lengths)),
        TrainingSet("b", write_documents(tmp_path / "b.tokens", lengths, first=20_000), windows="documents"),
    ]


def take(sets, count, mixture=ROWS, **arguments):
    data = sets if isinstance(sets, TokenFile) else TrainingData(tuple(sets), mixture)
    arguments = {"batch_size": 4, "seq_length": T, "seed": 0} | arguments
    return np.stack(list(itertools.islice(train_batches(data, **arguments), count)))


def test_weights_hold_from_their_step_in_every_thousand_windows():
    mixture = Mixture(ROWS, ["a", "b"], batch_size=32, seed=0)
    sets, _ = mixture.deal(np.arange(3200 + 4096))
    assert np.mean(sets[:3072] == 0) == 0.75
    assert np.mean(sets[3200:] == 0) == 0.5
    assert len(set(map(tuple, sets[3200:].reshape(-1, 1024)))) > 1


def test_every_window_of_a_set_comes_once_and_in_order():
    mixture = Mixture(ROWS, ["a", "b"], batch_size=32, seed=0)
    numbers = np.arange(9000)
    sets, places = mixture.deal(numbers)
    for name in (0, 1):
        np.testing.assert_array_equal(places[sets == name], np.arange((sets == name).sum()))
    for windows in (0, 1, 1023, 1024, 3199, 3200, 3201, 9000):
        np.testing.assert_array_equal(mixture.counts(windows), np.bincount(sets[:windows], minlength=2))
    shuffled = np.random.default_rng(0).permutation(numbers)
    np.testing.assert_array_equal(mixture.deal(shuffled), (sets[shuffled], places[shuffled]))


@pytest.mark.parametrize("step", [1, 99, 101, 400])
def test_a_mixed_run_resumes_on_the_batch_it_would_have_seen(sets, step):
    np.testing.assert_array_equal(take(sets, 5, start_index=step), take(sets, step + 5)[step:])


def test_processes_share_a_mixed_batch_in_order(sets):
    parts = [take(sets, 120, process_index=p, process_count=2) for p in range(2)]
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), take(sets, 120))


def test_a_mixture_of_one_set_is_that_set(sets):
    alone = take(sets[0].tokens, 50)
    assert alone.dtype == np.uint16
    np.testing.assert_array_equal(alone, take(sets, 50, mixture=((0, "a", 1.0),)))


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        (((0, "aa", 1.0),), "no set is called 'aa' .did you mean a"),
        (((0, "a", 0.0),), "weight of 'a' from step 0 must be positive"),
        (((0, "a", float("nan")),), "must be positive"),
        (((5, "a", 1.0),), "steps must begin at 0 and rise"),
        (((0, "a", 1.0), (9, "a", 1.0), (4, "b", 1.0)), "steps must begin at 0 and rise"),
        (((0, "a", 1.0), (0, "a", 2.0)), "two weights of 'a' from step 0"),
    ],
)
def test_a_mixture_that_says_nothing_clear_is_refused(rows, complaint):
    with pytest.raises(UserError, match=complaint):
        Mixture(rows, ["a", "b"], batch_size=4, seed=0)


@pytest.mark.parametrize(
    "lengths", [[1], [T - 1], [T], [T + 1], [2 * T], [2 * T + 1], [5, 40, 3, 16, 15, 9, 64]]
)
def test_every_token_of_a_document_is_a_target_once_an_epoch(tmp_path, lengths):
    tokens = write_documents(tmp_path / "t", [*lengths, 2 * T])
    windows = cut_into_windows(tokens, "documents", seq_length=T, seed=1)
    taken = windows.take(np.arange(windows.per_epoch))
    targets = Counter(id for window in taken for id in window[1:].tolist() if id != END)
    assert max(len(window) for window in taken) <= T + 1
    assert set(targets.values()) == {1}
    assert len(targets) == sum(lengths) + 2 * T


def test_whole_documents_are_packed_with_an_end_on_both_sides(tmp_path):
    lengths = np.random.default_rng(1).integers(1, T - 2, 400).tolist()
    tokens = write_documents(tmp_path / "t", lengths)
    windows = cut_into_windows(tokens, "documents", seq_length=T, seed=1)
    taken = windows.take(np.arange(windows.per_epoch))
    for window in taken:
        assert window[0] == window[-1] == END
    filled = sum(len(window) for window in taken) / (len(taken) * (T + 1))
    assert filled > 0.95
    again = windows.take(np.arange(windows.per_epoch, 2 * windows.per_epoch))
    assert [w.tolist() for w in taken] != [w.tolist() for w in again]
    assert sorted(w.tolist() for w in taken) == sorted(w.tolist() for w in again)


def test_filling_is_negative_and_everything_else_is_not(sets):
    batches = take(sets, 200, mixture=((0, "b", 1.0),))
    assert batches.dtype == np.int32
    filling = batches < 0
    assert filling.any()
    assert (batches[filling] == ~END).all()
    assert (np.diff(filling.astype(int), axis=2) >= 0).all()  # at the end of a row only
