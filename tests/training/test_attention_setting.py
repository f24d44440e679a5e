"""Laws of `config.attention`: what it chooses, and that training, scoring and the leak guard follow it."""

import dataclasses
import functools
import types
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from training.test_mesh import run_on
from training.tiny_run import (
    CPU,
    fresh_state,
    make_config,
    make_run,
    make_windows,
    raw_config,
    score_of,
    step_of,
)

from codelm_jax.checkpoint.metadata import RunMeta
from codelm_jax.errors import UserError
from codelm_jax.ops import attention
from codelm_jax.training.guard import check_causality
from codelm_jax.training.loop import train
from codelm_jax.training.mesh import all_devices, backend_of
from codelm_jax.training.resume import rounding_note
from codelm_jax.training.step import init_state, train_step

# The kernel, run as XLA operations.
INTERPRETED = dataclasses.replace(CPU, attention="interpreted")


def on_gpu(config, capability):
    """The backend of a run on one GPU of this compute capability."""
    device = types.SimpleNamespace(platform="gpu", compute_capability=capability)
    mesh: Any = types.SimpleNamespace(devices=np.array([device]))
    return backend_of(config, mesh)


@pytest.mark.parametrize("capability", ["8.0", "8.9", "9.0", "12.0"])
def test_the_kernel_is_chosen_on_gpus_that_can_run_it_unless_xla_is_asked_for(capability):
    assert on_gpu(make_config(), capability).attention == "kernel"
    assert on_gpu(make_config(attention="kernel"), capability).attention == "kernel"
    assert on_gpu(make_config(attention="xla"), capability).attention == "xla"


@pytest.mark.parametrize("capability", ["7.5", "gfx90a", None])
def test_other_gpus_take_xla_and_refuse_the_kernel(capability):
    assert on_gpu(make_config(), capability).attention == "xla"
    with pytest.raises(UserError, match=r"config\.attention = 'kernel': .*compute capability"):
        on_gpu(make_config(attention="kernel"), capability)


def test_heads_too_wide_for_the_kernel_take_xla():
    wide = {"model__hidden_dim": 512, "model__num_heads": 2}
    assert on_gpu(make_config(**wide), "9.0").attention == "xla"
    with pytest.raises(UserError, match="at most 128, not 256"):
        on_gpu(make_config(attention="kernel", **wide), "9.0")


def test_a_cpu_takes_xla_and_refuses_the_kernel():
    assert backend_of(make_config(), all_devices()).attention == "xla"
    with pytest.raises(UserError, match=r"config\.attention = 'kernel': .*GPU.*use 'auto' or 'xla'"):
        backend_of(make_config(attention="kernel"), all_devices())


def test_an_unknown_attention_is_refused_by_name():
    with pytest.raises(UserError, match=r"config\.attention = 'flash'"):
        make_config(attention="flash")


def figures(config, windows, backend=CPU):
    """Loss and gradient norm of a step and a score after it, from weights of attention so large that it matters."""
    state = fresh_state(config)
    params = {
        name: part | {"attention": jax.tree.map(lambda leaf: 20 * leaf, part["attention"])}
        if name.startswith("layers_")
        else part
        for name, part in state.params.items()
    }
    state = state.replace(params=params)
    state, metrics = step_of(config, backend)(state, windows)
    scored = score_of(config, backend)(state.params, windows)
    return [float(metrics["loss"]), float(metrics["grad_norm"]), float(scored["nll"].mean())]


def test_training_with_the_kernel_drops_and_learns_what_training_without_it_does(monkeypatch):
    config, other = (make_config(model__attention_dropout=rate, grad_accum_steps=2) for rate in (0.5, 0.4))
    windows = make_windows(config)
    expected, different = figures(config, windows), figures(other, windows)
    traced = []
    kernel = attention.flash_attention
    monkeypatch.setattr(attention, "flash_attention", lambda *a, **k: traced.append(a) or kernel(*a, **k))
    found = figures(config, windows, INTERPRETED)
    assert traced
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    assert not np.allclose(different, expected, rtol=1e-3)


def test_the_leak_guard_looks_at_the_attention_that_training_takes(monkeypatch):
    params = fresh_state(make_config()).params
    check_causality(make_config(), INTERPRETED, params)

    def sees_the_future(q_BTHK, k_BTHK, v_BTHK, **_):
        return q_BTHK + k_BTHK + v_BTHK.mean(axis=1, keepdims=True)

    monkeypatch.setattr(attention, "flash_attention", sees_the_future)
    with pytest.raises(UserError, match="leak guard"):
        # Another rate: what was compiled above is kept.
        check_causality(make_config(model__residual_dropout=0.2), INTERPRETED, params)


