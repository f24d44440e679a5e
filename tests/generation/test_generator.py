from typing import Any, cast

import jax
import numpy as np
import pytest
from generation_toys import CODE, PROMPTS, full_forward_logits, generator, model_config, params, tokenizer

from codelm_jax.checkpoint.metadata import RunMeta
from codelm_jax.checkpoint.store import CheckpointStore
from codelm_jax.data.tokenizer import CodeTokenizer
from codelm_jax.errors import UserError
from codelm_jax.generation.generator import Generator
from codelm_jax.generation.params import SamplingParams
from codelm_jax.generation.scoring import next_token_logprobs, next_tokens, score_texts, score_windows

SAMPLED = SamplingParams(temperature=0.9, top_k=50, max_new_tokens=24, seed=2)


@pytest.mark.parametrize("prompt", PROMPTS)
@pytest.mark.parametrize("stop", [(), ("e", "\n\n"), "function", "line"])
def test_a_stream_is_the_completion_in_pieces(prompt, stop):
    own = SAMPLED.replace(stop=stop)
    pieces = list(generator().stream(prompt, own))
    assert "".join(pieces) == generator().generate([prompt], own)[0][0].text
    assert all(pieces)


def test_a_stream_comes_in_more_than_one_piece():
    assert len(list(generator().stream("def add(a, b):\n", SAMPLED))) > 2


def test_a_stream_is_one_completion():
    with pytest.raises(ValueError, match="n = 2"):
        next(generator().stream("x", SAMPLED.replace(n=2)))


def test_stop_strings_end_completions_before_them():
    completions = generator().generate(PROMPTS, SAMPLED.replace(n=4))
    plain = [c for row in completions for c in row]
    stopped = [c for row in generator().generate(PROMPTS, SAMPLED.replace(n=4, stop=("e",))) for c in row]
    assert any("e" in c.text for c in plain)
    for a, b in zip(plain, stopped, strict=True):
        assert b.text == a.text.split("e")[0]
        assert b.finish_reason == ("stop" if "e" in a.text else a.finish_reason)


@pytest.mark.parametrize(
    "prompt", ["", "\x00", "a\r\nb\r\n", "\t\tx", "😀", "日本語 = '", "<|endoftext|>", "\ufffd", " "]
)
@pytest.mark.parametrize("heal", [True, False])
def test_any_text_can_be_completed(prompt, heal):
    ((completion,),) = generator().generate([prompt], SAMPLED.replace(heal=heal))
    assert 0 < len(completion.token_ids) <= SAMPLED.max_new_tokens
    assert len(completion.logprobs) == len(completion.token_ids)
    assert max(completion.logprobs) <= 0


def test_half_a_surrogate_pair_is_a_clear_error():
    with pytest.raises(UserError, match="character 2"):
        generator().generate(["ab\udc80"], SAMPLED)


def test_no_prompts_give_no_completions():
    assert generator().generate([], SAMPLED) == []


def test_params_must_match_the_prompts():
    with pytest.raises(ValueError, match="2 prompts"):
        generator().generate(["a", "b"], [SAMPLED])


def test_one_text_is_not_taken_for_its_letters():
    with pytest.raises(TypeError, match="prompts must be a list"):
        generator().generate("abcd", SAMPLED)
    with pytest.raises(TypeError, match="texts must be a list"):
        score_texts(generator().text_model, "abcd")


LONG = CODE[:300]


def test_what_exceeds_the_context_is_refused_by_default():
    fits = 64 - 1 - len(tokenizer().encode("x = 1"))  # one for the <|endoftext|> before it
    assert generator().generate(["x = 1"], SAMPLED.replace(max_new_tokens=fits))
    with pytest.raises(UserError, match=r"prompt 1: its .* exceed the context of 64 tokens"):
        generator().generate(["x", "x = 1"], SAMPLED.replace(max_new_tokens=fits + 1))
    with pytest.raises(UserError, match="prompt 0"):
        generator().generate([LONG], SAMPLED)


def test_a_prompt_truncated_on_the_left_equals_its_end():
    """As many of its last tokens as leave room for the new ones, and no <|endoftext|> before them."""
    own = SAMPLED.replace(temperature=0.0, heal=False, max_new_tokens=24)
    ((completion,),) = generator().generate([LONG], own.replace(overflow="truncate_left"))
    ids = tokenizer().encode(LONG)[-40:]
    special = np.isin(np.arange(360), tokenizer().special_ids[1:])
    for token in completion.token_ids:
        assert token == int(np.argmax(np.where(special, -np.inf, full_forward_logits(ids))))
        ids.append(token)
    with pytest.raises(UserError, match="no room"):
        generator().generate(["x"], own.replace(overflow="truncate_left", max_new_tokens=64))


