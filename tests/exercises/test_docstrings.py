"""Docstrings: every kind parses, says its sentence, and keeps to its width."""

import ast

import pytest
from exercise_toys import PAIR, draft

from codelm_jax.exercises.draws import Draws
from codelm_jax.exercises.wording import Style, sentence, written

KINDS = ("line", "block", "google", "numpy", "sphinx", "humaneval", "examples", "sentence")
CASES = (("1, 2", "3"), ("4, 5", "9"))
LONG = 'a string of the results of putting each of the words in square brackets, separated by " | "'


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ask", ["twice a", LONG, "? a is one of the numbers that are less than b"])
def test_a_docstring_says_its_sentence_within_its_width(kind, ask):
    made = draft("return a + a", *PAIR, ask=ask)
    for width in (72, 88):
        for seed in range(12):
            prompt, body = written(made, Style("builtin", kind, width), CASES, Draws(f"{seed}"))
            function = ast.parse(prompt + body).body[0]
            assert isinstance(function, ast.FunctionDef)
            said = " ".join((ast.get_docstring(function) or "").split())
            assert said.startswith(sentence(made, Draws(f"{seed}")))
            assert max(map(len, prompt.split("\n")[1:])) <= width
            assert (">>>" in said) == (kind in ("humaneval", "examples"))


@pytest.mark.parametrize("kind", ["comment above", "comment inside"])
def test_a_long_comment_is_wrapped(kind):
    prompt, body = written(draft("return a", *PAIR, ask=LONG), Style("none", kind, 72), CASES, Draws("0"))
    comments = [line for line in prompt.split("\n") if line.lstrip().startswith("#")]
    assert len(comments) > 1
    assert max(map(len, comments)) <= 72
    ast.parse(prompt + body)


def test_a_quoted_separator_is_never_broken():
    for seed in range(40):
        made = draft("return a", *PAIR, ask=LONG)
        prompt, _ = written(made, Style("none", "line", 72 + seed % 8), CASES, Draws(f"{seed}"))
        assert '" | "' in prompt


def test_a_name_that_says_too_little_gets_a_docstring():
    for needed in (False, True):
        made = draft("return a", *PAIR)
        made = type(made)(**{**vars(made), "needs_words": needed})
        prompt, _ = written(made, Style("none", "none", 79), CASES, Draws("0"))
        assert ('"""' in prompt) == needed
