"""Laws of the tokenizer."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from source_trees import python_source
from tokenizers import Regex, Tokenizer, models, pre_tokenizers, trainers

from codelm_jax.data.tokenizer import ENDOFTEXT, SPECIAL_TOKENS, CodeTokenizer, pieces
from codelm_jax.errors import UserError

VOCAB_SIZE = 700
HOSTILE = [
    "",
    "\0",
    "a\0b",
    "\r\n",
    "x = 1\r\n\ty = 2\r\n",
    "<|endoftext|>",
    "a<|pad|><|fim_middle|>b",
    "<|endoftext|><|endoftext|>\n<|fim_prefix|>",
    "😀👩‍👩‍👧 = 'é\u0301'",
    "\ufeffBOM",
    "\u2028\u2029\u0085\x0b\x0c",
    "   \t \n \t\n",
    "def f(x):\n\treturn x  \n",
    "日本語 = 123456789012",
    "\U0010ffff\ud7ff\ue000",
    "'" * 300,
]


@pytest.fixture(scope="module")
def tokenizer() -> CodeTokenizer:
    return CodeTokenizer.train([python_source(seed, 40) for seed in range(20)], VOCAB_SIZE)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_round_trips(tokenizer, text):
    assert tokenizer.decode(tokenizer.encode(text)) == text


@given(text=st.text(st.characters(codec="utf-8"), max_size=200))
@settings(max_examples=100, deadline=None)
def test_any_text_round_trips(tokenizer, text):
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text
    assert not set(ids) & set(tokenizer.special_ids)
    assert tokenizer.byte_lengths()[ids].sum() == len(text.encode())


@given(parts=st.lists(st.sampled_from([*SPECIAL_TOKENS, "x", "\n", " ", "<|", "|>"]), max_size=12))
@settings(max_examples=50, deadline=None)
def test_special_tokens_in_text_are_never_injected_even_after_reloading(tokenizer, parts):
    text = "".join(parts)
    for opened in (tokenizer, CodeTokenizer.from_json(tokenizer.to_json())):
        ids = opened.encode(text)
        assert not set(ids) & set(opened.special_ids)
        assert opened.decode(ids) == text


def test_a_reloaded_tokenizer_without_the_setting_would_inject_them(tokenizer):
    bare = Tokenizer.from_str(tokenizer.to_json())
    assert bare.encode(ENDOFTEXT).ids == [tokenizer.endoftext_id]


def test_no_entry_runs_from_code_into_a_line_end(tokenizer):
    assert _entries_with_code_and_line_end(tokenizer) == []
    line_ends = [tokenizer.token_bytes(t) for t in range(VOCAB_SIZE) if b"\n" in tokenizer.token_bytes(t)]
    assert b"\n    " in line_ends


def test_that_law_fails_for_a_rule_that_joins_punctuation_to_the_line_end():
    joined = Tokenizer(models.BPE())
    joined.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r"\w+| ?[^\s\w]+\n?[ ]*|\s+"), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    trainer = trainers.BpeTrainer(
        vocab_size=VOCAB_SIZE,
        show_progress=False,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    joined.train_from_iterator([python_source(seed, 40) for seed in range(5)], trainer)
    assert b"):\n    " in _entries_with_code_and_line_end(CodeTokenizer(joined))


def _entries_with_code_and_line_end(tokenizer: CodeTokenizer) -> list[bytes]:
    entries = [tokenizer.token_bytes(token) for token in range(tokenizer.vocab_size)]
    return [entry for entry in entries if set(entry) & set(b"\r\n") and set(entry) - set(b" \t\f\r\n")]


def test_special_tokens_come_first_in_their_fixed_order(tokenizer):
    assert tokenizer.special_ids == (0, 1, 2, 3, 4)
    assert (tokenizer.endoftext_id, tokenizer.pad_id) == (0, 4)
    assert (tokenizer.fim_prefix_id, tokenizer.fim_middle_id, tokenizer.fim_suffix_id) == (1, 2, 3)
    assert tokenizer.decode(tokenizer.special_ids, skip_special=False) == "".join(SPECIAL_TOKENS)
    assert tokenizer.decode(tokenizer.special_ids) == ""


def test_every_byte_has_an_entry_of_its_own(tokenizer):
    assert {tokenizer.token_bytes(token) for token in range(VOCAB_SIZE)} >= {
        bytes([byte]) for byte in range(256)
    }
    assert tokenizer.byte_lengths().dtype == np.int32
    assert tokenizer.byte_lengths()[: len(SPECIAL_TOKENS)].tolist() == [0] * 5


def test_our_decoding_agrees_with_the_library(tokenizer):
    text = python_source(99) + "é😀\t\r\n"
    ids = tokenizer.encode(text)
    assert Tokenizer.from_str(tokenizer.to_json()).decode(ids) == text
    assert tokenizer.decode(ids[:-1]).startswith(text[:-4])


def test_batches_and_single_texts_agree(tokenizer):
    texts = [*HOSTILE, python_source(1)]
    assert tokenizer.encode_batch(texts) == [tokenizer.encode(text) for text in texts]


def test_cutting_a_long_text_changes_no_token(tokenizer):
    text = "\n\n\n    ".join(python_source(seed, 60) for seed in range(12)) + "\n  " * 9 + "end"
    assert len(list(pieces(text))) > 1
    assert "".join(pieces(text)) == text
    assert tokenizer.encode(text) == Tokenizer.from_str(tokenizer.to_json()).encode(text).ids


def test_the_same_texts_give_the_same_tokenizer():
    texts = [python_source(seed, 30) for seed in range(8)]
    assert CodeTokenizer.train(texts, 500).to_json() == CodeTokenizer.train(texts, 500).to_json()


@pytest.mark.parametrize(
    "text", ["-" * 2_000_000, "x\n" + "\n" * 2_000_000, "a" * 2_000_000, " " * 2_000_000, "語" * 300_000]
)
def test_a_run_of_any_length_costs_what_its_first_256_characters_cost(text):
    """Training costs the square of a match's length: without the bound, these take minutes and learn longer entries."""
    tokenizer = CodeTokenizer.train([text], 268)
    assert tokenizer.byte_lengths().max() <= 256 * len(text[-1].encode())
    assert tokenizer.decode(tokenizer.encode(text[:5000])) == text[:5000]


