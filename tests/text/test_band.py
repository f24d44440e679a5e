import random
import sysconfig
from pathlib import Path

import pytest

from codelm_jax.data.tokenizer import CodeTokenizer
from codelm_jax.evals.statistics import wilson_interval
from codelm_jax.text.band import (
    LENGTHS,
    METRICS,
    collapsed,
    human_band,
    human_parses,
    human_percentile,
    human_rate,
    real_definitions,
    real_windows,
    standard_library_band,
    threshold,
)
from codelm_jax.text.parsing import parses
from codelm_jax.text.repetition import seq_rep_n

SANE_FIRST_LINES = ("", "\n    return a\n", "\n    result = a + b\n", "\n    if n <= 1:\n        return 1\n")
PATTERNS = ("):", ":", "b, b, b, b_b, b, b, b, ", "    ", "0, ", "self.", "return a\n    ", "x = x\n")


@pytest.fixture(scope="module")
def files() -> list[str]:
    """Real code: files of the standard library, in an order of chance."""
    root = Path(sysconfig.get_paths()["stdlib"])
    paths = sorted([*root.glob("[a-p]*.py"), *root.glob("*/[a-m]*.py")])
    paths = [
        path for path in paths if "site-packages" not in str(path) and 2_000 < path.stat().st_size < 100_000
    ]
    random.Random(0).shuffle(paths)
    return [path.read_text(encoding="utf-8", errors="replace") for path in paths[:170]]


@pytest.fixture(scope="module")
def tokenizer(files) -> CodeTokenizer:
    return CodeTokenizer.train(files[:30], vocab_size=4000)


@pytest.fixture(scope="module")
def halves(files, tokenizer) -> tuple[list[list[int]], list[list[int]]]:
    """Token documents, in two halves that share no file."""
    documents = tokenizer.encode_batch(files)
    return documents[::2], documents[1::2]


@pytest.fixture(scope="module")
def band(halves, tokenizer):
    return human_band(halves[0], tokenizer.decode, seed=0, windows_per_length=2000)


@pytest.mark.parametrize("length", [32, 60, 80, 160])
def test_one_percent_of_real_code_is_flagged_that_took_no_part_in_the_calibration(
    halves, tokenizer, band, length
):
    windows = real_windows(halves[1], length, 2000, seed=1)
    flagged = sum(collapsed(window, tokenizer.decode(window), band) for window in windows)
    assert len(windows) >= 1000
    low, high = wilson_interval(flagged, len(windows))
    assert high <= 0.02, (flagged, len(windows))
    assert low <= 0.01


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("first_line", SANE_FIRST_LINES)
def test_sixty_tokens_of_a_repeated_pattern_are_always_flagged(tokenizer, band, pattern, first_line):
    # Short pieces, so that a run of one character can't end up as a handful of long tokens.
    pieces = [first_line, *[pattern] * 60]
    tokens = [token for piece in pieces for token in tokenizer.encode(piece)][:60]
    assert len(tokens) == 60
    for measured in (band, standard_library_band()):
        assert collapsed(tokens, tokenizer.decode(tokens), measured)


def test_a_collapse_that_stops_before_the_end_is_flagged(tokenizer, band):
    tail = tokenizer.encode("\n    return first + second * third\n")
    tokens = [*tokenizer.encode("):") * 25, *tail]
    assert collapsed(tokens, tokenizer.decode(tokens), band)


def test_sane_code_is_not_flagged(tokenizer, band):
    text = (
        "\n    total = 0\n    for value in values:\n        total += value\n    return total / len(values)\n"
    )
    assert not collapsed(tokenizer.encode(text), text, band)


def test_short_samples_collapse_only_by_loop_or_emptiness(band):
    assert collapsed([], "", band)
    assert collapsed(["\n", "\n"], "\n\n", band)
    assert not collapsed(["a"], "a", band)
    assert not collapsed(["a", "a", "a"], "aaa", band)
    assert collapsed(["a"] * 4, "aaaa", band)