def test_a_long_prompt_may_slide():
    ((completion,),) = generator().generate([LONG], SAMPLED.replace(overflow="slide", max_new_tokens=80))
    assert len(completion.token_ids) == 80


def test_scores_are_those_of_the_full_forward_pass():
    texts = ["def add(a, b):\n    return a + b\n", "", "x"]
    for text, score in zip(texts, score_texts(generator().text_model, texts), strict=True):
        ids = [tokenizer().endoftext_id, *tokenizer().encode(text)]
        assert score.token_ids == tuple(ids[1:])
        for place, logprob in enumerate(score.logprobs, start=1):
            expected = jax.nn.log_softmax(full_forward_logits(ids[:place]))[ids[place]]
            np.testing.assert_allclose(logprob, expected, atol=1e-4)


def test_generated_tokens_score_what_generation_said():
    ((completion,),) = generator().generate(
        ["def add(a, b):\n"], SAMPLED.replace(heal=False, temperature=0.5)
    )
    ids = [tokenizer().endoftext_id, *tokenizer().encode("def add(a, b):\n"), *completion.token_ids]
    logprobs = score_windows(generator().text_model, np.asarray([ids]))[0]
    np.testing.assert_allclose(logprobs[-len(completion.logprobs) :], completion.logprobs, atol=1e-3)


def test_long_texts_are_scored_as_asked():
    ids = tokenizer().encode(CODE)
    assert len(ids) > 128
    with pytest.raises(UserError, match="text 1"):
        score_texts(generator().text_model, ["x", CODE])
    for text in ("x", CODE):
        with pytest.raises(ValueError, match="overflow is one of error, truncate_left, slide, not 'trunc'"):
            score_texts(generator().text_model, [text], overflow=cast(Any, "trunc"))
    (slid,) = score_texts(generator().text_model, [CODE], overflow="slide")
    assert slid.token_ids == tuple(ids)
    assert len(slid.logprobs) == len(ids)
    (short,) = score_texts(generator().text_model, [tokenizer().decode(ids[:40])])
    np.testing.assert_allclose(slid.logprobs[:40], short.logprobs, atol=1e-4)
    (end,) = score_texts(generator().text_model, [CODE], overflow="truncate_left")
    assert end.token_ids == tuple(ids[-64:])
    np.testing.assert_allclose(end.logprobs[-1], slid.logprobs[-1], atol=1e-4)


def test_the_next_token_table_is_the_models_distribution():
    table = next_tokens(generator().text_model, "def add(", k=5)
    expected = jax.nn.softmax(
        full_forward_logits([tokenizer().endoftext_id, *tokenizer().encode("def add(")])
    )
    order = np.argsort(-np.asarray(expected))[:5]
    assert [c.token_id for c in table] == order.tolist()
    np.testing.assert_allclose([c.probability for c in table], np.asarray(expected)[order], rtol=1e-3)
    assert np.exp(next_token_logprobs(generator().text_model, "def add(")).sum() == pytest.approx(
        1.0, abs=1e-4
    )
    with pytest.raises(UserError, match="context"):
        next_tokens(generator().text_model, LONG)
    for k in (0, -1):
        with pytest.raises(ValueError, match=f"k = {k}"):
            next_tokens(generator().text_model, "def add(", k)


def test_a_foreign_tokenizer_is_refused():
    larger = CodeTokenizer.train([CODE] * 4, 370)
    with pytest.raises(UserError, match="370 tokens"):
        Generator(model_config(), params(), larger)


def test_a_checkpoint_is_all_it_takes(tmp_path):
    config = {name: getattr(model_config(), name) for name in model_config().__dataclass_fields__}
    meta = RunMeta({"model": config}, tokenizer().to_json())
    with CheckpointStore(tmp_path / "run" / "checkpoints") as store:
        store.save(3, state={"params": params()}, data={}, meta=meta)
        store.wait()
    opened = Generator.from_checkpoint(tmp_path / "run")
    assert opened.generate(PROMPTS[:1], SAMPLED) == generator().generate(PROMPTS[:1], SAMPLED)
