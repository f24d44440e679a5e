"""The kernel against its plain twin. Without a GPU: run as XLA operations, and lowered for an H100."""

import dataclasses
import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.sharding import AbstractDevice, AbstractMesh, use_abstract_mesh

from codelm_jax.ops.attention import causal_attention
from codelm_jax.ops.backend import Backend
from codelm_jax.ops.dropout import keep_mask
from codelm_jax.ops.flash_attention import flash_attention
from codelm_jax.ops.flash_kernels import default_tuning

# Plain XLA over the whole square.
PLAIN = Backend(platform="gpu")

SEED = jnp.array([2_870_144_117, 914_113_873], jnp.uint32)
BATCH, HEADS = 2, 3

# Small tiles, so that short sequences have several of them; and tiles that are not square.
SMALL = dataclasses.replace(
    default_tuning(64, jnp.float32), forward_queries=16, forward_keys=16, backward_tile=16
)
WIDE, TALL = (
    dataclasses.replace(SMALL, forward_queries=queries, forward_keys=keys)
    for queries, keys in ((16, 64), (64, 16))
)

# Largest difference over largest value. In bfloat16 both sides round probabilities and results to 8 bits.
TOLERANCE = {jnp.float32: 2e-6, jnp.bfloat16: 2e-2}


def random_inputs(length, head_dim, dtype, batch=BATCH, heads=HEADS):
    """Queries, keys, values and the gradient of what comes out."""
    keys = jax.random.split(jax.random.key(length), 4)
    return [jax.random.normal(key, (batch, length, heads, head_dim)).astype(dtype) for key in keys]


@functools.cache
def compiled(attend, rate, **options):
    """From inputs to values and the gradients of queries, keys and values."""

    @jax.jit
    def run(q_BTHK, k_BTHK, v_BTHK, grad_BTHK):
        def attended(*qkv):
            return attend(*qkv, dropout_rate=rate, dropout_seed=SEED, **options)

        out_BTHK, pull = jax.vjp(attended, q_BTHK, k_BTHK, v_BTHK)
        return out_BTHK, *pull(grad_BTHK)

    return run


def kernel_results(rate, *inputs, tuning=SMALL):
    return compiled(flash_attention, rate, interpret=True, tuning=tuning)(*inputs)


def assert_equals_the_twin(length, head_dim, dtype, rate, tuning):
    inputs = random_inputs(length, head_dim, dtype)
    ours = kernel_results(rate, *inputs, tuning=tuning)
    twins = compiled(causal_attention, rate, backend=PLAIN)(*inputs)
    for name, our, twin in zip(("values", "dq", "dk", "dv"), ours, twins, strict=True):
        assert our.dtype == twin.dtype == dtype
        our, twin = (np.asarray(x).astype(np.float64) for x in (our, twin))
        # Of a single position the gradients of query and key are zero but for rounding.
        scale = max(np.abs(twin).max(), 1.0)
        assert np.abs(our - twin).max() <= TOLERANCE[dtype] * scale, name


@pytest.mark.parametrize(
    ("length", "head_dim", "dtype", "rate", "tuning"),
    [
        (1, 64, jnp.float32, 0.2, None),
        (64, 32, jnp.float32, 0.0, WIDE),
        (65, 64, jnp.float32, 0.3, TALL),
        (65, 64, jnp.bfloat16, 0.3, None),
        (40, 24, jnp.float32, 0.5, SMALL),
        pytest.param(7, 32, jnp.float32, 0.2, None, marks=pytest.mark.slow),
        pytest.param(40, 128, jnp.bfloat16, 0.0, SMALL, marks=pytest.mark.slow),
        pytest.param(256, 64, jnp.bfloat16, 0.2, None, marks=pytest.mark.slow),
        pytest.param(300, 64, jnp.float32, 0.2, None, marks=pytest.mark.slow),
    ],
)
def test_values_and_gradients_equal_the_twins(length, head_dim, dtype, rate, tuning):
    assert_equals_the_twin(length, head_dim, dtype, rate, tuning)


@pytest.mark.slow
@pytest.mark.parametrize("rate", [0.0, 0.2])
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
@pytest.mark.parametrize("head_dim", [16, 48, 128])
@pytest.mark.parametrize("length", [1, 17, 64, 127, 300])
def test_values_and_gradients_equal_the_twins_everywhere(length, head_dim, dtype, rate):
    assert_equals_the_twin(length, head_dim, dtype, rate, None)


def test_no_seed_and_rate_zero_drop_nothing():
    inputs = random_inputs(40, 16, jnp.float32)
    without_rate = kernel_results(0.0, *inputs)[0]
    without_seed = flash_attention(
        *inputs[:3], dropout_rate=0.2, dropout_seed=None, interpret=True, tuning=SMALL
    )
    np.testing.assert_array_equal(without_seed, without_rate)
    assert jnp.abs(kernel_results(0.2, *inputs)[0] - without_rate).max() > 0.1


