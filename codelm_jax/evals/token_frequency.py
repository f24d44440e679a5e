"""Unigram counts of the corpus and of generated text, and how far apart they are."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from codelm_jax.evals.context import starts_new_line
from codelm_jax.evals.interfaces import Codec

_TOP = 50
_NAMED = {":": b":", ")": b")", "):": b"):"}


def token_frequency(
    corpus_ids: np.ndarray, samples: Sequence[Sequence[int]], codec: Codec, *, seed: int
) -> dict[str, Any]:
    """Compares the tokens of the corpus with those of samples.

    Args:
        corpus_ids: training tokens, uint16 [N]; `<|endoftext|>` counts as a token.
        samples: token ids of generated text.
        codec: the tokenizer.
        seed: of the baseline draw.

    Returns:
        `corpus` and `samples`, each `{"tokens", "unique", "characters_per_token", "top": [{"token", "token_id",
        "count", "share"}], "shares": {":", ")", "):", "newline"}}`; `kl`, in nats, of the samples' distribution from
        the corpus's (add-one smoothed); and `kl_baseline`, the same for as many tokens drawn from the corpus, which is
        what a perfect model would show.
    """
    corpus = np.bincount(corpus_ids, minlength=codec.vocab_size)
    # Token by token: a sequence may be empty, and concatenating nothing has no dtype.
    generated = np.bincount(
        np.array([token for ids in samples for token in ids], np.int64), minlength=codec.vocab_size
    )
    drawn = np.random.default_rng(seed).multinomial(int(generated.sum()), corpus / corpus.sum())
    spellings = [codec.token_bytes(token) for token in range(codec.vocab_size)]
    return {
        "suite": "token_frequency",
        "seed": seed,
        "corpus": _describe(corpus, spellings, codec),
        "samples": _describe(generated, spellings, codec),
        "kl": kl_divergence(generated, corpus),
        "kl_baseline": kl_divergence(drawn, corpus),
    }


def kl_divergence(counts: np.ndarray, reference: np.ndarray) -> float | None:
    """KL(counts || reference) in nats; the reference is add-one smoothed. None without counts."""
    total = counts.sum()
    if not total:
        return None
    p = counts / total
    q = (reference + 1) / (reference.sum() + len(reference))
    seen = p > 0
    return float(np.sum(p[seen] * np.log(p[seen] / q[seen])))


def _describe(counts: np.ndarray, spellings: Sequence[bytes], codec: Codec) -> dict[str, Any]:
    total = int(counts.sum())
    # UTF-8 continuation bytes begin with the bits 10; every other byte begins a character.
    characters = np.array([sum(byte & 0xC0 != 0x80 for byte in spelling) for spelling in spellings])
    top = np.argsort(-counts, kind="stable")[:_TOP]

    def share(selected: np.ndarray) -> float:
        return float(counts[selected].sum() / total) if total else 0.0

    named = {
        name: np.array([spelling == wanted for spelling in spellings]) for name, wanted in _NAMED.items()
    }
    named["newline"] = np.array([starts_new_line(spelling) for spelling in spellings])
    return {
        "tokens": total,
        "unique": int(np.count_nonzero(counts)),
        "characters_per_token": float(counts @ characters / total) if total else 0.0,
        "top": [
            {
                "token": codec.decode([int(token)], skip_special=False),
                "token_id": int(token),
                "count": int(counts[token]),
                "share": int(counts[token]) / total,
            }
            for token in top
            if counts[token]
        ],
        "shares": {name: share(selected) for name, selected in named.items()},
    }
