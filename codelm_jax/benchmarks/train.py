"""Training speed: this package's step beside variants of it and beside PyTorch, on whatever device there is.

Contenders take turns, round by round, so that whatever else the machine does falls on all of them: figures are medians
over the rounds, and a ratio compares turns of the same round. Every comparison is written down as soon as it is there.
"""

import dataclasses
import importlib.metadata
import importlib.util
import os
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import flax
import jax
from jaxlib.version import __version__ as jaxlib_version

from codelm_jax.benchmarks.contenders import Contender, Ours, Peer, check_peer
from codelm_jax.benchmarks.result_file import ResultFile
from codelm_jax.benchmarks.variants import Variant, changed
from codelm_jax.errors import UserError
from codelm_jax.training.config import TrainConfig
from codelm_jax.training.throughput import model_flops_utilisation

OURS = "codelm_jax"

# Modes of the peer that are worth a comparison at every batch size, and those that are tried once: they take minutes.
PEER_MODES = ("default", "eager")
PEER_MODES_ONCE = ("reduce-overhead", "max-autotune")

# Of the variants, so many come before further batch sizes.
_MOST_TELLING = 3

# What changes a program's speed from outside.
_ENVIRONMENT = ("XLA_FLAGS", "GLIBC_TUNABLES")


@dataclasses.dataclass(frozen=True)
class Plan:
    """What is to be compared.

    Attributes:
        config: of the run; its batch size gives way to `batch_sizes`.
        batch_sizes: windows a step, the most telling first.
        dtypes: of the computation; ratios are to the first.
        peer_modes: PyTorch's, at every batch size; empty for none.
        peer_modes_once: PyTorch's, at the first batch size, after all else.
        variants: of this package's step, at the first batch size, the most telling first.
        rounds: turns each contender takes.
        turn_seconds: at least so long a turn.
    """

    config: TrainConfig
    batch_sizes: Sequence[int]
    dtypes: Sequence[str]
    peer_modes: Sequence[str]
    peer_modes_once: Sequence[str]
    variants: Mapping[str, Variant]
    rounds: int
    turn_seconds: float


@dataclasses.dataclass(frozen=True)
class _Comparison:
    """Contenders that take turns with ours, which is the first: the others are compared with it."""

    part: str
    batch: int
    builders: Mapping[str, Callable[[], Contender]]

    @property
    def base(self) -> str:
        """Ours."""
        return next(iter(self.builders))


def setting(config: TrainConfig) -> dict[str, Any]:
    """What the results of one file have in common: the run, its batch size and precision aside, and the machine."""
    run = dataclasses.asdict(config)
    del run["batch_size"], run["compute_dtype"]
    return {
        "config": run,
        "device": [f"{device.platform}: {device.device_kind}" for device in jax.devices()],
        "versions": {
            "jax": jax.__version__,
            "jaxlib": jaxlib_version,
            "flax": flax.__version__,
            "torch": importlib.metadata.version("torch") if importlib.util.find_spec("torch") else None,
        },
        "environment": {name: os.environ.get(name, "") for name in _ENVIRONMENT},
    }


def run_plan(plan: Plan, results: ResultFile, say: Callable[[str], None]) -> None:
    """Measures what the plan asks for and the file does not hold yet.

    A contender that fails, for want of memory say, is a result too: its row holds `error`.

    Raises:
        UserError: PyTorch is asked for and not installed, or does not know the architecture; or a batch size does not
            divide into the config's parts.
    """
    if plan.peer_modes or plan.peer_modes_once:
        check_peer(plan.config.model)
    for batch in plan.batch_sizes:
        if batch % plan.config.grad_accum_steps:
            parts = plan.config.grad_accum_steps
            raise UserError(f"--batch_sizes={batch}: config.grad_accum_steps = {parts} does not divide it")
    base = _Base()
    for comparison in _comparisons(plan):
        missing = {
            name: build
            for name, build in comparison.builders.items()
            if not results.has(batch=comparison.batch, base=comparison.base, contender=name)
        }
        if not missing:
            continue
        rows = _compare(plan, comparison, missing, base, say)
        common = {"part": comparison.part, "batch": comparison.batch, "base": comparison.base}
        results.add([{**common, **row} for row in rows])
    base.close()


class _Base:
    """What others are compared with, kept from one comparison to the next: it takes long to compile."""

    def __init__(self) -> None:
        self._batch, self._contender = 0, None

    def get(self, batch: int, build: Callable[[], Contender]) -> Contender:
        """The one of this batch size, built where it is not there yet."""
        if self._contender is None or self._batch != batch:
            self.close()
            self._batch, self._contender = batch, build()
        return self._contender

    def close(self) -> None:
        """Gives its memory back."""
        if self._contender is not None:
            self._contender.close()
        self._contender = None


