"""Laws of token hashes, signatures and the near-duplicate index."""

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from source_trees import code_tokens, jaccard, python_source

from codelm_jax.preparation.dedup import NearDuplicates, similarity
from codelm_jax.preparation.fingerprints import code_token_hashes, run_hashes, signature


@given(text=st.text(st.sampled_from("aAb_1 \n\t().\0é😀"), max_size=60))
@settings(max_examples=100, deadline=None)
def test_equal_tokens_have_equal_hashes_and_others_do_not(text):
    tokens = code_tokens(text.replace("\u00e9", "é"))
    hashes = code_token_hashes(text).tolist()
    assert len(hashes) == len(tokens)
    assert len(set(hashes)) == len(set(tokens))
    assert len(set(zip(hashes, tokens, strict=True))) == len(set(tokens))


def test_case_and_spacing_do_not_matter_and_order_does():
    a = code_token_hashes("def Foo( x ):\n    return X")
    np.testing.assert_array_equal(a, code_token_hashes("def foo(x): return x"))
    assert (a != code_token_hashes("def foo(x): x return")).any()


@pytest.mark.parametrize("length", [1, 2, 5, 30])
def test_runs_hash_alike_wherever_they_stand(length):
    rng = random.Random(length)
    run = code_token_hashes(" ".join(str(rng.randrange(9)) for _ in range(length)))
    before, after = (code_token_hashes(python_source(seed, 2)) for seed in (1, 2))
    where = len(before)
    hashes = run_hashes(np.concatenate([before, run, after]), length)
    assert len(hashes) == len(before) + len(after) + 1
    assert hashes[where] == run_hashes(run, length)[0]


def test_too_short_a_text_has_no_runs():
    assert run_hashes(code_token_hashes("a b c"), 4).shape == (0,)
    assert run_hashes(code_token_hashes(""), 1).shape == (0,)


def test_signatures_estimate_the_jaccard_similarity():
    errors = []
    for seed in range(60):
        functions = python_source(seed, 30).split("\n\n")
        kept = max(2, int(len(functions) * (seed + 1) / 60))
        other = "\n\n".join(functions[:kept]) + python_source(seed + 500, 30 - kept)
        text = "\n\n".join(functions)
        estimate = similarity(signature(code_token_hashes(text)), signature(code_token_hashes(other)))
        errors.append(estimate - jaccard(text, other))
    # Standard error at most 0.044 each; of their mean, 0.006.
    assert np.abs(errors).max() < 0.18
    assert abs(np.mean(errors)) < 0.02


def test_signatures_of_the_shortest_texts_exist():
    for text in ("", "a", "a b", "a b c d e"):
        assert signature(code_token_hashes(text)).shape == (128,)
    assert similarity(signature(code_token_hashes("a")), signature(code_token_hashes("b"))) < 0.1


@pytest.mark.parametrize("threshold", [0.3, 0.5, 0.7, 0.9, 1.0])
def test_the_index_finds_what_comparing_all_pairs_finds(threshold):
    """Its recall at the threshold is 0.995, and nearly all pairs lie well off it."""
    rng = random.Random(0)
    texts = []
    for seed in range(40):
        functions = python_source(seed, 20).split("\n\n")
        texts.append(functions)
        if seed % 2:
            copy = list(functions)
            for place in rng.sample(range(len(copy)), rng.randrange(len(copy))):
                copy[place] = python_source(1000 + place, 1)
            texts.append(copy)
    rng.shuffle(texts)
    signatures = [signature(code_token_hashes("\n\n".join(text))) for text in texts]
    index = NearDuplicates(threshold)
    kept: list[np.ndarray] = []
    for own in signatures:
        expected = any(similarity(own, other) >= threshold for other in kept)
        assert index.find_or_add(own) == expected
        if not expected:
            kept.append(own)
    assert 40 <= len(kept) < len(texts) or threshold == 1.0
