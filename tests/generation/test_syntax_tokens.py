import pytest

from codelm_jax.generation.syntax import syntax_tokens


@pytest.mark.parametrize(
    "piece", [b"\n    ", b" ", b"\t", b"):", b"(", b" self", b"return", b" in", b"__", b" ==", b" None"]
)
def test_what_python_cannot_do_without_is_syntax(piece):
    assert syntax_tokens([piece]).tolist() == [True]


@pytest.mark.parametrize(
    "piece", [b"", b"number", b" selfish", b"42", b"returned", b"\xc3", "é".encode(), b"(x"]
)
def test_names_numbers_and_special_tokens_are_not(piece):
    assert syntax_tokens([piece]).tolist() == [False]