def _comparisons(plan: Plan) -> Iterator[_Comparison]:
    """The most telling first: the peer, the changes that weigh most, other batch sizes, every other change."""

    def ours(batch: int, dtype: str) -> Callable[[], Contender]:
        return lambda: Ours(changed(plan.config, {"batch_size": batch, "compute_dtype": dtype}))

    def peer(batch: int, dtype: str, mode: str) -> Callable[[], Contender]:
        return lambda: Peer(changed(plan.config, {"batch_size": batch, "compute_dtype": dtype}), mode)

    def speed(batch: int) -> _Comparison:
        builders = {f"{OURS} {dtype}": ours(batch, dtype) for dtype in plan.dtypes}
        builders |= {
            f"PyTorch {mode} {dtype}": peer(batch, dtype, mode)
            for dtype in plan.dtypes
            for mode in plan.peer_modes
        }
        return _Comparison("speed", batch, builders)

    batch, dtype = plan.batch_sizes[0], plan.dtypes[0]
    base = {f"{OURS} {dtype}": ours(batch, dtype)}
    config = changed(plan.config, {"batch_size": batch, "compute_dtype": dtype})
    ablations = [
        _Comparison("ablation", batch, base | {name: lambda v=variant: v.build(config)})
        for name, variant in plan.variants.items()
    ]
    yield speed(batch)
    yield from ablations[:_MOST_TELLING]
    yield from map(speed, plan.batch_sizes[1:])
    yield from ablations[_MOST_TELLING:]
    for mode in plan.peer_modes_once:
        yield _Comparison("peer once", batch, base | {f"PyTorch {mode} {dtype}": peer(batch, dtype, mode)})


def _compare(
    plan: Plan,
    comparison: _Comparison,
    missing: Mapping[str, Callable[[], Contender]],
    base: _Base,
    say: Callable[[str], None],
) -> list[dict[str, Any]]:
    config = changed(plan.config, {"batch_size": comparison.batch})
    first = comparison.base
    wanted = {first: lambda: base.get(comparison.batch, comparison.builders[first])}
    wanted |= {name: build for name, build in missing.items() if name != first}
    ready: dict[str, Contender] = {}
    rows: dict[str, dict[str, Any]] = {}
    try:
        for name, build in wanted.items():
            say(f"batch {comparison.batch}: preparing {name}")
            contender, rows[name] = _prepare(name, build)
            if contender is not None:
                ready[name] = contender
        turns = take_turns(ready, rounds=plan.rounds, turn_seconds=plan.turn_seconds)
        for name, seconds in turns.items():
            rows[name] |= _figures(config, seconds, turns.get(first, [])) | {
                "memory_bytes": ready[name].memory()
            }
    finally:
        for name, contender in ready.items():
            if name != first:
                contender.close()
    for name, row in rows.items():
        figure = row.get("error") or f"{row['tokens_per_second']:,.0f} tokens/s"
        say(f"batch {comparison.batch}: {name}: {figure}")
    return [row for name, row in rows.items() if name in missing]


def _prepare(name: str, build: Callable[[], Contender]) -> tuple[Contender | None, dict[str, Any]]:
    """Builds a contender and lets it take its first steps; a failure is a row, too."""
    start = time.perf_counter()
    contender = None
    try:
        contender = build()
        _, losses = contender.run(contender.steps_per_dispatch)
    except RuntimeError as error:  # also what XLA raises
        if contender is not None:
            contender.close()
        return None, {"contender": name, "error": str(error).strip().splitlines()[0][:300]}
    return contender, {
        "contender": name,
        "preparation_seconds": time.perf_counter() - start,
        "compile_seconds": contender.compile_seconds,
        "first_loss": losses[0],
    }


def take_turns(
    contenders: Mapping[str, Contender], *, rounds: int, turn_seconds: float
) -> dict[str, list[float]]:
    """Lets all contenders train, one after the other, round by round.

    Args:
        contenders: by name; each has taken its first step.
        rounds: after one to find how many steps make a turn.
        turn_seconds: at least so long a turn.

    Returns:
        Seconds a step, one entry a round.
    """
    steps, turns = {}, {name: [] for name in contenders}
    for name, contender in contenders.items():
        seconds, _ = contender.run(contender.steps_per_dispatch)
        steps[name] = contender.steps_per_dispatch * max(1, round(turn_seconds / seconds))
    for _ in range(rounds):
        for name, contender in contenders.items():
            seconds, _ = contender.run(steps[name])
            turns[name].append(seconds / steps[name])
    return turns


def _figures(config: TrainConfig, seconds: Sequence[float], base: Sequence[float]) -> dict[str, Any]:
    step = statistics.median(seconds)
    tokens_per_second = config.tokens_per_step / step
    ratios = sorted(own / ours for own, ours in zip(seconds, base, strict=False))
    return {
        "step_ms": 1e3 * step,
        "step_ms_least": 1e3 * min(seconds),
        "step_ms_most": 1e3 * max(seconds),
        "tokens_per_second": tokens_per_second,
        "mfu": model_flops_utilisation(config, tokens_per_second),
        "rounds": len(seconds),
        "times_ours": statistics.median(ratios) if ratios else None,
        "times_ours_least": ratios[0] if ratios else None,
        "times_ours_most": ratios[-1] if ratios else None,
    }
