import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codelm_jax.generation.params import SamplingParams
from codelm_jax.generation.stopping import stop_rule
from codelm_jax.generation.transcript import Transcript


def transcript(stop=()) -> Transcript:
    return Transcript(stop_rule(SamplingParams(stop=stop), ""))


@settings(max_examples=200, deadline=None)
@given(pieces=st.lists(st.binary(max_size=5) | st.sampled_from(["é".encode()[:1], "€".encode()[1:], b"\n"])))
def test_any_tokens_give_the_text_of_their_bytes(pieces):
    """Also where a character spans tokens, or never becomes one."""
    growing = transcript()
    streamed = ""
    for number, piece in enumerate(pieces):
        growing.add(number, piece, -1.0)
        streamed += growing.take_piece()
    growing.finish("length")
    streamed += growing.take_piece()
    completion = growing.completion()
    assert completion.text == b"".join(pieces).decode("utf-8", errors="replace") == streamed
    assert completion.token_ids == tuple(range(len(pieces)))


def test_no_piece_holds_half_a_character():
    growing = transcript()
    pieces = []
    for byte in "a€😀b".encode():
        growing.add(0, bytes([byte]), -1.0)
        pieces.append(growing.take_piece())
    assert [piece for piece in pieces if piece] == ["a", "€", "😀", "b"]


def test_a_stop_string_across_tokens_cuts_text_and_tokens():
    growing = transcript(stop=("\ndef",))
    for number, piece in enumerate([b"x", b" = 1", b"\n", b"de", b"f", b" g"]):
        growing.add(number, piece, float(-number))
        if growing.finished:
            break
    completion = growing.completion()
    assert (completion.text, completion.finish_reason) == ("x = 1", "stop")
    assert completion.token_ids == (0, 1)
    assert completion.logprobs == (0.0, -1.0)


def test_what_may_become_a_stop_string_is_not_streamed():
    growing = transcript(stop=("\n\n",))
    streamed = []
    for piece in (b"a\n", b"b\n", b"\n"):
        growing.add(0, piece, 0.0)
        streamed.append(growing.take_piece())
    assert streamed == ["a", "\nb", ""]


def test_a_text_ends_for_the_reason_that_came_first():
    growing = transcript(stop=("b",))
    growing.add(0, b"ab", 0.0)
    growing.finish("length")
    assert growing.completion().finish_reason == "stop"


def test_an_unfinished_text_has_no_completion():
    with pytest.raises(ValueError, match="not ended"):
        transcript().completion()
