import itertools
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from generation_toys import (
    CODE,
    PROMPTS,
    decode_requests,
    full_forward_logits,
    generator,
    model_config,
    params,
    tokenizer,
)

from codelm_jax.generation import decode, prefill, scheduler
from codelm_jax.generation.filters import row_sampling
from codelm_jax.generation.generator import Generator
from codelm_jax.generation.healing import NO_HEALING
from codelm_jax.generation.params import SamplingParams
from codelm_jax.generation.request import DecodeRequest, Prompt
from codelm_jax.generation.scoring import last_logits, next_tokens
from codelm_jax.generation.stopping import stop_rule
from codelm_jax.generation.transcript import Completion, Transcript

SAMPLED = SamplingParams(temperature=0.9, top_k=50, top_p=0.95, max_new_tokens=20, seed=5, heal=False)
GREEDY = SamplingParams(temperature=0.0, max_new_tokens=20, heal=False)


def suppressed() -> np.ndarray:
    special = [i for i in tokenizer().special_ids if i != tokenizer().endoftext_id]
    return np.isin(np.arange(model_config().vocab_size), special)


def encode(prompt: str) -> list[int]:
    return [tokenizer().endoftext_id, *tokenizer().encode(prompt)]


@pytest.mark.parametrize("prompt", PROMPTS)
def test_greedy_is_the_argmax_of_the_full_forward_pass(prompt):
    ((completion,),) = generator().generate([prompt], GREEDY)
    ids = encode(prompt)
    for token, logprob in zip(completion.token_ids, completion.logprobs, strict=True):
        logits = full_forward_logits(ids)
        allowed = jnp.where(suppressed(), -jnp.inf, logits)
        assert token == int(jnp.argmax(allowed))
        np.testing.assert_allclose(logprob, jax.nn.log_softmax(logits)[token], atol=2e-4)
        ids.append(token)


@pytest.mark.parametrize("changes", [{"top_k": 1}, {"top_p": 1e-6}, {"temperature": 1e-9}, {"min_p": 1.0}])
def test_the_limits_of_sampling_are_greedy(changes):
    greedy = generator().generate(PROMPTS, GREEDY)
    assert generator().generate(PROMPTS, SamplingParams(max_new_tokens=20, heal=False, **changes)) == greedy


def test_a_completion_does_not_depend_on_its_batch():
    """Across batch shapes float32 rounds differently: only near-ties may differ, and here there are none."""
    each = [SAMPLED.replace(seed=i, temperature=0.5 + 0.2 * i) for i in range(len(PROMPTS))]
    together = generator().generate(PROMPTS, each)
    for prompt, own, completions in zip(PROMPTS, each, together, strict=True):
        ((alone,),) = generator().generate([prompt], own)
        assert alone.text == completions[0].text
        np.testing.assert_allclose(alone.logprobs, completions[0].logprobs, atol=1e-3)


def test_few_completions_differ_across_batch_shapes():
    """Counts the near-ties: of 64 sampled completions at most one may fall differently."""
    many = generator().generate(["def is_even(n):"], SAMPLED.replace(n=64))[0]
    few = generator(max_rows=4).generate(["def is_even(n):"], SAMPLED.replace(n=64))[0]
    assert sum(a.text != b.text for a, b in zip(many, few, strict=True)) <= 1


def test_a_permuted_batch_gives_permuted_completions():
    each = [SAMPLED.replace(seed=i) for i in range(len(PROMPTS))]
    forward = generator().generate(PROMPTS, each)
    backward = generator().generate(PROMPTS[::-1], each[::-1])
    assert [c[0].text for c in backward[::-1]] == [c[0].text for c in forward]


def test_samples_that_share_a_prompt_equal_separate_ones(monkeypatch):
    """Once from one prefill, once from a prefill each: the same four texts."""

    def complete(prompts: list[Prompt]) -> list[Completion]:
        requests = [
            DecodeRequest(prompt, SAMPLED, sample, Transcript(stop_rule(SAMPLED, "")))
            for sample, prompt in enumerate(prompts)
        ]
        for _ in generator().scheduler().run(requests):
            pass
        return [request.transcript.completion() for request in requests]

    def prompt() -> Prompt:
        return Prompt(tuple(encode("def add(a, b):")), NO_HEALING, 0)

    prefilled: list[int] = []

    def counting(*arguments):
        # Padding is one token long.
        prefilled.append(int((arguments[2].length_G > 1).sum()))
        return prefill.prefill(*arguments)

    monkeypatch.setattr(scheduler, "prefill", counting)
    shared = complete([prompt()] * 4)
    apart = complete([prompt() for _ in range(4)])
    assert prefilled == [1, 4]
    assert [c.text for c in shared] == [c.text for c in apart]
    for one, other in zip(shared, apart, strict=True):
        np.testing.assert_allclose(one.logprobs, other.logprobs, atol=1e-3)
    assert len({c.text for c in shared}) == 4
    assert shared == generator().generate(["def add(a, b):"], SAMPLED.replace(n=4))[0]


