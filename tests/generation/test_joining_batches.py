"""Completions that join and leave while others are under way."""

import random

from generation_toys import PROMPTS, generator, model_config, params, tokenizer

from codelm_jax.generation import decode as core
from codelm_jax.generation.admission import Sizes
from codelm_jax.generation.generator import Generator
from codelm_jax.generation.params import SamplingParams

SAMPLED = SamplingParams(temperature=0.9, top_k=50, max_new_tokens=20, seed=5)
PROGRAMS = (
    core.prefill,
    core.choose_first,
    core.admit,
    core.decode,
    core.take_rows,
    core.resize,
    core.rank_tokens,
)


def serving_generator() -> Generator:
    return Generator(model_config(), params(), tokenizer(), max_rows=4, sizes=Sizes(growth=4, together=1))


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
    coming = [serving.jobs(prompt, own)[0] for prompt, own in zip(prompts, each, strict=True)]
    batch, jobs = serving.start(), list(coming)
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
    assert [job.transcript.completion().text for job in jobs] == alone


def test_who_joins_is_told_of_at_the_next_step():
    serving = serving_generator()
    (long,), (short,) = (serving.jobs("x", SAMPLED.replace(max_new_tokens=n)) for n in (40, 1))
    batch = serving.start()
    batch.add([long])
    for _ in range(2):
        list(batch.step())
    assert 0 < long.transcript.token_count < 40
    batch.add([short])
    list(batch.step())
    assert short.transcript.finished
    assert not long.transcript.finished


def test_who_leaves_frees_the_row_and_disturbs_nobody():
    serving = serving_generator()
    jobs = [serving.jobs(PROMPTS[0], SAMPLED.replace(seed=i, max_new_tokens=30))[0] for i in range(6)]
    batch = serving.start()
    batch.add(jobs)
    for _ in range(3):
        list(batch.step())
    assert len(batch.running) == 4
    assert len(batch.waiting) == 2
    for gone in (jobs[1], jobs[5]):
        batch.remove(gone)
        batch.remove(gone)
    assert len(batch.running) == 3
    finish(batch)
    assert [job.transcript.finished for job in jobs] == [True, False, True, True, True, False]
    for i in (0, 2, 3, 4):
        own = SAMPLED.replace(seed=i, max_new_tokens=30)
        assert jobs[i].transcript.completion().text == generator().generate([PROMPTS[0]], own)[0][0].text


def test_a_row_is_as_long_as_its_text():
    long_context = model_config(max_seq_length=128)
    serving = Generator(long_context, params(max_seq_length=128), tokenizer(), max_rows=1)
    (long,), (short,) = (serving.jobs("x", SAMPLED.replace(max_new_tokens=n)) for n in (90, 10))
    batch = serving.start()
    batch.add([long, short])
    slots = {id(long): [], id(short): []}
    while batch.busy:
        for _ in batch.step():
            for job in batch.running:
                slots[id(job)].append(batch.slot_count)
    assert slots[id(long)][0] == 64
    assert slots[id(long)][-1] == 128
    assert set(slots[id(short)]) == {64}


def test_what_was_compiled_ahead_is_all_that_is_needed():
    serving = serving_generator()
    list(serving.compile_ahead())
    before = [program._cache_size() for program in PROGRAMS]
    batch = serving.start()
    chance = random.Random(1)
    coming = [
        job
        for i in range(24)
        for job in serving.jobs(
            PROMPTS[i % len(PROMPTS)],
            SAMPLED.replace(max_new_tokens=1 + i * 3, n=1 + i % 3, overflow="slide"),
            alternatives=i % 2,
        )
    ]
    while coming or batch.busy:
        count = chance.randrange(6)
        batch.add(coming[:count])
        del coming[:count]
        for _ in batch.step():
            pass
    serving.rank(PROMPTS[0])
    assert [program._cache_size() for program in PROGRAMS] == before
