"""Laws of training and evaluation batches."""

import itertools
from typing import Any

import numpy as np
import pytest

from codelm_jax.data.batches import eval_batches, train_batches
from codelm_jax.data.tokens import read_tokens, write_tokens
from codelm_jax.errors import UserError

T = 8
# First tokens of the first two batches of 4 windows over 1,003 tokens, seed 7.
RECORDED = [[554, 786, 738, 226], [1002, 714, 250, 514]]


def token_file(path, count):
    """`count` different ids, so that every window tells where it was cut."""
    write_tokens(path, [list(range(1, count))], 0, 65536, np.ones(65536, np.int32))
    return read_tokens(path, 65536)


@pytest.fixture
def tokens(tmp_path):
    return token_file(tmp_path / "a.tokens", 1003)


def take(tokens, count, **arguments):
    settings: dict[str, Any] = {"batch_size": 4, "seq_length": T, "seed": 0} | arguments
    return np.stack(list(itertools.islice(train_batches(tokens, **settings), count)))


def test_a_batch_is_windows_of_consecutive_tokens(tokens):
    batches = take(tokens, 40)
    assert batches.shape == (40, 4, T + 1)
    assert batches.dtype == np.uint16
    steps = np.diff(batches.astype(int), axis=2) % 1003
    assert (steps == 1).all()


@pytest.mark.parametrize("batch_size", [1, 3, 4, 7, 125])
@pytest.mark.parametrize("count", [1000, 1003, 1007])
def test_every_epoch_visits_every_window_once(tmp_path, count, batch_size):
    tokens = token_file(tmp_path / "a.tokens", count)
    per_epoch = count // T
    epochs = 3
    batches = take(tokens, -(-epochs * per_epoch // batch_size), batch_size=batch_size)
    starts = batches[:, :, 0].reshape(-1)[: epochs * per_epoch].reshape(epochs, per_epoch).astype(int)
    offsets = set()
    for epoch in starts:
        sorted_starts = np.sort(epoch)
        gaps = np.diff(np.append(sorted_starts, sorted_starts[0] + count))
        # A ring cut into windows: all gaps are T but for the remainder, in one place.
        assert sorted(gaps)[:-1] == [T] * (per_epoch - 1)
        assert gaps.max() == T + count % T
        offsets.add(int(sorted_starts[0]))
    assert len({tuple(epoch) for epoch in starts}) == epochs
    assert len(offsets) > 1


def test_targets_of_an_epoch_do_not_overlap(tokens):
    per_epoch = 1003 // T
    targets = take(tokens, per_epoch, batch_size=1)[:, 0, 1:].reshape(-1)
    assert len(np.unique(targets)) == per_epoch * T


def test_the_seed_decides_and_nothing_else(tokens):
    np.testing.assert_array_equal(take(tokens, 50, seed=3), take(tokens, 50, seed=3))
    assert (take(tokens, 50, seed=3) != take(tokens, 50, seed=4)).any()


def test_the_order_is_fixed_for_good(tokens):
    assert take(tokens, 2, seed=7)[:, :, 0].tolist() == RECORDED


@pytest.mark.parametrize("step", [1, 30, 31, 32, 100])
def test_a_run_resumes_on_the_batch_it_would_have_seen(tokens, step):
    straight = take(tokens, step + 10)
    np.testing.assert_array_equal(take(tokens, 10, start_index=step), straight[step:])
    iterator = train_batches(tokens, batch_size=4, seq_length=T, seed=0)
    for _ in range(step):
        next(iterator)
    state = iterator.get_state()
    assert state == {"next_index": step}
    resumed = train_batches(tokens, batch_size=4, seq_length=T, seed=0)
    resumed.set_state(state)
    np.testing.assert_array_equal(next(resumed), straight[step])


def test_processes_share_the_batch_in_order(tokens):
    whole = take(tokens, 70, batch_size=6)
    parts = [take(tokens, 70, batch_size=6, process_index=p, process_count=3) for p in range(3)]
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), whole)


def test_the_smallest_file_that_holds_a_window_trains(tmp_path):
    assert take(token_file(tmp_path / "a.tokens", T + 1), 5, batch_size=1).shape == (5, 1, T + 1)


@pytest.mark.parametrize(
    ("count", "arguments", "complaint"),
    [
        (
            T,
            {"batch_size": 1},
            r"config.model.max_seq_length = 8: .*less than one window.*lower it or add data",
        ),
        (100, {"batch_size": 13}, r"config.batch_size = 13: .*has only 12 windows.*lower config.batch_size"),
        (
            100,
            {"batch_size": 4, "process_count": 3},
            r"config.batch_size = 4: does not divide over 3 processes",
        ),
    ],
)
def test_too_little_data_and_uneven_shards_are_refused(tmp_path, count, arguments, complaint):
    tokens = token_file(tmp_path / "a.tokens", count)
    with pytest.raises(UserError, match=complaint):
        train_batches(tokens, seq_length=T, seed=0, **arguments)


@pytest.mark.parametrize("count", [2, 8, 9, 10, 33, 64, 65, 1003])
@pytest.mark.parametrize("max_tokens", [None, 1, 7, 64, 10_000])
def test_evaluation_counts_every_target_once_in_order(tmp_path, count, max_tokens):
    tokens = token_file(tmp_path / "a.tokens", count)
    batches = list(eval_batches(tokens, batch_size=4, seq_length=T, max_tokens=max_tokens))
    targets = [windows[:, 1:][mask] for windows, mask in batches]
    inputs = [windows[:, :-1][mask] for windows, mask in batches]
    expected = min(count - 1, max_tokens or count)
    np.testing.assert_array_equal(np.concatenate(targets), tokens.ids[1 : expected + 1])
    np.testing.assert_array_equal(np.concatenate(inputs), tokens.ids[:expected])
    for windows, mask in batches:
        assert windows.shape == (4, T + 1)
        assert windows.dtype == np.uint16
        assert mask.shape == (4, T)
        assert mask.dtype == bool


def test_what_evaluation_masks_is_end_of_text(tokens):
    *_, (windows, mask) = eval_batches(tokens, batch_size=4, seq_length=T, max_tokens=None)
    assert not mask.all()
    assert set(windows[:, 1:][~mask].tolist()) == {0}


def test_evaluation_without_a_target_is_refused(tmp_path):
    tokens = token_file(tmp_path / "a.tokens", 1)
    with pytest.raises(UserError, match="no tokens to evaluate on"):
        eval_batches(tokens, batch_size=4, seq_length=T, max_tokens=None)
