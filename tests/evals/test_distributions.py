import itertools

import numpy as np
import pytest
from eval_toys import ENDOFTEXT, ByteCodec

from codelm_jax.evals.statistics import rate
from codelm_jax.evals.suites.confidence import CalibrationBin, Confidence, confidence_of
from codelm_jax.evals.suites.context import context_rows, starts_new_line
from codelm_jax.evals.suites.token_frequency import CommonToken, compare_tokens, kl_divergence
from codelm_jax.evals.templates import load_templates

CODEC = ByteCodec([b"):", b"\n    "])


def distribution(**shares: float) -> np.ndarray:
    probabilities = np.zeros(CODEC.vocab_size)
    for text, share in shares.items():
        (token,) = CODEC.encode(text)
        probabilities[token] = share
    return probabilities


def test_context_shows_the_next_token_after_more_and_more_examples():
    template = load_templates().context
    seen = []

    def next_token(text: str) -> np.ndarray:
        seen.append(text)
        newline = len(seen) / 10
        return distribution(**{"):": 0.9 - newline, "\n    ": newline, "x": 0.1})

    result = context_rows(next_token, CODEC, template, context_length=10_000)
    assert [row.examples for row in result.rows] == [0, 1, 2, 3, 4]
    assert [row.newline for row in result.rows] == pytest.approx([0.1, 0.2, 0.3, 0.4, 0.5])
    assert [row.legacy for row in result.rows] == pytest.approx([0.8, 0.7, 0.6, 0.5, 0.4])
    assert vars(result.rows[0].top[0]) == {
        "token": "):", "token_id": CODEC.encode("):")[0], "probability": pytest.approx(0.8),
    }  # fmt: skip
    assert seen[0] == template.prompt
    assert all(
        after.endswith(template.prompt) and len(after) > len(before)
        for before, after in itertools.pairwise(seen)
    )
    assert [row.tokens for row in result.rows] == [len(CODEC.encode(text)) for text in seen]
    expected = -(0.8 * np.log(0.8) + 0.2 * np.log(0.1))
    assert result.rows[0].entropy == pytest.approx(expected)


def test_without_its_token_the_legacy_probability_is_unknown():
    plain = ByteCodec()
    result = context_rows(
        lambda text: np.full(plain.vocab_size, 1 / plain.vocab_size),
        plain,
        load_templates().context,
        context_length=10_000,
    )
    assert result.rows[0].legacy is None


@pytest.mark.parametrize(
    ("spelling", "expected"),
    [(b"\n", True), (b"\n    ", True), (b"  \r\n", True), (b"x\n", False), (b" ", False), (b"", False)],
)
def test_a_new_line_starts_with_a_line_end(spelling, expected):
    assert starts_new_line(spelling) is expected


def test_token_frequencies_are_counted_and_named():
    corpus = np.array([ENDOFTEXT, *CODEC.encode("é):\n    x"), ENDOFTEXT, *CODEC.encode("x:")], np.uint16)
    result = compare_tokens(corpus, [CODEC.encode("):):"), []], CODEC, seed=0)
    assert result.corpus.tokens == 9
    assert result.corpus.unique == 7
    assert result.corpus.shares == pytest.approx({":": 1 / 9, ")": 0.0, "):": 1 / 9, "newline": 1 / 9})
    assert result.corpus.characters_per_token == pytest.approx(len("é):\n    xx:") / 9)
    assert {entry.token for entry in result.corpus.top if entry.count == 2} == {
        "<|endoftext|>",
        "x",
    }
    assert result.samples.top == (CommonToken("):", CODEC.encode("):")[0], 2, 1.0),)
    assert result.samples.shares["):"] == 1.0
    assert result.kl is not None
    assert result.kl_baseline is not None
    assert result.kl > result.kl_baseline >= 0


def test_no_samples_have_no_divergence():
    result = compare_tokens(np.array([65, 66], np.uint16), [[]], CODEC, seed=0)
    assert result.kl is None
    assert result.samples.tokens == 0


def test_the_divergence_is_zero_between_equals_and_the_logarithm_of_the_odds_otherwise():
    many = np.array([500_000, 500_000])
    assert kl_divergence(many, many) == pytest.approx(0.0, abs=1e-9)
    assert kl_divergence(np.array([10, 0]), many) == pytest.approx(np.log(2), rel=1e-4)


def test_the_baseline_is_what_as_many_corpus_tokens_show():
    rng = np.random.default_rng(0)
    corpus = rng.zipf(1.5, 300_000).clip(0, CODEC.vocab_size - 1).astype(np.uint16)
    samples = rng.permutation(corpus)[:5000].tolist()
    result = compare_tokens(corpus, [samples], CODEC, seed=1)
    assert result.kl == pytest.approx(result.kl_baseline, rel=0.3)


def windows_of(text: str) -> tuple[np.ndarray, np.ndarray]:
    ids = np.array([CODEC.encode(text)], np.uint16)
    return ids, np.ones((1, ids.shape[1] - 1), bool)


def test_confidence_is_told_apart_after_colons_and_parentheses():
    batch = windows_of("a:b)c):d")  # inputs a : b ) c ):

    def statistics(windows):
        after_colon = np.isin(windows[:, :-1], [CODEC.encode(":")[0], CODEC.encode("):")[0]])
        return {
            "top1_prob": np.where(after_colon, 0.9, 0.5),
            "entropy": np.where(after_colon, 0.1, 1.0),
            "top1_correct": np.zeros(after_colon.shape, bool),
        }

    result = confidence_of(statistics, [batch], CODEC)
    assert {kind: getattr(result, kind).positions for kind in ("all", "after_colon", "after_parenthesis")} == {
        "all": 6, "after_colon": 2, "after_parenthesis": 1,
    }  # fmt: skip
    assert result.after_colon.top1_prob == pytest.approx(0.9)
    assert result.after_parenthesis.entropy == pytest.approx(1.0)
    assert result.all.top1_prob == pytest.approx((4 * 0.5 + 2 * 0.9) / 6)
    assert result.after_colon.calibration_error == pytest.approx(0.9)


def test_a_calibrated_model_has_no_calibration_error_and_an_overconfident_one_has_its_excess():
    rng = np.random.default_rng(0)
    windows = rng.integers(0, 256, (100, 201)).astype(np.uint16)
    mask = np.ones((100, 200), bool)
    probabilities = rng.uniform(0.05, 1.0, mask.shape)
    for excess in (0.0, 0.04):
        correct = rng.random(mask.shape) < probabilities - excess

        def statistics(windows, correct=correct):
            return {"top1_prob": probabilities, "entropy": probabilities, "top1_correct": correct}

        result = confidence_of(statistics, [(windows, mask)], CODEC)
        assert result.all.calibration_error == pytest.approx(excess, abs=0.015)
        assert sum(found.count for found in result.all.bins) == mask.size


def test_masked_targets_do_not_count():
    windows, mask = windows_of("a:b:")
    mask[0, 1:] = False

    def statistics(windows):
        shape = windows[:, 1:].shape
        return {
            "top1_prob": np.full(shape, 1.0),
            "entropy": np.zeros(shape),
            "top1_correct": np.ones(shape, bool),
        }

    result = confidence_of(statistics, [(windows, mask)], CODEC)
    assert result.all.positions == 1
    assert result.all.correct == rate(1, 1)
    assert result.all.bins == (CalibrationBin(1, 1.0, 1.0),)
    assert result.after_colon == Confidence(0)
