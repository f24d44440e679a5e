"""Contenders of the training benchmark: they take optimizer steps on the same batches from the same weights.

PyTorch runs in a process of its own (`torch_train`), so that neither memory nor threads mix, and computes only while it
is asked to.
"""

import contextlib
import importlib.util
import json
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.sharding import Mesh

from codelm_jax.errors import UserError
from codelm_jax.launch import module_command
from codelm_jax.model.config import ModelConfig
from codelm_jax.model.transformer import NORM_EPSILON
from codelm_jax.ops.backend import Backend, backend_for
from codelm_jax.ops.rotary import ROPE_BASE
from codelm_jax.training.config import TrainConfig
from codelm_jax.training.mesh import (
    backend_of,
    make_mesh,
    put_batch,
    put_replicated,
    replicated,
    split_over_batch,
)
from codelm_jax.training.step import TrainState, init_state, train_step

# Different batches, taken in turn; tokens are drawn as they are in text, where a few make up most of it: how often the
# same row of the embedding is hit decides what its gradient costs.
_BATCHES = 8
_ZIPF_OFFSET = 2.7

StepFunction = Callable[[TrainConfig, Backend, TrainState, Array], tuple[TrainState, dict[str, Array]]]


class Contender(Protocol):
    """Takes steps when it is asked to.

    Attributes:
        compile_seconds: before the first step; None where it is not known apart from that step.
        steps_per_dispatch: `run` takes multiples of it.
    """

    compile_seconds: float | None
    steps_per_dispatch: int

    def run(self, steps: int) -> tuple[float, list[float]]:
        """Takes further steps; returns the seconds they took and their losses."""
        ...

    def memory(self) -> int | None:
        """Bytes: the most that was or will be needed at a time."""
        ...

    def close(self) -> None:
        """Gives the memory back."""
        ...


def make_windows(config: TrainConfig) -> np.ndarray:
    """The batches that all contenders train on, uint16 `[8, B, T + 1]`."""
    ranks = np.arange(config.model.vocab_size)
    frequency = 1.0 / (ranks + _ZIPF_OFFSET)
    shape = (_BATCHES, config.batch_size, config.model.max_seq_length + 1)
    drawn = np.random.default_rng(0).choice(ranks, size=shape, p=frequency / frequency.sum())
    return drawn.astype(np.uint16)


