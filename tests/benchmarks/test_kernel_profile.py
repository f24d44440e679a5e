import jax
import pytest
from benchmarks.test_train_benchmark import tiny

from codelm_jax.benchmarks.contenders import Ours
from codelm_jax.benchmarks.kernel_profile import Share, by_kind, kind_of, shares, table


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("sm90_xmma_gemm_bf16bf16_bf16f32_f32_tn_n_tilesize128x128x64", "matrix products"),
        ("nvjet_hsh_128x256_64x4_1x2_h_bz_coopA_NTN", "matrix products"),
        ("gemm_fusion_dot_general_12", "matrix products"),
        ("ynn_fusion.42", "matrix products"),
        ("attention_backward", "attention kernel"),
        ("input_reduce_fusion_3", "reductions"),
        ("loop_add_select_fusion", "element by element"),
        ("wrapped_scatter", "embedding"),
        ("MemcpyD2D", "memory copies"),
        ("ncclDevKernel_AllReduce_Sum_f32_RING_LL", "collectives"),
        ("something else", "other"),
    ],
)
def test_a_kernel_is_known_by_its_name(name, kind):
    assert kind_of(name) == kind


def test_shares_are_sums_over_a_step_the_largest_first():
    found = shares([("dot.1", 2e6), ("copy.3", 1e6), ("dot.2", 4e6)], steps=2)
    assert found == [Share("matrix products", 3.0, 1.0), Share("memory copies", 0.5, 0.5)]
    assert " 85.7%" in table(found)


def test_a_profile_of_real_steps_finds_the_products():
    with jax.numpy_dtype_promotion("standard"):
        found = {share.kind: share for share in by_kind(Ours(tiny()), steps=2)}
    assert found["matrix products"].launches_per_step >= 5
    assert all(share.ms_per_step > 0 for share in found.values())
