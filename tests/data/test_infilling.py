"""Laws of fill-in-the-middle."""

import numpy as np
import pytest

from codelm_jax.data.infilling import Infilling
from codelm_jax.data.tokenizer import CodeTokenizer

TEXTS = [f"def f{n}(x, y):\n    total = x + {n}\n    return total * y  # é\n" for n in range(40)]


@pytest.fixture(scope="module")
def tokenizer():
    return CodeTokenizer.train(TEXTS * 4, vocab_size=310)


def window_of(tokenizer, length, first=0, cut_start=0):
    """Ids of several documents, `<|endoftext|>` before each, from `cut_start` on."""
    stream = []
    for text in TEXTS[first:]:
        stream += [tokenizer.endoftext_id, *tokenizer.encode(text)]
    return np.array(stream[cut_start : cut_start + length], np.uint16)


def documents_of(tokenizer, window):
    """The window's parts, each without its `<|endoftext|>`."""
    parts, current = [], []
    for token in window.tolist():
        if token == tokenizer.endoftext_id:
            parts.append(current)
            current = []
        else:
            current.append(token)
    return [part for part in [*parts, current] if part]


def restored(tokenizer, part):
    """(text in its first order, whether the order was PSM, SPM or neither)."""
    if tokenizer.fim_prefix_id not in part:
        return tokenizer.decode(part), "plain"
    suffix_at, middle_at = part.index(tokenizer.fim_suffix_id), part.index(tokenizer.fim_middle_id)
    prefix, suffix = part[1:suffix_at], part[suffix_at + 1 : middle_at]
    return tokenizer.decode([*prefix, *part[middle_at + 1 :], *suffix]), "psm" if prefix else "spm"


def test_rate_0_changes_nothing_and_every_window_keeps_its_length(tokenizer):
    window = window_of(tokenizer, 301)
    assert (Infilling(tokenizer, 0.0, 0.5, seed=1)(window, 3, room=301) == window).all()
    for cut in range(12):
        for number in range(5):
            ragged = window_of(tokenizer, 301, cut_start=cut)
            changed = Infilling(tokenizer, 1.0, 0.5, seed=1)(ragged, number, room=301)
            assert (changed.shape, changed.dtype) == (ragged.shape, ragged.dtype)


def test_draws_depend_on_seed_and_window_alone(tokenizer):
    window = window_of(tokenizer, 301)
    same, other_seed = (Infilling(tokenizer, 0.5, 0.5, seed=s) for s in (1, 2))
    again = Infilling(tokenizer, 0.5, 0.5, seed=1)
    assert (same(window, 7, room=301) == again(window, 7, room=301)).all()
    assert (same(window, 7, room=301) != same(window, 8, room=301)).any()
    assert (same(window, 7, room=301) != other_seed(window, 7, room=301)).any()


def test_every_whole_document_can_be_put_together_again(tokenizer):
    known = set(TEXTS)
    kinds = []
    for number in range(60):
        window = window_of(tokenizer, 301, first=number % 20)
        parts = documents_of(tokenizer, Infilling(tokenizer, 0.5, 0.5, seed=0)(window, number, room=301))
        for part in parts[:-1]:  # the window cuts the last one
            text, kind = restored(tokenizer, part)
            kinds.append(kind)
            assert text in known
    shares = {kind: kinds.count(kind) / len(kinds) for kind in ("plain", "psm", "spm")}
    assert 0.4 < shares["plain"] < 0.6
    assert 0.17 < shares["psm"] < 0.33  # a document cut before its first character counts as SPM


def test_a_document_longer_than_the_window_gives_up_its_outer_ends_and_its_middle_ends(tokenizer):
    text = "".join(TEXTS)
    ids = np.array(tokenizer.encode(text)[50:251], np.uint16)
    shown = tokenizer.decode(ids)
    rearranged = 0
    for number in range(40):
        changed = Infilling(tokenizer, 1.0, 0.5, seed=0)(ids, number, room=len(ids))
        if (changed == ids).all():  # no room for the marks
            continue
        rearranged += 1
        assert changed[-1] == tokenizer.endoftext_id
        part, kind = restored(tokenizer, changed[:-1].tolist())
        assert part in shown
        assert kind in ("psm", "spm")
    assert rearranged > 30


def test_a_cut_character_leaves_its_document_as_it_is(tokenizer):
    ids = np.array(tokenizer.encode("ü = 1\n" * 30)[1:101], np.uint16)
    assert (Infilling(tokenizer, 1.0, 0.5, seed=0)(ids, 0, room=len(ids)) == ids).all()
