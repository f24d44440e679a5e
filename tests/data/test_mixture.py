"""Several prepared sets in one run, and windows of whole documents."""

import dataclasses
import itertools
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from source_trees import data_config, python_source, quiet

from codelm_jax.data.batches import epochs, train_batches
from codelm_jax.data.mixture import Phase, Schedule, TokenMixture, open_mixture, parse_mixture
from codelm_jax.data.prepared import load_prepared
from codelm_jax.data.tokens import read_tokens, write_tokens
from codelm_jax.data.windows import DocumentWindows
from codelm_jax.errors import UserError
from codelm_jax.preparation.prepare import prepare

T = 8
BATCH = 4


def token_file(path, *documents):
    write_tokens(path, documents, 0, 65536, np.ones(65536, np.int32))
    return read_tokens(path, 65536)


@pytest.fixture(scope="module")
def sets(tmp_path_factory):
    """Three files whose ids tell the file and the place."""
    home = tmp_path_factory.mktemp("sets")
    counts = (1003, 333, 170)
    return tuple(
        token_file(home / f"{k}.tokens", np.arange(10_000 * k + 1, 10_000 * k + count))
        for k, count in enumerate(counts)
    )


def take(tokens, count, **arguments):
    arguments = {"batch_size": BATCH, "seq_length": T, "seed": 0} | arguments
    return np.stack(list(itertools.islice(train_batches(tokens, **arguments), count)))


def set_of(windows):
    return windows.astype(int).max(axis=-1) // 10_000


PHASES = (Phase(0, (3, 1, 0)), Phase(10, (1, 1, 2)), Phase(25, (0, 0, 1)))


@pytest.fixture(scope="module")
def mixture(sets):
    return TokenMixture(sets, PHASES)


def test_every_phase_keeps_to_its_weights_within_one_window_at_every_place(mixture):
    order = set_of(take(mixture, 40)).reshape(-1)
    for phase, end in zip(PHASES, (10, 25, 40), strict=True):
        own = order[phase.from_step * BATCH : end * BATCH]
        for number, weight in enumerate(phase.weights):
            expected = np.arange(1, len(own) + 1) * weight / sum(phase.weights)
            assert np.abs(np.cumsum(own == number) - expected).max() <= 1