class Ours:
    """The step of this package, or a variant of it, compiled as `training.loop` compiles it."""

    def __init__(
        self,
        config: TrainConfig,
        *,
        step: StepFunction = train_step,
        steps_per_dispatch: int = 1,
        compiler_options: Mapping[str, Any] | None = None,
        while_tracing: contextlib.AbstractContextManager[Any] | None = None,
    ):
        self.config, self.steps_per_dispatch = config, steps_per_dispatch
        self._mesh: Mesh = make_mesh(config)
        self._windows, self._taken = make_windows(config), 0
        everywhere = replicated(self._mesh)
        jitted = jax.jit(
            partial(_several, partial(step, config, backend_of(config, self._mesh))),
            donate_argnums=0,
            in_shardings=(everywhere, [split_over_batch(self._mesh)] * steps_per_dispatch),
            out_shardings=(everywhere, everywhere),
        )
        shapes = jax.eval_shape(partial(init_state, config))
        start = time.perf_counter()
        with while_tracing or contextlib.nullcontext():
            lowered = jitted.lower(shapes, self._batches())
        self._compiled = lowered.compile(dict(compiler_options) if compiler_options else None)
        self.compile_seconds: float | None = time.perf_counter() - start
        self.state = put_replicated(self._mesh, jax.jit(partial(init_state, config))())

    def run(self, steps: int) -> tuple[float, list[float]]:
        """Takes further steps; figures are fetched after the last, as a run fetches them at its log interval."""
        losses = []
        start = time.perf_counter()
        for _ in range(steps // self.steps_per_dispatch):
            self.state, metrics = self._compiled(self.state, self._batches())
            self._taken += self.steps_per_dispatch
            losses.append(metrics["loss"])
        jax.block_until_ready((self.state, losses))
        seconds = time.perf_counter() - start
        return seconds, [float(x) for loss in losses for x in np.atleast_1d(np.asarray(loss))]

    def memory(self) -> int | None:
        """Bytes of the step on one device as the compiler planned them: state, batch and temporaries."""
        planned = self._compiled.memory_analysis()
        return planned and planned.argument_size_in_bytes + planned.temp_size_in_bytes

    def instructions(self) -> list[str]:
        """Names of the compiled program's instructions that do work of their own, as a profile shows them."""
        text = self._compiled.as_text() or ""
        named = re.findall(r"^\s*(?:ROOT )?%?([\w.-]+) = .*? ([\w-]+)\(", text, re.MULTILINE)
        return [name for name, operation in named if operation not in ("while", "call", "conditional")]

    def close(self) -> None:
        """Frees the state."""
        for leaf in jax.tree.leaves(self.state):
            leaf.delete()

    def _batches(self) -> list[Array]:
        numbers = range(self._taken, self._taken + self.steps_per_dispatch)
        return [put_batch(self._mesh, self._windows[number % _BATCHES]) for number in numbers]


def _several(
    step: Callable[[TrainState, Array], tuple[TrainState, dict[str, Array]]],
    state: TrainState,
    batches: list[Array],
) -> tuple[TrainState, dict[str, Array]]:
    """The steps of one program; where they are several, their figures gain a leading axis."""
    if len(batches) == 1:
        return step(state, batches[0])
    return jax.lax.scan(step, state, jnp.stack(batches))


class Peer:
    """PyTorch in a process of its own; use `close` when it is done."""

    steps_per_dispatch = 1
    compile_seconds: float | None = None  # part of the first step

    def __init__(self, config: TrainConfig, mode: str):
        """Starts the process and gives it weights and batches; `check_peer` comes first."""
        self._process = subprocess.Popen(
            module_command("codelm_jax.benchmarks.torch_train"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        params = jax.device_get(jax.jit(partial(init_state, config))().params)
        with tempfile.TemporaryDirectory() as directory:
            np.savez(Path(directory) / "weights.npz", allow_pickle=False, **peer_weights(params))
            np.save(Path(directory) / "windows.npy", make_windows(config))
            self._ask({"do": "setup", "recipe": peer_recipe(config, mode), "files": directory})

    def run(self, steps: int) -> tuple[float, list[float]]:
        """Takes further steps; figures are fetched after the last."""
        answer = self._ask({"do": "run", "steps": steps})
        return answer["seconds"], answer["losses"]

    def memory(self) -> int | None:
        """Most bytes held: on a GPU by tensors, on a CPU by the whole process."""
        return self._ask({"do": "memory"})["bytes"]

    def close(self) -> None:
        """Ends the process."""
        if self._process.stdin:
            with contextlib.suppress(BrokenPipeError):  # what a dead process never read
                self._process.stdin.close()
        if self._process.stdout:
            self._process.stdout.close()
        self._process.wait()

    def _ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):  # then there is no answer either
            print(json.dumps(request), file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"PyTorch ended with status {self._process.wait()}; its words are above")
        return json.loads(answer)


def check_peer(config: ModelConfig) -> None:
    """The peer needs PyTorch and is written for one architecture.

    Raises:
        UserError: says what is not installed, or names the key that it does not know.
    """
    if importlib.util.find_spec("torch") is None:
        raise UserError('--peer: torch is not installed: pip install -e ".[peers]", or leave --peer out')
    known = {
        "normalization": "layernorm",
        "activation": "gelu",
        "position_encoding": "rope",
    }
    for key, value in known.items():
        if getattr(config, key) != value:
            raise UserError(
                f"config.model.{key} = {getattr(config, key)!r}: the PyTorch peer knows only {value!r}"
            )


def peer_recipe(config: TrainConfig, mode: str) -> dict[str, Any]:
    """What `torch_train.Recipe` holds: this very run."""
    model = config.model
    same = (
        *("num_layers", "hidden_dim", "num_heads", "ffn_dim", "vocab_size"),
        *("attention_dropout", "residual_dropout"),
    )
    optimizer = (
        *("learning_rate", "final_learning_rate", "warmup_steps", "max_steps", "beta1", "beta2"),
        *("weight_decay", "grad_clip", "label_smoothing"),
    )
    return {
        "mode": mode,
        "dtype": np.dtype(backend_for(jax.devices()[0], dtype=config.compute_dtype).dtype).name,
        "seq_length": model.max_seq_length,
        "rope_base": ROPE_BASE,
        "norm_epsilon": NORM_EPSILON,
        **{key: getattr(model, key) for key in same},
        **{key: getattr(config, key) for key in optimizer},
    }


def peer_weights(params: Any) -> dict[str, np.ndarray]:
    """The parameters under the peer's names; matrices stay `[inputs, outputs]`."""
    weights = {}
    for path, leaf in jax.tree_util.tree_leaves_with_path(params):
        *modules, kind = (key.key for key in path)
        modules = [part.replace("layers_", "layers.") for part in modules if part not in ("attention", "ffn")]
        name = "bias" if kind == "bias" else "weight"
        weights[".".join([*modules, name])] = np.asarray(leaf, np.float32)
    return weights
