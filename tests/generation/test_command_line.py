import io
import json
import keyword
import re
import sys

import pytest
from generation_toys import CODE, PROMPTS, generator
from hypothesis import given, settings
from hypothesis import strategies as st

from codelm_jax.errors import UserError
from codelm_jax.generation.code_printer import CodePrinter
from codelm_jax.generation.command_line import params_from_flags, print_completions, read_prompt
from codelm_jax.generation.params import SamplingParams

PARAMS = SamplingParams(temperature=0.8, max_new_tokens=8)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def without_colour(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


@settings(max_examples=100, deadline=None)
@given(text=st.text("ab'\"#\n \r\t\ufeffé():", max_size=40) | st.just(CODE), size=st.integers(1, 7))
def test_colour_adds_nothing_and_loses_nothing(text, size):
    shown: list[str] = []
    printer = CodePrinter(shown.append, colour=True)
    for start in range(0, len(text), size):
        printer.feed(text[start : start + size])
    printer.close()
    assert without_colour("".join(shown)) == text


def test_a_keyword_that_comes_in_two_pieces_is_coloured_as_one():
    shown: list[str] = []
    printer = CodePrinter(shown.append, colour=True)
    for piece in ("de", "f f", "():"):
        printer.feed(piece)
    printer.close()
    whole: list[str] = []
    at_once = CodePrinter(whole.append, colour=True)
    at_once.feed("def f():")
    at_once.close()
    assert "def\x1b" in "".join(shown)
    assert "".join(shown).replace("\x1b[39;49;00m", "") == "".join(whole).replace("\x1b[39;49;00m", "")


@pytest.mark.parametrize("out", [io.StringIO(), Terminal()])
def test_one_completion_is_printed_after_its_prompt(out):
    print_completions(generator(), ["def add(a"], PARAMS, as_json=False, out=out)
    text = generator().generate(["def add(a"], PARAMS)[0][0].text
    assert without_colour(out.getvalue()) == "def add(a" + text + "\n"


def test_json_holds_everything():
    out = io.StringIO()
    own = PARAMS.replace(n=2)
    print_completions(generator(), PROMPTS, own, as_json=True, out=out)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    expected = generator().generate(PROMPTS, own)
    assert [line["prompt"] for line in lines] == [prompt for prompt in PROMPTS for _ in range(2)]
    flat = [completion for completions in expected for completion in completions]
    assert [line["text"] for line in lines] == [completion.text for completion in flat]
    assert [tuple(line["logprobs"]) for line in lines] == [completion.logprobs for completion in flat]


def test_several_completions_are_told_apart():
    out = io.StringIO()
    print_completions(generator(), ["a", "b"], PARAMS.replace(n=2), as_json=False, out=out)
    assert out.getvalue().count("# --- prompt 2 of 2") == 2


def test_flags_become_parameters():
    assert params_from_flags({"top_k": 3}, ["function"]).stop == "function"
    assert params_from_flags({"top_k": 3}, ["function", "x"]).stop == ("function", "x")
    with pytest.raises(UserError, match=r"^--top_p = 7"):
        params_from_flags({"top_p": 7.0}, [])


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("functoin", "function"),
        ("Function", "function"),
        ("func", "function"),
        ("lines", "line"),
        ("state", "statement"),
    ],
)
def test_a_mistyped_stop_rule_is_no_stop_string_unless_given_twice(word, meant):
    with pytest.raises(
        UserError, match=rf"^--stop {word}: no such rule \(did you mean {meant}\?\).*give it twice"
    ):
        params_from_flags({}, [word])
    assert params_from_flags({}, [word, word]).stop == (word, word)


@pytest.mark.parametrize("text", [*keyword.kwlist, "\n\n", "#", "functions:", "line = ", "self", "assert_"])
def test_other_words_are_stop_strings(text):
    assert params_from_flags({}, [text]).stop == (text,)


def standard_input(monkeypatch, content: bytes) -> str:
    """The prompt read from these bytes, in a locale that would replace what it does not know."""
    stream = io.TextIOWrapper(io.BytesIO(content), encoding="ascii", errors="surrogateescape")
    monkeypatch.setattr(sys, "stdin", stream)
    return read_prompt("-")


def test_prompts_are_read_to_the_byte(tmp_path, monkeypatch):
    text = "x = 'é'\r\ny = 2\rz = 3\n"
    (tmp_path / "windows.py").write_bytes(text.encode())
    assert read_prompt(str(tmp_path / "windows.py")) == text
    assert standard_input(monkeypatch, text.encode()) == text


def test_standard_input_that_is_no_utf8_is_named(monkeypatch):
    with pytest.raises(UserError, match=r"^standard input: .*utf-8"):
        standard_input(monkeypatch, b"x = '\xff'")


def test_unreadable_prompt_files_are_named(tmp_path):
    (tmp_path / "latin.py").write_bytes(b"\xff")
    for path in (tmp_path / "latin.py", tmp_path / "missing.py", tmp_path):
        with pytest.raises(UserError, match=re.escape(str(path))):
            read_prompt(str(path))
