"""Completions that join and leave while others are under way."""

import random
from typing import Any

from generation_toys import PROMPTS, decode_requests, generator, model_config, params, tokenizer

from codelm_jax.generation import decode, prefill, scheduler
from codelm_jax.generation.buckets import Buckets
from codelm_jax.generation.generator import Generator
from codelm_jax.generation.params import SamplingParams
from codelm_jax.generation.prompts import encode_prompt
from codelm_jax.generation.scoring import rank_tokens, score_prompt

SAMPLED = SamplingParams(temperature=0.9, top_k=50, max_new_tokens=20, seed=5)
PROGRAMS: tuple[Any, ...] = (
    prefill.prefill,
    prefill.choose_first,
    decode.insert,
    decode.decode,
    decode.take_rows,
    decode.resize,
    rank_tokens,
)


def serving_generator() -> Generator:
    buckets = Buckets(growth=4, max_inserts=1)
    return Generator(model_config(), params(), tokenizer(), max_rows=4, buckets=buckets)


def finish(batch) -> None:
    while batch.busy:
        for _ in batch.step():
            pass


def test_completions_that_join_at_any_time_are_the_generators():
    """Twenty of them come one or two at a time, between any two chunks."""
    chance = random.Random(0)
    each = [SAMPLED.replace(seed=i, max_new_tokens=1 + 2 * (i % 9)) for i in range(20)]
    prompts = [PROMPTS[i % len(PROMPTS)] for i in range(20)]
    serving = serving_generator()
    coming = [decode_requests(prompt, own, of=serving)[0] for prompt, own in zip(prompts, each, strict=True)]
    batch, started = serving.scheduler(), list(coming)
    most = 0
    while coming or batch.busy:
        for _ in range(chance.randrange(3)):
            batch.add(coming[:1])
            del coming[:1]
        for _ in batch.step():
            most = max(most, batch.row_count)
    assert most == 4
    assert batch.row_count == 0
    alone = [generator().generate([p], own)[0][0].text for p, own in zip(prompts, each, strict=True)]
    assert [request.transcript.completion().text for request in started] == alone


def test_a_completion_that_joins_gets_its_first_token_at_the_next_step():
    serving = serving_generator()
    (long,), (short,) = (decode_requests("x", SAMPLED.replace(max_new_tokens=n), of=serving) for n in (40, 1))
    batch = serving.scheduler()
    batch.add([long])
    for _ in range(2):
        list(batch.step())
    assert 0 < long.transcript.token_count < 40
    batch.add([short])
    list(batch.step())
    assert short.transcript.finished
    assert not long.transcript.finished


def test_a_completion_that_leaves_frees_its_row_and_changes_no_other():
    serving = serving_generator()
    started = [
        decode_requests(PROMPTS[0], SAMPLED.replace(seed=i, max_new_tokens=30), of=serving)[0]
        for i in range(6)
    ]
    batch = serving.scheduler()
    batch.add(started)
    for _ in range(3):
        list(batch.step())
    assert len(batch.running) == 4
    assert len(batch.waiting) == 2
    for gone in (started[1], started[5]):
        batch.remove(gone)
        batch.remove(gone)
    assert len(batch.running) == 3
    finish(batch)
    assert [request.transcript.finished for request in started] == [True, False, True, True, True, False]
    for i in (0, 2, 3, 4):
        own = SAMPLED.replace(seed=i, max_new_tokens=30)
        assert started[i].transcript.completion().text == generator().generate([PROMPTS[0]], own)[0][0].text


def test_the_cache_is_as_long_as_its_texts(monkeypatch):
    shape = {"max_seq_length": 128, "num_layers": 1}
    serving = Generator(model_config(**shape), params(**shape), tokenizer(), max_rows=1)
    (long,), (long_again,), (short,) = (
        decode_requests("x", SAMPLED.replace(max_new_tokens=n), of=serving) for n in (90, 90, 10)
    )
    lengths = []

    def decode_and_note(*arguments, **static):
        lengths.append(arguments[3].tokens_RS.shape[1])
        return decode.decode(*arguments, **static)

    monkeypatch.setattr(scheduler, "decode", decode_and_note)
    for _ in serving.scheduler().run([long]):
        pass
    assert lengths == sorted(lengths)
    assert (lengths[0], lengths[-1]) == (64, 128)
    lengths.clear()
    batch = serving.scheduler()
    batch.add([long_again, short])
    finish(batch)
    assert lengths[-1] == 64


def test_what_was_compiled_ahead_is_all_that_is_needed():
    serving = serving_generator()
    list(serving.engine.compile_ahead(serving.text_model.params))
    before = [program._cache_size() for program in PROGRAMS]
    batch = serving.scheduler()
    chance = random.Random(1)
    coming = [
        request
        for i in range(24)
        for request in decode_requests(
            PROMPTS[i % len(PROMPTS)],
            SAMPLED.replace(max_new_tokens=1 + i * 3, n=1 + i % 3, overflow="slide"),
            top_logprobs=i % 2,
            of=serving,
        )
    ]
    while coming or batch.busy:
        count = chance.randrange(6)
        batch.add(coming[:count])
        del coming[:count]
        for _ in batch.step():
            pass
    ids = encode_prompt(tokenizer(), PROMPTS[0]).ids
    score_prompt(serving.text_model, ids, serving.engine.buckets)
    assert [program._cache_size() for program in PROGRAMS] == before
