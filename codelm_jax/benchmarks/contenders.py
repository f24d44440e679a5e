"""Contenders of the training benchmark: they take optimizer steps on the same batches from the same weights.

PyTorch runs in a process of its own (`torch_train`), so that memory and threads stay apart, and computes only in its turn.
"""

import contextlib
import dataclasses
import importlib.util
import json
import operator
import re
import subprocess
import tempfile
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.sharding import Mesh

from codelm_jax.benchmarks.torch_recipe import Recipe
from codelm_jax.errors import UserError
from codelm_jax.launch import module_command
from codelm_jax.model.transformer import NORM_EPSILON
from codelm_jax.ops.backend import backend_for
from codelm_jax.ops.rotary import ROPE_BASE
from codelm_jax.training.compile import compile_train_step
from codelm_jax.training.config import TrainConfig
from codelm_jax.training.mesh import (
    make_mesh,
    put_batch,
    put_replicated,
    replicated,
    split_over_batch,
)
from codelm_jax.training.step import init_state

# Different batches, used in turn. A few tokens are most of the text, as in real text: how often the same row of the
# embedding occurs decides the cost of its gradient.
_BATCHES = 8
_ZIPF_OFFSET = 2.7


class Contender(Protocol):
    """Takes optimizer steps.

    Attributes:
        compile_seconds: None where it is part of the first step.
        steps_per_dispatch: the steps of `run` are a multiple of it.
    """

    compile_seconds: float | None
    steps_per_dispatch: int

    def run(self, steps: int) -> tuple[float, list[float]]:
        """Takes further steps; returns the seconds they took and their losses."""
        ...

    def memory(self) -> int | None:
        """Peak bytes, measured or planned."""
        ...

    def close(self) -> None:
        """Frees the memory."""
        ...


def make_windows(config: TrainConfig) -> np.ndarray:
    """The batches that all contenders train on, uint16 `[8, B, T + 1]`."""
    ranks = np.arange(config.model.vocab_size)
    frequency = 1.0 / (ranks + _ZIPF_OFFSET)
    shape = (_BATCHES, config.batch_size, config.model.max_seq_length + 1)
    drawn = np.random.default_rng(0).choice(ranks, size=shape, p=frequency / frequency.sum())
    return drawn.astype(np.uint16)


class Ours:
    """The training step of this package, or a variant of it."""

    def __init__(
        self,
        config: TrainConfig,
        *,
        steps_per_dispatch: int = 1,
        compiler_options: Mapping[str, Any] | None = None,
        while_tracing: contextlib.AbstractContextManager[Any] | None = None,
    ):
        self.config, self.steps_per_dispatch = config, steps_per_dispatch
        self._mesh: Mesh = make_mesh(config)
        self._windows, self._taken = make_windows(config), 0
        shapes = jax.eval_shape(partial(init_state, config))
        start = time.perf_counter()
        with while_tracing or contextlib.nullcontext():
            step = compile_train_step(config, self._mesh)
            jitted = step if steps_per_dispatch == 1 else _several(step, self._mesh, steps_per_dispatch)
            lowered = jitted.lower(shapes, self._batches())
        self._compiled = lowered.compile(dict(compiler_options) if compiler_options else None)
        self.compile_seconds: float | None = time.perf_counter() - start
        self.state = put_replicated(self._mesh, jax.jit(partial(init_state, config))())

    def run(self, steps: int) -> tuple[float, list[float]]:
        """Takes further steps; losses are fetched after the last, as a run does at its log interval."""
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
        """Bytes of the step on one device, as the compiler plans them: state, batch and temporaries."""
        planned = self._compiled.memory_analysis()
        return planned and planned.argument_size_in_bytes + planned.temp_size_in_bytes

    def instructions(self) -> list[str]:
        """Names of the instructions of the compiled program as a profile shows them, without those that only call others."""
        text = self._compiled.as_text() or ""
        named = re.findall(r"^\s*(?:ROOT )?%?([\w.-]+) = .*? ([\w-]+)\(", text, re.MULTILINE)
        return [name for name, operation in named if operation not in ("while", "call", "conditional")]

    def close(self) -> None:
        """Frees the state."""
        for leaf in jax.tree.leaves(self.state):
            leaf.delete()

    def _batches(self) -> Array | list[Array]:
        numbers = range(self._taken, self._taken + self.steps_per_dispatch)
        batches = [put_batch(self._mesh, self._windows[number % _BATCHES]) for number in numbers]
        return batches if len(batches) > 1 else batches[0]


def _several(step: Any, mesh: Mesh, count: int) -> Any:
    """`count` steps as one program, from as many batches; their figures gain a leading axis."""
    everywhere = replicated(mesh)
    return jax.jit(
        lambda state, batches: jax.lax.scan(step, state, jnp.stack(batches)),
        donate_argnums=0,
        in_shardings=(everywhere, [split_over_batch(mesh)] * count),
        out_shardings=(everywhere, everywhere),
    )


class Peer:
    """PyTorch in a process of its own; call `close` at the end."""

    steps_per_dispatch = 1
    compile_seconds: float | None = None  # part of the first step

    def __init__(self, config: TrainConfig, mode: str):
        """Starts the process and passes it weights and batches; call `check_peer` first."""
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
            self._ask(
                {"do": "setup", "recipe": dataclasses.asdict(peer_recipe(config, mode)), "files": directory}
            )

    def run(self, steps: int) -> tuple[float, list[float]]:
        """Takes further steps; losses are fetched after the last."""
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
        with contextlib.suppress(BrokenPipeError):  # then there is no answer below
            print(json.dumps(request), file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"PyTorch ended with status {self._process.wait()}; its output is above")
        return json.loads(answer)


def check_peer(config: TrainConfig) -> None:
    """The peer needs PyTorch, and knows one architecture, one optimizer and one schedule.

    Raises:
        UserError: names what is not installed, or the key with another value.
    """
    if importlib.util.find_spec("torch") is None:
        raise UserError('--peer: torch is not installed: pip install -e ".[peers]", or leave --peer out')
    known = {
        "optimizer": "adamw",
        "schedule": "cosine",
        "model.normalization": "layernorm",
        "model.activation": "gelu",
        "model.position_encoding": "rope",
    }
    for key, value in known.items():
        given = operator.attrgetter(key)(config)
        if given != value:
            raise UserError(f"config.{key} = {given!r}: the PyTorch peer knows only {value!r}")


def peer_recipe(config: TrainConfig, mode: str) -> Recipe:
    """The run as PyTorch gets it."""
    given = {
        **vars(config),
        **vars(config.model),
        "ffn_dim": config.model.ffn_dim,
        "seq_length": config.model.max_seq_length,
        "rope_base": ROPE_BASE,
        "norm_epsilon": NORM_EPSILON,
        "dtype": np.dtype(backend_for(jax.devices()[0], dtype=config.compute_dtype).dtype).name,
        "mode": mode,
    }
    return Recipe(**{field.name: given[field.name] for field in dataclasses.fields(Recipe)})


def peer_weights(params: Any) -> dict[str, np.ndarray]:
    """The parameters under the peer's names; matrices stay `[inputs, outputs]`."""
    weights = {}
    for path, leaf in jax.tree_util.tree_leaves_with_path(params):
        *modules, kind = (key.key for key in path)
        modules = [part.replace("layers_", "layers.") for part in modules if part not in ("attention", "ffn")]
        name = "bias" if kind == "bias" else "weight"
        weights[".".join([*modules, name])] = np.asarray(leaf, np.float32)
    return weights
