import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codelm_jax.generation.params import SamplingParams
from codelm_jax.generation.stopping import stop_rule

PROMPT = "class Stack:\n    def pop(self):\n"
BODY = "        return self.items.pop()\n\n    def push(self, x):\n        pass\n"


def run(stop, prompt: str, pieces: list[str]) -> tuple[str, bool, list[int]]:
    """The text kept, whether the rule ended it, and how much was settled after each piece."""
    rule = stop_rule(SamplingParams(stop=stop), prompt)
    text, settled = "", []
    for piece in pieces:
        text += piece
        end = rule.feed(piece)
        if end is not None:
            return text[:end], True, settled
        settled.append(rule.settled())
    return text, False, settled


@pytest.mark.parametrize(
    ("stop", "prompt", "completion", "kept"),
    [
        (("\n\n",), "", "a\nb\n\nc", "a\nb"),
        (("bc", "abcd"), "", "xabcdef", "xa"),
        (("abc", "c"), "", "xabc", "x"),
        (("#",), "", "#", ""),
        ("line", "x = ", "1 + 2\ny = 3\n", "1 + 2\n"),
        ("line", "x = 1\n", "\n\ny = 3\nz", "\n\ny = 3\n"),
        ("line", "x = 1\r\n", "y = 3\r\nz", "y = 3\r\n"),
        ("line", "x = 1", "\ny", "\n"),
        ("statement", "x = [", "1,\n2]\ny = 3\n", "1,\n2]\n"),
        ("statement", "if x:\n", "    y\nelse:\n    z\nw = 1\n", "    y\nelse:\n    z\n"),
        ("function", PROMPT, BODY, "        return self.items.pop()\n\n"),
        ("function", "def f(x):", " return x\nprint(f(1))\n", " return x\n"),
    ],
)
def test_a_rule_ends_the_text_where_it_should(stop, prompt, completion, kept):
    text, ended, _ = run(stop, prompt, [completion])
    assert (text.rstrip("\n"), ended) == (kept.rstrip("\n"), True)


@pytest.mark.parametrize("stop", [(), ("zzz",), "function", "statement", "line"])
def test_a_rule_waits_while_nothing_ends(stop):
    assert not run(stop, "def f(x):\n", ["    return ", "x + 1"])[1]


TEXTS = st.text("ab:#()'\" \n\t", max_size=60) | st.sampled_from(
    [BODY, "    x = 1\n    y = (2,\n3)\nz\n", "ab\n\ncd"]
)


@settings(max_examples=300, deadline=None)
@given(
    stop=st.sampled_from([("ab", "b\n"), ("\n\n", "\nx"), "function", "statement", "line"]),
    prompt=st.sampled_from(["", PROMPT, "def f(a):", "x = (1,", "if a:\n    b\n", "@d\n", "'''"]),
    text=TEXTS,
    cuts=st.lists(st.integers(0, 60), max_size=8),
)
def test_neither_end_nor_settled_text_depends_on_the_pieces(stop, prompt, text, cuts):
    bounds = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    pieces = [text[a:b] for a, b in itertools.pairwise(bounds)]
    whole, whole_ended, _ = run(stop, prompt, list(text))
    kept, ended, settled = run(stop, prompt, pieces)
    assert (kept, ended) == (whole, whole_ended)
    assert settled == sorted(settled)
    assert all(length <= len(kept) for length in settled)


@settings(max_examples=100, deadline=None)
@given(
    text=st.text("ab\n", max_size=30),
    stop=st.lists(st.text("ab\n", min_size=1, max_size=4), min_size=1, max_size=3),
)
def test_no_stop_string_is_left_in_the_text(text, stop):
    kept, ended, _ = run(tuple(stop), "", list(text))
    assert not any(string in kept for string in stop)
    assert ended == any(string in text for string in stop)
