import numpy as np
import pytest

from codelm_jax.evals import copies
from codelm_jax.evals.copies import longest_runs
from codelm_jax.evals.statistics import rate
from codelm_jax.evals.suites.memorisation import copied_runs, run_lengths


def longest_by_hand(sample: list[int], corpus: list[int]) -> int:
    best = 0
    for start in range(len(sample)):
        for place in range(len(corpus)):
            n = 0
            while (
                start + n < len(sample) and place + n < len(corpus) and sample[start + n] == corpus[place + n]
            ):
                n += 1
            best = max(best, n)
    return best if best >= 4 else 0


@pytest.mark.parametrize("chunk", [1 << 20, 64, 7])
def test_the_longest_run_is_what_a_search_of_every_place_finds(monkeypatch, chunk):
    monkeypatch.setattr(copies, "_CHUNK", chunk)
    rng = np.random.default_rng(0)
    for _ in range(12):
        corpus = rng.integers(0, 3, 300).astype(np.uint16)
        samples = [rng.integers(0, 3, rng.integers(0, 25)).tolist() for _ in range(8)]
        for sample, (run, start, place) in zip(samples, longest_runs(samples, corpus), strict=True):
            assert run == longest_by_hand(sample, corpus.tolist())
            assert corpus[place : place + run].tolist() == sample[start : start + run]


def test_a_large_corpus_is_looked_through_the_same_way(monkeypatch):
    rng = np.random.default_rng(1)
    corpus = rng.integers(0, 40, 300_000).astype(np.uint16)
    samples = [[*corpus[i : i + 30].tolist(), 41] for i in (17, 1000, 299_970)] + [[41] * 30]
    assert [run for run, _, _ in longest_runs(samples, corpus)] == [30, 30, 30, 0]
    monkeypatch.setattr(copies, "_WORTH_A_TABLE", 1 << 40)
    assert [run for run, _, _ in longest_runs(samples, corpus)] == [30, 30, 30, 0]


def test_a_copied_sample_is_named_with_its_file():
    corpus = np.array([99, *range(10, 20), 99, *range(30, 50)], np.uint16)
    samples = [[1, 2, *range(33, 40), 3], list(range(10, 20)), [5, 6, 7, 8], []]
    found = copied_runs(samples, corpus, endoftext_id=99, document_names=["a.py", "b.py"])
    assert [(r.run, r.start, r.file) for r in found] == [
        (7, 2, "b.py"), (10, 0, "a.py"), (0, 0, None), (0, 0, None),
    ]  # fmt: skip
    lengths = run_lengths(found)
    assert (lengths.n, lengths.longest, lengths.whole_samples) == (4, 10, 1)
    assert lengths.whole == rate(1, 4)
    assert lengths.mean == pytest.approx(17 / 4)
    assert found[0].share == pytest.approx(0.7)


def test_no_run_crosses_from_one_document_into_the_next():
    corpus = np.array([99, 1, 2, 3, 4, 99, 5, 6, 7, 8], np.uint16)
    assert longest_runs([[1, 2, 3, 4, 5, 6, 7, 8]], corpus)[0][0] == 4


def test_no_samples_are_an_error():
    with pytest.raises(ValueError, match="no samples"):
        run_lengths([])
