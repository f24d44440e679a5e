import dataclasses
import functools
import json
from typing import Any

import jax
import numpy as np
import pytest
from training.tiny_run import make_config

from codelm_jax.benchmarks import train
from codelm_jax.benchmarks.contenders import Ours, Peer, check_peer, make_windows
from codelm_jax.benchmarks.result_file import ResultFile
from codelm_jax.benchmarks.train_table import formula, table
from codelm_jax.benchmarks.variants import VARIANTS, Variant, changed, swapped, variants_here
from codelm_jax.errors import UserError
from codelm_jax.training.config import TrainConfig


@pytest.fixture(autouse=True)
def standard_dtype_promotion():
    with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
        yield


def tiny(**changes) -> TrainConfig:
    return make_config(**({"model__num_layers": 1, "batch_size": 2, "compute_dtype": "auto"} | changes))


NO_DROPOUT = {"model__attention_dropout": 0.0, "model__residual_dropout": 0.0}


def plan(variants=(), batch_sizes=(2,), **changes) -> train.Plan:
    return train.Plan(
        config=tiny(**changes),
        batch_sizes=batch_sizes,
        dtypes=["float32"],
        peer_modes=(),
        peer_modes_once=(),
        variants={name: VARIANTS[name] for name in variants},
        rounds=2,
        turn_seconds=0.0,
    )


class Toy:
    """A contender whose steps take no time to compile."""

    steps_per_dispatch, compile_seconds = 1, 0.5

    def __init__(self, *_, **__):
        self.closed = False

    def run(self, steps):
        assert not self.closed
        return 0.01 * steps, [5.0] * steps

    def memory(self):
        return 1

    def close(self):
        self.closed = True


class ToyVariant(Variant):
    def build(self, config) -> Any:
        return Toy()


@pytest.fixture
def toys(monkeypatch):
    """What is measured, and in which order, does not depend on who competes."""
    monkeypatch.setattr(train, "Ours", Toy)


def names(results):
    return [(result["batch"], result["contender"]) for result in results]


def test_every_comparison_is_on_disk_at_once_and_a_second_invocation_goes_on(tmp_path, toys):
    path, on_disk = tmp_path / "speed.json", []

    def say(line):
        on_disk.append(names(json.loads(path.read_text())["results"]) if path.exists() else [])

    wanted = plan(batch_sizes=[2, 4])
    wanted = dataclasses.replace(
        wanted, variants={name: ToyVariant("x") for name in ("dispatch=8", "dropout=none")}
    )
    half = dataclasses.replace(wanted, variants={}, batch_sizes=[2])
    train.run_plan(half, ResultFile(path, train.setting(wanted.config)), say)
    base, variants = "codelm_jax float32", ["dispatch=8", "dropout=none"]
    assert names(json.loads(path.read_text())["results"]) == [(2, base)]
    again = ResultFile(path, train.setting(wanted.config))
    first = again.results[0]
    train.run_plan(wanted, again, say)
    done = json.loads(path.read_text())["results"]
    assert names(done) == [(2, base), *((2, name) for name in variants), (4, base)]
    assert done[0] == first  # what was there is not measured again
    assert [(2, base), (2, "dispatch=8")] in on_disk
    third = []
    train.run_plan(wanted, ResultFile(path, train.setting(wanted.config)), third.append)
    assert third == []
    assert len(table(done).splitlines()) == 6


def test_real_contenders_are_measured_side_by_side():
    results = ResultFile(None, {})
    train.run_plan(
        dataclasses.replace(plan(), variants={"dispatch=8": ToyVariant("x")}), results, lambda line: None
    )
    for row in results.results:
        assert row["step_ms_least"] <= row["step_ms"] <= row["step_ms_most"]
        assert row["tokens_per_second"] == pytest.approx(row["batch"] * 8 / row["step_ms"] * 1e3)
        assert row["compile_seconds"] > 0
        assert row["memory_bytes"] > 0
    base, variant = results.results
    assert base["times_ours"] == 1.0 != variant["times_ours"]
    assert "8 steps a dispatch" in table(results.results)


