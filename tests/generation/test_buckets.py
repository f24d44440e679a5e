import pytest

from codelm_jax.generation.buckets import Buckets


@pytest.mark.parametrize("growth", [2, 3, 4, 8, 64])
@pytest.mark.parametrize("context", [8, 16, 32, 64, 80, 256, 1000])
def test_a_padded_prompt_fits_into_the_cache_of_its_tokens(growth, context):
    buckets = Buckets(growth=growth)
    for tokens in range(1, context + 1):
        length = buckets.prompt_length(tokens, context)
        assert tokens <= length <= buckets.cache_length(tokens, context) <= context


def test_sizes_grow_by_the_ratio_up_to_the_largest():
    buckets = Buckets(growth=4)
    assert buckets.prompt_lengths(256) == [16, 64, 256]
    assert buckets.cache_lengths(256) == [64, 256]
    assert buckets.counts(6) == [1, 4, 6]
    assert [buckets.count(needed, 6) for needed in (1, 2, 5)] == [1, 4, 6]