def test_prompts_of_one_length_wait_in_the_order_given():
    """Where objects lie in memory says nothing: a run can be repeated."""
    places = [Prompt(tuple(encode("x =")), NO_HEALING, 0) for _ in range(8)]
    few = SAMPLED.replace(max_new_tokens=2)
    for prompts in (sorted(places, key=id), sorted(places, key=id, reverse=True)):
        requests = [DecodeRequest(p, few, 0, Transcript(stop_rule(few, ""))) for p in prompts]
        finished: list[DecodeRequest] = []
        for _ in generator(max_rows=1).scheduler().run(requests):
            finished += [each for each in requests if each.transcript.finished and each not in finished]
        assert finished == requests


def test_a_longer_run_begins_with_the_shorter_one():
    long = generator().generate(PROMPTS, SAMPLED.replace(max_new_tokens=25))
    short = generator().generate(PROMPTS, SAMPLED.replace(max_new_tokens=7))
    for (a,), (b,) in zip(long, short, strict=True):
        assert a.token_ids[: len(b.token_ids)] == b.token_ids


def test_rows_that_end_early_give_their_place_to_those_that_wait():
    """Twelve completions of different lengths through four rows equal those with a row each."""
    prompts = [f"x{i} =" for i in range(12)]
    each = [SAMPLED.replace(seed=i, max_new_tokens=1 + 3 * (i % 5)) for i in range(12)]
    wide = generator().generate(prompts, each)
    narrow = generator(max_rows=4).generate(prompts, each)
    assert [c[0].text for c in narrow] == [c[0].text for c in wide]


def test_changing_parameters_and_weights_compiles_nothing():
    # The first call compiles what these lengths need.
    generator().generate(PROMPTS, SAMPLED)
    programs: tuple[Any, ...] = (prefill.prefill, prefill.choose_first, decode.insert, decode.decode)
    before = [program._cache_size() for program in programs]
    for changes in (
        {"temperature": 0.3, "top_k": 3, "seed": 9},
        {"top_p": 0.5, "min_p": 0.1},
        {"repetition_penalty": 1.3, "no_repeat_ngram": 3, "spare_syntax": False},
        {"temperature": 0.0},
    ):
        generator().generate(PROMPTS, SAMPLED.replace(**changes))
    other = generator().with_params(params(seed=1))
    assert other.generate(PROMPTS, SAMPLED) != generator().generate(PROMPTS, SAMPLED)
    assert [program._cache_size() for program in programs] == before


def test_the_parameters_given_stay_usable():
    generator().generate(PROMPTS, SAMPLED)
    assert not any(leaf.is_deleted() for leaf in jax.tree.leaves(params()))


def test_special_tokens_but_endoftext_are_never_sampled():
    special = tokenizer().special_ids
    favoured = jax.tree.map(lambda leaf: leaf, params())
    favoured["final_norm"] = {**favoured["final_norm"], "bias": jnp.ones(32)}
    columns = [i for i in special if i != tokenizer().endoftext_id]
    kernel = favoured["head"]["kernel"].at[:, columns].set(5.0)
    favoured["head"] = {"kernel": kernel}
    inclined = generator().with_params(favoured)
    assert {c.token_id for c in next_tokens(inclined.text_model, "x", 4)} == set(columns)
    for (completion,) in inclined.generate(PROMPTS, SAMPLED):
        assert not set(completion.token_ids) & set(special)
        assert completion.text


def test_endoftext_ends_a_completion():
    willing = jax.tree.map(lambda leaf: leaf, params())
    willing["final_norm"] = {**willing["final_norm"], "bias": jnp.ones(32)}
    kernel = willing["head"]["kernel"].at[:, tokenizer().endoftext_id].set(1.0)
    willing["head"] = {"kernel": kernel}
    completions = generator().with_params(willing).generate(["x ="], SAMPLED.replace(n=32))[0]
    ended = [c for c in completions if c.finish_reason == "endoftext"]
    assert ended
    assert all(len(c.token_ids) < SAMPLED.max_new_tokens for c in ended)
    assert all("endoftext" not in c.text for c in completions)


@pytest.mark.parametrize("encoding", ["rope", "learned", pytest.param("none", marks=pytest.mark.slow)])
def test_a_window_slides_over_a_text_longer_than_the_context(encoding):
    """Each token is the argmax over the window: full up to 64 tokens, then its more recent half and what follows."""
    config = model_config(position_encoding=encoding)
    sliding = Generator(config, params(position_encoding=encoding), tokenizer(), max_rows=1)
    prompt = CODE[:60]  # as long as the windows that are run again: one padded length for both
    ((completion,),) = sliding.generate([prompt], GREEDY.replace(max_new_tokens=100, overflow="slide"))
    assert len(completion.token_ids) == 100
    window = encode(prompt)
    assert 16 < len(window) <= 32
    for token in completion.token_ids:
        if len(window) == config.max_seq_length:
            window = window[32:]
        width = jnp.asarray([window + [0] * (64 - len(window))], jnp.int32)
        model = sliding.text_model
        logits = last_logits(model.model, model.params, width, jnp.asarray([len(window)]))[0]
        assert token == int(jnp.argmax(jnp.where(suppressed(), -jnp.inf, logits)))
        window.append(token)