def test_figures_beside_another_base_are_no_figures_of_this_one(toys):
    results = ResultFile(None, {})
    other = {"part": "ablation", "batch": 2, "base": "codelm_jax bfloat16", "contender": "dispatch=8"}
    results.add([other])
    wanted = dataclasses.replace(plan(), variants={"dispatch=8": ToyVariant("x")})
    train.run_plan(wanted, results, lambda line: None)
    rows = [(row["base"], row["contender"]) for row in results.results]
    ours = "codelm_jax float32"
    assert rows == [("codelm_jax bfloat16", "dispatch=8"), (ours, ours), (ours, "dispatch=8")]


def test_the_most_telling_comparisons_come_first_and_the_peers_slow_modes_last():
    wanted = dataclasses.replace(
        plan(list(VARIANTS)[:4], [4, 2]), peer_modes=["default"], peer_modes_once=["max-autotune"]
    )
    told = [(each.batch, list(each.builders)[1]) for each in train._comparisons(wanted)]
    first, second, third, fourth = list(VARIANTS)[:4]
    peer = "PyTorch default float32"
    once = "PyTorch max-autotune float32"
    assert told == [(4, peer), (4, first), (4, second), (4, third), (2, peer), (4, fourth), (4, once)]


@pytest.mark.parametrize("name", train._ENVIRONMENT)
def test_results_of_other_flags_of_the_compiler_or_the_c_library_are_not_mixed(name, tmp_path, monkeypatch):
    ResultFile(tmp_path / "out.json", train.setting(tiny())).add([])
    monkeypatch.setenv(name, "another")
    with pytest.raises(UserError, match="of another environment"):
        ResultFile(tmp_path / "out.json", train.setting(tiny()))


def test_a_contender_that_fails_is_a_result_and_the_others_go_on(toys):
    class Failing(Variant):
        def build(self, config):
            raise RuntimeError("RESOURCE_EXHAUSTED: Out of memory\nwhile allocating")

    wanted = dataclasses.replace(plan(), variants={"too large": Failing("x"), "dispatch=8": ToyVariant("x")})
    results = ResultFile(None, {})
    train.run_plan(wanted, results, lambda line: None)
    assert names(results.results) == [(2, "codelm_jax float32"), (2, "too large"), (2, "dispatch=8")]
    assert results.results[1]["error"] == "RESOURCE_EXHAUSTED: Out of memory"
    assert "failed: RESOURCE_EXHAUSTED" in table(results.results)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("not json", "not a file of training benchmark results"),
        ("[1]", "not a file of training benchmark results"),
        ('{"setting": {"device": ["gpu"]}, "results": []}', "of another device"),
    ],
)
def test_a_file_of_something_else_is_left_alone(tmp_path, content, message):
    path = tmp_path / "out.json"
    path.write_text(content)
    with pytest.raises(UserError, match=message):
        ResultFile(path, {"device": ["cpu"]})
    assert path.read_text() == content


def test_a_file_where_none_can_be_is_refused_before_anything_is_measured(tmp_path):
    with pytest.raises(UserError, match="there is no directory"):
        ResultFile(tmp_path / "missing" / "out.json", {})
    with pytest.raises(UserError, match="a directory"):
        ResultFile(tmp_path, {})


# Two layers, so that a loop over layers has something to do; enough dropout for other masks to show.
COMPARED = {"model__num_layers": 2, "model__residual_dropout": 0.5, "compute_dtype": "float32"}


@functools.cache
def first_losses(name=None, steps=8):
    config = tiny(**COMPARED)
    return (VARIANTS[name].build(config) if name else Ours(config)).run(steps)[1]