def test_the_band_holds_each_length_and_flags_at_most_its_target(band):
    assert [entry["length"] for entry in band["lengths"]] == list(LENGTHS)
    for entry in band["lengths"]:
        assert entry["flagged"] <= band["target_rate"] + 1e-9
        assert set(entry["metrics"]) == set(METRICS)
        quantiles = [entry["metrics"]["seq_rep_4"][f"p{p}"] for p in (1, 5, 25, 50, 75, 95, 99)]
        assert quantiles == sorted(quantiles)


def test_the_threshold_is_the_smallest_that_keeps_to_the_target(halves, tokenizer):
    (entry,) = human_band(halves[0][:60], tokenizer.decode, seed=0, windows_per_length=1000, lengths=(60,))[
        "lengths"
    ]
    windows = real_windows(halves[0][:60], 60, 1000, seed=0)
    values = sorted({seq_rep_n(window, 4) for window in windows})
    stricter = {"lengths": [{**entry, "threshold": values[values.index(entry["threshold"]) - 1]}]}
    assert (
        sum(collapsed(window, tokenizer.decode(window), stricter) for window in windows) > len(windows) // 100
    )


def test_between_lengths_the_band_is_interpolated_and_beyond_them_the_nearest_holds(band):
    at_60, at_100 = threshold(band, 60), threshold(band, 100)
    assert at_60 < threshold(band, 77) < at_100
    assert threshold(band, 1) == threshold(band, LENGTHS[0])
    assert threshold(band, 10_000) == threshold(band, LENGTHS[-1])
    assert human_rate(band, 60) <= 0.01
    assert human_percentile(band, "seq_rep_4", 60, "p95") > human_percentile(band, "seq_rep_4", 60)


def test_the_band_is_deterministic_in_its_seed(halves, tokenizer):
    few = halves[0][:20]
    first, again, other = (human_band(few, tokenizer.decode, seed=seed, lengths=(60,)) for seed in (3, 3, 4))
    assert first == again
    assert first != other


def test_real_definitions_are_headers_and_what_people_wrote_after_them(halves, files, tokenizer):
    definitions = real_definitions(halves[0][:20], tokenizer.decode, 60, seed=0)
    assert len(definitions) == 60
    whole = "\n\n".join(files)
    for header, rest in definitions:
        assert header.startswith(("def ", "class ", "async def "))
        assert header + tokenizer.decode(rest[:40]) in whole


def test_the_longer_real_definitions_go_on_the_more_of_them_are_valid(halves, tokenizer, band):
    shares = [human_parses(band, length) for length in LENGTHS]
    assert shares == sorted(shares)
    assert shares[0] < 0.5 < shares[-1]
    definitions = real_definitions(halves[0], tokenizer.decode, 1000, seed=0)
    (entry,) = [entry for entry in band["lengths"] if entry["length"] == 60]
    assert entry["definitions"] == len(definitions)
    valid = [
        parses(header, tokenizer.decode(rest[:60]), hit_limit=len(rest) > 60) for header, rest in definitions
    ]
    assert entry["parses"] == sum(valid) / len(valid)


def test_a_band_without_definitions_borrows_the_standard_library_s(band):
    without = {"lengths": [{**entry, "parses": None} for entry in band["lengths"]]}
    assert human_parses(without, 60) == human_parses({}, 60) != human_parses(band, 60)


def test_too_little_code_gives_no_band_and_the_standard_library_stands_in():
    assert human_band([["a", "b", "c"] * 100], "".join, seed=0) == {}
    assert threshold({}, 60) == threshold(standard_library_band(), 60)


def test_windows_are_disjoint_and_no_document_gives_many():
    documents = [list(range(10_000)), list(range(10_000, 10_050))]
    windows = real_windows(documents, 20, 1000, seed=0)
    tokens = [token for window in windows for token in window]
    assert len(set(tokens)) == len(tokens)
    assert 2 <= len(windows) <= 18


def test_the_threshold_holds_even_where_loops_alone_exceed_the_target():
    rng = random.Random(0)
    documents = [[rng.randrange(50) for _ in range(400)] + [7] * 60 for _ in range(80)]
    (entry,) = human_band(documents, str, seed=0, lengths=(60,))["lengths"]
    assert entry["flagged"] > 0.05
    assert entry["threshold"] < 1.0
