import pytest

from codelm_jax.text.repetition import (
    distinct_n,
    diversity,
    duplicates,
    legacy_collapse,
    loop,
    rep_line,
    seq_rep_n,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("):):):):", True),
        ("):):):", False),
        ("):):): ):", False),
        (":" * 8, True),
        (":" * 7, False),
        (")" * 16, True),
        ("(" * 15, False),
        ("_" * 16, True),
        ("#" * 32, True),
        (" " * 96, True),
        (" " * 95, False),
        ("self self self", True),
        ("self self other self", False),
        ("b b b b", False),
        ("ab\nab\n\tab", True),
        ("def def" * 4, True),
        ("", False),
    ],
)
def test_the_reference_rule_is_kept_to_the_letter(text, expected):
    assert legacy_collapse(text) is expected


@pytest.mark.parametrize(
    ("tokens", "n", "expected"),
    [
        ("abcdef", 4, 0.0),
        ("aaaaaaa", 4, 1 - 1 / 4),
        ("abcdabcd", 4, 1 - 4 / 5),
        ("ababab", 2, 1 - 2 / 5),
        ("abc", 4, 0.0),
        ("", 4, 0.0),
        ([7, 7, 7, 7, 7], 4, 0.5),
    ],
)
def test_seq_rep_counts_repeated_ngrams(tokens, n, expected):
    assert seq_rep_n(tokens, n) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("tokens", "expected"),
    [
        ("xaaaa", True),
        ("xaaa", False),
        ("aaaax", False),
        ("xababab", True),
        ("xabab", False),
        ("xabababa", True),  # stops in the middle of a further repetition
        ("abcdabcdabcd", True),
        ("abcdabcdabc", False),
        ("xabcdabcdabcdab", True),
        ("", False),
    ],
)
def test_a_loop_is_what_the_text_ends_in(tokens, expected):
    assert loop(tokens) is expected
    assert loop([ord(token) for token in tokens]) is expected


def test_a_loop_of_any_period_is_found_at_any_phase():
    for period in range(2, 30):
        phrase = list(range(period))
        for phase in range(period):
            tokens = ["start", *(phrase * 4)[: 3 * period + phase]]
            assert loop(tokens)
            assert not loop(tokens[: 3 * period])


def test_repeated_lines_are_counted_stripped_and_without_blank_ones():
    assert rep_line("a\n    a\n\n\nb\n") == pytest.approx(1 / 3)
    assert rep_line("\n \n") == 0.0


def test_diversity_multiplies_over_two_to_four():
    tokens = "abcabcabc"
    expected = (1 - seq_rep_n(tokens, 2)) * (1 - seq_rep_n(tokens, 3)) * (1 - seq_rep_n(tokens, 4))
    assert diversity(tokens) == pytest.approx(expected)
    assert diversity("abcdefgh") == 1.0


def test_distinct_and_duplicates_compare_samples_of_one_prompt():
    assert distinct_n(["abcde", "abcde"], 4) == 0.5
    assert distinct_n(["abcd", "efgh"], 4) == 1.0
    assert distinct_n(["a"], 4) == 1.0
    assert duplicates(["a", "b", "a", "a"]) == 0.5
    assert duplicates([]) == 0.0