def test_each_pass_drops_exactly_the_elements_of_keep_mask():
    """Probed with one-hot values and gradients, which bring single probabilities to light."""
    length, rate = 40, 0.3
    mask_BHTS = np.asarray(keep_mask(SEED, (BATCH, HEADS, length, length), rate))
    visible_TS = np.tri(length, dtype=bool)
    expected_BHTS = mask_BHTS & visible_TS
    one_hot_BTHK = jnp.broadcast_to(jnp.eye(length)[None, :, None, :], (BATCH, length, HEADS, length))
    zeros_BTHK = jnp.zeros_like(one_hot_BTHK)

    # Even attention: every probability is 1 / (t + 1).
    out_BTHS, _, _, dv_BSHT = kernel_results(rate, zeros_BTHK, zeros_BTHK, one_hot_BTHK, one_hot_BTHK)
    np.testing.assert_array_equal(out_BTHS.transpose(0, 2, 1, 3) > 0, expected_BHTS)
    np.testing.assert_array_equal(dv_BSHT.transpose(0, 2, 3, 1) > 0, expected_BHTS)

    # All values and gradients alike: a score's gradient is above its row's mean just where it is kept.
    ones_BTHK = zeros_BTHK.at[..., 0].set(1.0)
    out_BTHK, dq_BTHS, _, _ = kernel_results(rate, zeros_BTHK, one_hot_BTHK, ones_BTHK, ones_BTHK)
    probs_T = 1 / np.arange(1, length + 1)
    dscores_BTHS = np.asarray(dq_BTHS) * np.sqrt(length) / probs_T[None, :, None, None]
    dprobs_BTHS = dscores_BTHS + np.asarray(out_BTHK)[..., :1]
    np.testing.assert_array_equal((dprobs_BTHS.transpose(0, 2, 1, 3) > 0.5) & visible_TS, expected_BHTS)


@pytest.mark.parametrize("position", [0, 15, 16, 29])
def test_values_and_gradients_depend_on_the_past_alone_to_the_last_bit(position):
    q_BTHK, k_BTHK, v_BTHK, grad_BTHK = random_inputs(40, 16, jnp.float32)
    only_one_BTHK = jnp.where(jnp.arange(40)[:, None, None] == position, grad_BTHK, 0.0)
    before = kernel_results(0.2, q_BTHK, k_BTHK, v_BTHK, only_one_BTHK)
    for gradient in before[1:]:
        assert jnp.abs(gradient[:, position + 1 :]).max() == 0.0
        # The first value attends to itself alone: neither its query nor its key changes it.
        assert jnp.abs(gradient).max() > 0.0 or (position == 0 and gradient is not before[3])
    changed = [x.at[:, position + 1 :].multiply(-3.0) for x in (q_BTHK, k_BTHK, v_BTHK)]
    after = kernel_results(0.2, *changed, only_one_BTHK)
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(old[:, : position + 1], new[:, : position + 1])


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
def test_tiles_of_the_default_tuning_fit_into_shared_memory(dtype):
    for head_dim in (1, 16, 24, 32, 64, 96, 128):
        tuning = default_tuning(head_dim, dtype)
        for tile in (tuning.forward_queries, tuning.forward_keys, tuning.backward_tile):
            assert tile in (16, 32, 64)
            # Queries, their gradient, keys and values, two of them twice while the next tile is fetched.
            assert 6 * tile * head_dim * jnp.dtype(dtype).itemsize <= 99 * 1024


def lowered_for_h100(attend, dtype):
    """The text of forward and backward pass as they would be compiled for an H100."""
    qkv = [jax.ShapeDtypeStruct((4, 256, 8, 64), dtype)] * 3
    device = AbstractDevice(device_kind="NVIDIA H100", num_cores=None, platform="gpu")
    gradient = jax.grad(
        lambda *qkv: attend(*qkv, dropout_rate=0.2, dropout_seed=SEED).astype(jnp.float32).sum(),
        argnums=(0, 1, 2),
    )
    with use_abstract_mesh(AbstractMesh((), (), abstract_device=device)):
        return jax.jit(gradient).trace(*qkv).lower(lowering_platforms=("cuda",)).as_text()


@pytest.mark.filterwarnings("ignore:The Pallas Triton backend is deprecated:DeprecationWarning")
@pytest.mark.parametrize("dtype", [jnp.float32, jnp.bfloat16])
def test_both_passes_lower_to_one_triton_kernel_each(dtype):
    text = lowered_for_h100(flash_attention, dtype)
    assert text.count("custom_call @__gpu$xla.gpu.triton") == 2
    for name in ("attention_forward", "attention_backward"):
        assert text.count(f'name = "{name}"') == 1
    # No array of the size T x T is left outside.
    assert "256x256" not in text
    assert "256x256" in lowered_for_h100(functools.partial(causal_attention, backend=PLAIN), dtype)