# A variant may change nothing but rounding in the losses of the first steps. One of each kind; the others are slow.
@pytest.mark.parametrize(
    "name",
    [
        "dispatch=8",
        "loss=one-hot",
        "embedding=sorted",
        "optimizer=optax",
        "layers=scanned",
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in (
                "loss=full",
                "loss=256",
                "loss=met-at-each-chunk",
                "loss=plain-softmax",
                "embedding=one-hot",
                "residual=float32",
            )
        ),
    ],
)
def test_variants_of_the_same_arithmetic_train_alike(name):
    # Several steps in one program are the same steps, to the last bit.
    rtol = 0.0 if name == "dispatch=8" else 2e-5
    np.testing.assert_allclose(first_losses(name), first_losses(), rtol=rtol)


@pytest.mark.parametrize("name", ["dropout=threefry", pytest.param("dropout=rbg", marks=pytest.mark.slow)])
def test_other_masks_train_otherwise(name):
    assert not np.allclose(first_losses(name), first_losses(), rtol=1e-4)


@pytest.mark.slow
def test_no_mask_trains_as_the_config_without_dropout():
    plain = Ours(tiny(**COMPARED | NO_DROPOUT)).run(8)[1]
    np.testing.assert_array_equal(first_losses("dropout=none"), plain)


def test_no_mask_is_the_config_without_dropout():
    changes = VARIANTS["dropout=none"].config
    assert changed(tiny(**COMPARED), changes) == tiny(**COMPARED | NO_DROPOUT)


def test_every_swap_replaces_something_that_is_there():
    for variant in VARIANTS.values():
        before = [getattr(owner, name) for owner, name, _ in variant.swaps]
        with swapped(variant.swaps):
            assert all(getattr(owner, name) is new for owner, name, new in variant.swaps)
        assert [getattr(owner, name) for owner, name, _ in variant.swaps] == before
    assert not any(variant.gpu_only for variant in variants_here().values())


def test_all_contenders_train_on_the_same_batches_of_text_like_tokens():
    windows = make_windows(tiny(batch_size=4))
    assert windows.shape == (8, 4, 9)
    np.testing.assert_array_equal(windows, make_windows(tiny(batch_size=4)))
    counts = np.bincount(windows.ravel(), minlength=261)
    assert counts[:10].sum() > counts[100:110].sum()


def test_the_formula_is_that_of_the_reference_shape():
    model = {"num_layers": 8, "hidden_dim": 512, "num_heads": 8, "ffn_multiplier": 3.0}
    model |= {"vocab_size": 8000, "max_seq_length": 256}
    text = formula(tiny(**{f"model__{key}": value for key, value in model.items()}))
    assert "6 x 25,067,520 matrix parameters + 12 x 8 layers x 256 tokens x 512 = 163.0 MFLOP" in text


def test_a_batch_that_does_not_divide_into_the_parts_of_a_step_is_refused():
    wanted = dataclasses.replace(plan(grad_accum_steps=2), batch_sizes=[2, 3])
    with pytest.raises(UserError, match=r"--batch_sizes=3: config.grad_accum_steps = 2"):
        train.run_plan(wanted, ResultFile(None, {}), print)


def test_a_peer_of_another_architecture_is_refused_by_name(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object())
    with pytest.raises(UserError, match=r"config.model.activation = 'silu'"):
        check_peer(tiny(model__activation="silu"))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(UserError, match="--peer: torch is not installed"):
        check_peer(tiny())


@pytest.mark.peers
def test_a_peer_that_died_is_an_error_of_its_own():
    peer = Peer(tiny(), "eager")
    peer._process.kill()
    for _ in range(2):
        with pytest.raises(RuntimeError, match="PyTorch ended with status -9"):
            peer.run(1)
    peer.close()


@pytest.mark.peers
def test_the_peer_trains_alike_over_the_first_twenty_steps():
    config = tiny(
        model__num_layers=2, batch_size=4, compute_dtype="float32", max_steps=20, warmup_steps=4, **NO_DROPOUT
    )
    ours = Ours(config).run(20)[1]
    peer = Peer(config, "eager")
    try:
        theirs = peer.run(20)[1]
    finally:
        peer.close()
    np.testing.assert_allclose(ours, theirs, rtol=1e-4)
    assert ours[-1] < ours[0]