def test_each_set_is_visited_as_alone_whatever_is_between(mixture, sets):
    windows = take(mixture, 60).reshape(-1, T + 1)
    order = set_of(windows)
    for number, tokens in enumerate(sets):
        own = windows[order == number]
        alone = take(tokens, len(own) // BATCH + 1).reshape(-1, T + 1)[: len(own)]
        np.testing.assert_array_equal(own, alone)


def test_one_set_with_any_weight_is_that_set(sets):
    single = TokenMixture(sets[:1], (Phase(0, (7,)), Phase(5, (2,))))
    np.testing.assert_array_equal(take(single, 40), take(sets[0], 40))


@pytest.mark.parametrize("kind", ["stream", "documents"])
def test_a_run_resumes_on_the_batch_it_would_have_seen(mixture, kind):
    mixture = dataclasses.replace(mixture, windows=kind)
    straight = take(mixture, 45)
    for step in (1, 9, 10, 11, 24, 25, 40):
        np.testing.assert_array_equal(take(mixture, 5, start_index=step), straight[step : step + 5])
    parts = [take(mixture, 45, process_index=p, process_count=2) for p in range(2)]
    np.testing.assert_array_equal(np.concatenate(parts, axis=1), straight)
    assert (take(mixture, 45, seed=1) != straight).any()


def test_epochs_count_the_windows_that_each_set_gave(mixture, sets):
    for steps in (0, 7, 10, 30, 60):
        order = set_of(take(mixture, steps)) if steps else np.zeros(0)
        counted = epochs(mixture, steps=steps, batch_size=BATCH, seq_length=T)
        assert counted == {
            tokens.path: (order == number).sum() / (len(tokens.ids) // T)
            for number, tokens in enumerate(sets)
        }


@given(
    weights=st.lists(st.lists(st.integers(0, 9), min_size=2, max_size=2).filter(any), min_size=1, max_size=3),
    batch_size=st.integers(1, 7),
    step=st.integers(0, 60),
)
@settings(max_examples=60, deadline=None)
def test_numbers_of_each_set_run_on_without_a_gap(weights, batch_size, step):
    phases = [Phase(9 * number, tuple(own)) for number, own in enumerate(weights)]
    schedule = Schedule(phases, batch_size)
    seen = [0, 0]
    for index in range(step):
        for chosen, number in zip(*schedule.locate(index, np.arange(batch_size)), strict=True):
            assert number == seen[chosen]
            seen[chosen] += 1
    assert schedule.taken(step).tolist() == seen


def documents_file(path, lengths):
    """Documents of distinct ids, so that every token tells where it belongs."""
    firsts = np.cumsum([1, *lengths])
    return token_file(path, *(np.arange(first, first + n) for first, n in zip(firsts, lengths, strict=False)))


@given(lengths=st.lists(st.integers(0, 3 * T), min_size=1, max_size=40))
@settings(max_examples=80, deadline=None)
def test_windows_of_documents_hold_each_target_once_and_cut_only_long_documents(tmp_path_factory, lengths):
    tokens = documents_file(tmp_path_factory.mktemp("documents") / "a.tokens", lengths)
    windows = DocumentWindows(tokens, T, seed=3)
    epoch = windows.take(np.arange(windows.per_epoch))
    targets = epoch[:, 1:]
    ids = targets[targets != 0]
    assert sorted(ids.tolist()) == list(range(1, sum(lengths) + 1))
    document_of = np.repeat(np.arange(len(lengths)), lengths)
    for window in epoch:
        own = window[window != 0]
        for document in np.unique(document_of[own - 1]) if len(own) else ():
            inside = np.flatnonzero(np.isin(window, np.flatnonzero(document_of == document) + 1))
            assert (np.diff(inside) == 1).all()
            if lengths[document] <= T:
                assert len(inside) == lengths[document]
                assert window[inside[0] - 1] == 0
    again = windows.take(np.arange(windows.per_epoch, 2 * windows.per_epoch))
    assert sorted(map(bytes, again)) == sorted(map(bytes, epoch))


def test_documents_are_packed_tightly(tmp_path):
    lengths = np.random.default_rng(0).integers(1, 3 * T, 400).tolist()
    tokens = documents_file(tmp_path / "a.tokens", lengths)
    windows = DocumentWindows(tokens, T, seed=0)
    assert windows.per_epoch * (T + 1) < 1.15 * len(tokens.ids)


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """Two prepared sets with one tokenizer, and one with its own."""
    home = tmp_path_factory.mktemp("prepared")
    tasks = home / "tasks.jsonl"
    tasks.write_text(json.dumps({"id": "a", "prompt": "def f():", "tests": ["f()"]}) + "\n")
    for number in range(3):
        for split, count in (("train", 12), ("val", 2)):
            texts = [python_source(1000 * number + len(split) * 50 + i) for i in range(count)]
            (home / f"{split}{number}.txt").write_text("<|endoftext|>\n".join(texts))
        config = data_config(
            home,
            source="text",
            directories=(),
            train_path=str(home / f"train{number}.txt"),
            val_path=str(home / f"val{number}.txt"),
            tokenizer_path=str(home / "0" / "tokenizer.json") if number == 1 else "",
            decontaminate=(str(tasks),) if number != 1 else (),
            prepared_dir=str(home / str(number)),
        )
        prepare(config, vocab_size=300, report=quiet)
    return home


def opened(home, *rows, windows="stream", decontaminated=()):
    rows = [(str(home / name), *rest) for name, *rest in rows]
    config = parse_mixture(json.loads(json.dumps({"mixture": rows, "windows": windows, "source": "text"})))
    return open_mixture(config, load_prepared(home / "0"), decontaminated)


def test_a_mixture_opens_its_sets_and_records_their_fingerprints(prepared):
    mixture = opened(prepared, ("0", 3, 0), ("1", 1, 6), ("0", 1, 8), windows="documents")
    assert [tokens.path.parent.name for tokens in mixture.tokens.sets] == ["0", "1"]
    assert mixture.tokens.phases == (Phase(0, (3, 0)), Phase(6, (3, 1)), Phase(8, (1, 1)))
    fingerprints = [load_prepared(prepared / name).fingerprint for name in "010"]
    assert mixture.record == {
        "windows": "documents",
        "sets": [
            {"fingerprint": fingerprint, "weight": weight, "from_step": step}
            for fingerprint, weight, step in zip(fingerprints, (3, 1, 1), (0, 6, 8), strict=True)
        ],
    }
    batch = next(train_batches(mixture.tokens, batch_size=2, seq_length=T, seed=0))
    assert batch.shape == (2, T + 1)


def test_without_a_mixture_the_run_trains_on_its_own_set(prepared):
    plain = opened(prepared)
    assert plain.record == {}
    assert plain.tokens.path == prepared / "0" / "train.tokens"


def test_a_benchmark_counts_as_kept_out_only_where_every_set_keeps_it_out(prepared):
    tasks = str(prepared / "tasks.jsonl")
    assert opened(prepared, decontaminated=[tasks]).decontaminated == (tasks,)
    assert opened(prepared, ("0", 1, 0), decontaminated=[tasks]).decontaminated == (tasks,)
    assert opened(prepared, ("0", 1, 0), ("1", 1, 0), decontaminated=[tasks]).decontaminated == ()


@pytest.mark.parametrize(
    ("rows", "complaint"),
    [
        ([("0", 1, 0), ("2", 1, 0)], r"config\.data\.mixture: .*/2 was encoded by another tokenizer"),
        ([("gone", 1, 0)], "gone/manifest.json: cannot read it"),
        ([("0", 1, 5)], "the weights from step 0 on add up to 0"),
        ([("0", 1, 0), ("0", 0, 5)], "the weights from step 5 on add up to 0"),
        ([("0", 10_001, 0)], "add up to 10001; they must add up to 1 to 10000"),
        ([("0", 0.5, 0)], r"config\.data\.mixture\.0\.1 = 0\.5"),
        ([("0", -1, 0)], r"config\.data\.mixture\.0\.1 = -1"),
        ([("0", 1)], r"config\.data\.mixture\.0"),
    ],
)
def test_impossible_mixtures_are_refused_by_key(prepared, rows, complaint):
    with pytest.raises(UserError, match=complaint) as raised:
        opened(prepared, *rows)
    assert "\n" not in str(raised.value)


def test_a_set_too_small_for_its_share_of_a_batch_is_refused(sets):
    with pytest.raises(UserError, match=r"config\.batch_size = 128: .*2\.tokens has only 21 windows"):
        take(TokenMixture(sets[1:], (Phase(0, (1, 1)),)), 1, batch_size=128)