def test_the_bound_on_training_does_not_change_tokens_or_cut_when_encoding():
    texts = [python_source(seed, 30) for seed in range(8)]
    tokenizer = CodeTokenizer.train(texts, 500)
    assert "FixedLength" not in tokenizer.to_json()
    unbounded = Tokenizer(models.BPE())
    unbounded.pre_tokenizer = Tokenizer.from_str(tokenizer.to_json()).pre_tokenizer
    trainer = trainers.BpeTrainer(
        vocab_size=500,
        min_frequency=2,
        show_progress=False,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    unbounded.train_from_iterator(texts, trainer)
    assert unbounded.get_vocab() == Tokenizer.from_str(tokenizer.to_json()).get_vocab()


def test_a_vocabulary_the_corpus_cannot_fill_is_refused_with_the_size_it_can():
    with pytest.raises(UserError, match=r"config.model.vocab_size = 5000: the corpus fills only \d+ entries"):
        CodeTokenizer.train(["x = 1\n" * 10], 5000)


def test_a_vocabulary_without_room_for_all_bytes_is_refused():
    with pytest.raises(UserError, match="at least 261"):
        CodeTokenizer.train(["x"], 260)


def test_files_that_are_no_such_tokenizer_are_refused_by_name(tokenizer, tmp_path):
    lacking = json.loads(tokenizer.to_json())
    lacking["added_tokens"] = lacking["added_tokens"][1:]
    lacking["model"]["vocab"].pop(ENDOFTEXT)
    foreign = tokenizer.to_json().replace('"Ā"', '"語"', 1)
    for content, complaint in [
        (json.dumps(lacking), "endoftext"),
        ("{}", "not a tokenizer.json"),
        ("[1", "not a tokenizer.json"),
        (foreign, "not byte-level"),
    ]:
        path = tmp_path / "tokenizer.json"
        path.write_text(content, encoding="utf-8")
        with pytest.raises(UserError, match=complaint) as raised:
            CodeTokenizer.from_file(path)
        assert str(raised.value).startswith(str(path))
    with pytest.raises(UserError, match="cannot read"):
        CodeTokenizer.from_file(tmp_path / "nowhere.json")