def test_the_most_tokens_that_may_be_asked_for_slide_on():
    """Without an end in sight a window must still move on: 20 turns are several windows."""
    endless = GREEDY.replace(max_new_tokens=2**31 - 1, overflow="slide")
    (request,) = decode_requests("def add(a, b):", endless)
    for _ in itertools.islice(generator().scheduler().run([request]), 20):
        pass
    ((expected,),) = generator().generate(["def add(a, b):"], endless.replace(max_new_tokens=100))
    assert request.ids[0] != tokenizer().endoftext_id
    assert request.transcript.token_count > 100
    request.transcript.finish("length")
    assert request.transcript.completion().token_ids[:100] == expected.token_ids


def test_sliding_rows_do_not_disturb_others():
    long = SAMPLED.replace(max_new_tokens=90, overflow="slide")
    together = generator().generate(PROMPTS[:2], [long, SAMPLED])
    assert together[1] == generator().generate(PROMPTS[:2], [SAMPLED, SAMPLED])[1]
    apart = generator().generate(PROMPTS[:1], long)[0][0]
    assert together[0][0].text == apart.text


def test_penalties_break_syntax_unless_it_is_spared():
    """A strong penalty makes line ends, brackets and `self` rarer; sparing them keeps their share."""

    def share_of_syntax(**changes) -> float:
        syntax = np.asarray(generator().engine.vocabulary.syntax_V)
        completions = generator().generate(
            ["class Stack:\n    def push(self, item):\n"],
            SamplingParams(n=64, max_new_tokens=32, heal=False, temperature=0.7, **changes),
        )[0]
        ids = [i for c in completions for i in c.token_ids]
        return float(syntax[ids].mean())

    plain = share_of_syntax()
    penalised = share_of_syntax(repetition_penalty=3.0, spare_syntax=False)
    spared = share_of_syntax(repetition_penalty=3.0, spare_syntax=True)
    assert penalised < plain
    assert spared > plain


def test_rows_without_a_request_run_nothing():
    model = generator().text_model
    rows = decode.empty_rows(model.model, 1, 64)
    rows, chosen = decode.decode(model.model, model.params, generator().engine.vocabulary, rows, steps=8)
    assert (np.asarray(chosen.token) == decode.NO_TOKEN).all()
    assert not np.asarray(rows.running_R).any()


def test_the_chunk_length_changes_nothing():
    model, weights = generator().text_model.model, generator().text_model.params
    vocabulary = generator().engine.vocabulary
    ids = encode("def add(a, b):")
    prompts = prefill.PaddedPrompts(
        tokens_GT=jnp.asarray([ids + [0] * (16 - len(ids))], jnp.int32),
        length_G=jnp.asarray([len(ids)]),
        kept_G=jnp.asarray([len(ids)]),
        allowed_GMV=jnp.zeros((1, 4, 360), jnp.bool_).at[:, 0].set(True),
    )
    insertion = prefill.Insertion(
        row_N=jnp.asarray([0]),
        prompt_N=jnp.asarray([0]),
        new_tokens_N=jnp.asarray([17]),
        position_offset_N=jnp.asarray([0]),
        top_logprobs_N=jnp.asarray([False]),
        sampling=row_sampling([], 1),
    )
    results = []
    for steps in (1, 8):
        prefilled = prefill.prefill(model, weights, prompts)
        first, place_N = prefill.choose_first(model, vocabulary, prompts, prefilled, insertion)
        rows = decode.empty_rows(model, 1, 64)
        rows = decode.insert(model, vocabulary, rows, prompts, prefilled, insertion, first.token, place_N)
        for _ in range(16 // steps):
            rows, _ = decode.decode(model, weights, vocabulary, rows, steps=steps)
        assert not bool(rows.running_R[0])
        results.append(np.asarray(rows.tokens_RS[0, : int(rows.length_R[0])]))
    assert all((result == results[0]).all() for result in results)
    assert len(results[0]) == len(ids) + 17


def test_bfloat16_weights_are_cast_once_and_logits_stay_close():
    # Flax normalises bfloat16 by an implicit promotion.
    with jax.numpy_dtype_promotion("standard"):
        half = Generator(model_config(), params(), tokenizer(), "bfloat16", max_rows=1)
        leaves = jax.tree_util.tree_leaves_with_path(half.text_model.params)
        assert {leaf.dtype.name for path, leaf in leaves if path[-1].key == "kernel"} == {"bfloat16"}
        ((completion,),) = half.generate(["def add("], SAMPLED)
    ids = encode("def add(")
    for token, logprob in zip(completion.token_ids, completion.logprobs, strict=True):
        np.testing.assert_allclose(logprob, jax.nn.log_softmax(full_forward_logits(ids))[token], atol=0.3)
        ids.append(token)
