import gzip
import lzma
import math
import shutil

import numpy as np
import pytest
from eval_toys import ByteCodec

from codelm_jax.evals.compressors import compressors
from codelm_jax.evals.suites.held_out import held_out_figures, smoothing_floor

V, EPS = 260, 0.1


def table_model(seed: int) -> np.ndarray:
    """A bigram model: logits [V, V] of the next token for each token."""
    return np.random.default_rng(seed).normal(size=(V, V)).astype(np.float32)


def scorer(logits_VV: np.ndarray):
    log_probs = logits_VV - np.log(np.exp(logits_VV).sum(-1, keepdims=True))

    def score(windows):
        inputs, targets = windows[:, :-1].astype(int), windows[:, 1:].astype(int)
        nll = -log_probs[inputs, targets]
        return {"nll": nll, "smoothed_loss": (1 - EPS) * nll - EPS * log_probs[inputs].mean(-1)}

    return score, log_probs


def batches(seed: int):
    rng = np.random.default_rng(seed)
    for _ in range(3):
        mask = rng.random((4, 8)) < 0.7
        yield rng.integers(0, V, (4, 9)).astype(np.uint16), mask


def test_heldout_equals_a_plain_computation_target_by_target():
    score, log_probs = scorer(table_model(0))
    byte_lengths = np.random.default_rng(1).integers(1, 6, V).astype(np.int32)
    found = held_out_figures(score, batches(2), byte_lengths=byte_lengths, label_smoothing=EPS)
    nll, smoothed, text_bytes = [], [], 0
    for windows, mask in batches(2):
        for row in range(4):
            for t in range(8):
                if mask[row, t]:
                    before, target = int(windows[row, t]), int(windows[row, t + 1])
                    nll.append(-float(log_probs[before, target]))
                    target_distribution = np.full(V, EPS / V) + (np.arange(V) == target) * (1 - EPS)
                    smoothed.append(-float((target_distribution * log_probs[before]).sum()))
                    text_bytes += int(byte_lengths[target])
    assert found.tokens == len(nll)
    assert found.bytes == text_bytes
    assert found.nll == pytest.approx(np.mean(nll), rel=1e-6)
    assert found.perplexity == pytest.approx(math.exp(np.mean(nll)), rel=1e-6)
    assert found.bits_per_byte == pytest.approx(np.sum(nll) / math.log(2) / text_bytes, rel=1e-6)
    assert found.smoothed_loss == pytest.approx(np.mean(smoothed), rel=1e-6)
    assert found.smoothed_loss > found.smoothed_loss_floor == smoothing_floor(EPS, V)


def test_bits_per_byte_is_the_same_for_two_tokenizers_with_the_same_probabilities():
    """Text of `ab` and `cd` pairs, drawn evenly: as two byte tokens or as one pair token, it costs 1 bit a pair."""
    pairs = np.random.default_rng(0).integers(0, 2, 200)
    text = b"".join([(b"ab", b"cd")[pair] for pair in pairs])
    by_byte = np.frombuffer(b"\0" + text, np.uint8).astype(np.uint16)
    by_pair = np.concatenate([[256], 257 + pairs]).astype(np.uint16)

    def bytes_score(windows):
        first_of_pair = np.isin(windows[:, 1:], np.frombuffer(b"ac", np.uint8))
        nll = np.where(first_of_pair, math.log(2), 0.0)
        return {"nll": nll, "smoothed_loss": nll}

    def pairs_score(windows):
        nll = np.full(windows[:, 1:].shape, math.log(2))
        return {"nll": nll, "smoothed_loss": nll}

    lengths = ByteCodec([b"ab", b"cd"]).byte_lengths()
    results = [
        held_out_figures(
            score, [(ids[None], np.ones((1, len(ids) - 1), bool))], byte_lengths=lengths, label_smoothing=0.0
        )
        for score, ids in ((bytes_score, by_byte), (pairs_score, by_pair))
    ]
    assert results[0].bits_per_byte == pytest.approx(results[1].bits_per_byte) == pytest.approx(0.5)
    assert results[0].nll == pytest.approx(results[1].nll / 2)


def test_how_the_targets_are_batched_does_not_matter():
    score, _ = scorer(table_model(3))
    whole = list(batches(4))
    joined = [(np.concatenate([w for w, _ in whole]), np.concatenate([m for _, m in whole]))]
    lengths = np.ones(V, np.int32)
    results = [
        held_out_figures(score, parts, byte_lengths=lengths, label_smoothing=EPS) for parts in (whole, joined)
    ]
    assert results[0] == pytest.approx(results[1])


def test_the_floor_is_the_entropy_of_the_smoothed_target():
    assert smoothing_floor(0.1, 8000) == pytest.approx(1.2237, abs=1e-4)
    assert smoothing_floor(0.0, 8000) == 0.0
    target = np.full(50, 0.2 / 50) + (np.arange(50) == 7) * 0.8
    assert smoothing_floor(0.2, 50) == pytest.approx(-(target * np.log(target)).sum())


def test_nothing_to_score_is_an_error():
    score, _ = scorer(table_model(0))
    empty = [(np.zeros((1, 3), np.uint16), np.zeros((1, 2), bool))]
    with pytest.raises(ValueError, match="no held-out target"):
        held_out_figures(score, empty, byte_lengths=np.ones(V, np.int32), label_smoothing=0.0)


def test_compressors_match_the_programs_themselves():
    files = [f"x = {i}\n".encode() * 50 + bytes(range(256)) for i in range(3)]
    found = compressors(files)
    total = sum(map(len, files))
    xz = sum(len(lzma.compress(file, preset=9 | lzma.PRESET_EXTREME)) for file in files)
    assert found.xz.by_file == pytest.approx(8 * xz / total, rel=0.02)
    assert found.gzip.joined == 8 * len(gzip.compress(b"".join(files), 9, mtime=0)) / total
    assert found.xz.joined < found.xz.by_file
    assert (found.zstd is not None) == bool(shutil.which("zstd"))
    assert (found.bytes, found.files) == (total, 3)
