import dataclasses

import pytest
from generation.generation_toys import model_config, params

from codelm_jax.benchmarks import serve
from codelm_jax.errors import UserError


def compare(**changes) -> list[serve.ServeTiming]:
    settings = {
        "client_counts": [1, 4],
        "prompt_tokens": 8,
        "new_tokens": 16,
        "rounds": 1,
        "with_peers": False,
    }
    return serve.compare(model_config(), params(), "float32", **(settings | changes))


def test_every_client_is_served_what_the_generator_writes():
    timings = compare()
    assert [(t.contender, t.clients, t.requests) for t in timings] == [
        (serve.OURS, 1, 8),
        (serve.OURS, 4, 8),
    ]
    for timing in timings:
        assert (timing.differing, timing.compared) == (0, 8)
        assert timing.spread[0] <= timing.tokens_per_second <= timing.spread[1]
        assert 0 < timing.first_token_ms[0] <= timing.first_token_ms[1]
        assert 0 < timing.token_ms[0] <= timing.token_ms[1]


def test_ratios_are_multiples_of_one_by_one():
    one = serve.ServeTiming(serve.OURS, 1, 8, 100.0, (90.0, 110.0), (5.0, 9.0), (1.0, 2.0), 0, 8)
    many = dataclasses.replace(one, clients=64, tokens_per_second=750.0, differing=1)
    _, first, second = serve.table([one, many]).splitlines()
    assert " 1.00 " in first
    assert " 7.50 " in second
    assert second.endswith("1 of 8")


def test_what_exceeds_the_context_is_refused():
    with pytest.raises(UserError, match="--new_tokens=57"):
        compare(new_tokens=57)


@pytest.mark.peers
def test_the_loop_around_transformers_writes_as_many_tokens():
    *_, peer = compare(with_peers=True)
    assert peer.contender == serve.PEER
    assert peer.tokens_per_second > 0