# In a process of its own: the number of devices is fixed when JAX starts.
SPLIT = """
import dataclasses, functools, re
import jax, jax.numpy as jnp, numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec as P
from codelm_jax.ops.attention import causal_attention
from codelm_jax.ops.backend import Backend
from codelm_jax.ops.flash_attention import flash_attention
from codelm_jax.ops.flash_kernels import default_tuning

shape = (4, 10, 2, 16)
inputs = [jax.random.normal(key, shape) for key in jax.random.split(jax.random.key(0), 4)]
seed = jnp.array([5, 6], jnp.uint32)

def run(attention, q, k, v, grad):
    attended, pull = jax.vjp(
        lambda *qkv: causal_attention(
            *qkv, dropout_rate=0.4, dropout_seed=seed, backend=Backend(attention=attention)
        ), q, k, v
    )
    return attended, *pull(grad)

expected = jax.jit(functools.partial(run, "xla"))(*inputs)
for sides, spec in (((4,), P("x")), ((2, 2), P("x", None, "y"))):
    mesh = Mesh(np.asarray(jax.devices()).reshape(sides), ("x", "y")[: len(sides)])
    split = NamedSharding(mesh, spec)
    jitted = jax.jit(functools.partial(run, "interpreted"), in_shardings=split, out_shardings=split)
    compiled = jitted.lower(*inputs).compile()
    text = compiled.as_text()
    assert not any(word in text for word in ("all-gather", "all-to-all", "collective-permute")), spec
    found = compiled(*(jax.device_put(x, split) for x in inputs))
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, atol=3e-6)
print("equal on", jax.device_count())

tuning = default_tuning(16, jnp.float32)
programs = set()
for changed in (tuning, dataclasses.replace(tuning, forward_warps=8), tuning):
    attend = functools.partial(flash_attention, dropout_rate=0.0, dropout_seed=None, tuning=changed)
    text = jax.jit(attend, in_shardings=split, out_shardings=split).lower(*inputs[:3]).as_text()
    assert "CustomSPMDPartitioning" in text
    programs.add(re.sub('backend_config = "[0-9]+"', "", text))
print(len(programs), "programs")
"""


def test_split_over_devices_the_kernel_gathers_nothing_drops_the_same_and_is_named_in_the_program():
    # Without its address; the compilation cache would take one kernel for another if that were all.
    done = run_on(4, SPLIT)
    assert done.stdout.splitlines() == ["equal on 4", "2 programs"], done.stderr


def test_a_run_goes_on_with_another_attention_and_one_from_before_there_was_a_choice(tmp_path):
    run = make_run(tmp_path / "run", stop_after=2)
    meta = dataclasses.replace(run.meta, config=without_attention(run.meta.config))
    train(dataclasses.replace(run, meta=meta))
    assert train(make_run(tmp_path / "run", stop_after=4))["step"] == 4
    assert train(make_run(tmp_path / "run", raw_config(attention="xla")))["step"] == 8


def without_attention(config):
    return {key: value for key, value in config.items() if key != "attention"}


def test_going_on_with_another_attention_is_said_aloud():
    place = RunMeta(config={"model": {}}, tokenizer_json="", device_kind="NVIDIA H100", versions={"jax": "1"})
    assert rounding_note(place, place) is None
    note = rounding_note(place, dataclasses.replace(place, attention_path="kernel"))
    assert note == (
        "saved on 1 x NVIDIA H100 with attention by xla, resumed on 1 x NVIDIA H100 with attention by kernel: "
        "rounding differs from here on"
    )


@pytest.mark.filterwarnings("ignore:The Pallas Triton backend is deprecated:DeprecationWarning")
def test_the_training_step_for_a_gpu_holds_the_kernel_in_every_layer():
    windows = jax.ShapeDtypeStruct((8, 9), jnp.uint16)
    texts = {}
    for asked in ("auto", "xla"):
        config = make_config(attention=asked)
        state = jax.eval_shape(functools.partial(init_state, config))
        step = functools.partial(train_step, config, on_gpu(config, "9.0"))
        traced = jax.jit(step).trace(state, windows)
        texts[asked] = traced.lower(lowering_platforms=("cuda",)).as_text()
    kernels = {asked: text.count("custom_call @__gpu$xla.gpu.triton") for asked, text in texts.items()}
    assert kernels["auto"] >= 2
    assert kernels["xla"] == 0
