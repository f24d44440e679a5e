"""Training speed: the step of this package next to variants of it and to PyTorch.

Contenders take turns in rounds, so that other load on the machine affects all of them. Figures are medians over the
rounds, and a ratio compares turns of the same round. Every comparison is written to the file as soon as it is measured.
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

# Modes of PyTorch for every batch size, and modes for the first one only, because they take minutes.
PEER_MODES = ("default", "eager")
PEER_MODES_ONCE = ("reduce-overhead", "max-autotune")

# Number of variants that are measured before further batch sizes.
_FIRST_VARIANTS = 3

# Environment variables that change the speed of a program.
_ENVIRONMENT = ("XLA_FLAGS", "GLIBC_TUNABLES")


@dataclasses.dataclass(frozen=True)
class Plan:
    """What to compare.

    Attributes:
        config: of the run; `batch_sizes` replaces its batch size.
        batch_sizes: windows per step, the most important first.
        dtypes: of the computation; ratios are to the first.
        peer_modes: PyTorch's, at every batch size; empty for none.
        peer_modes_once: PyTorch's, at the first batch size, after all else.
        variants: of this package's step, at the first batch size, the most important first.
        rounds: turns of each contender.
        turn_seconds: least length of a turn.
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
    """Contenders that take turns; the first is ours, and the base of the ratios."""

    part: str
    batch: int
    builders: Mapping[str, Callable[[], Contender]]

    @property
    def base(self) -> str:
        """Ours."""
        return next(iter(self.builders))


def setting(config: TrainConfig) -> dict[str, Any]:
    """What the results of one file share: the run without batch size and precision, and the machine."""
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
    """Measures what the plan contains and the file does not.

    A contender that fails, for example for lack of memory, is a result too: its row has an `error`.

    Raises:
        UserError: PyTorch is needed but not installed, or does not support the config; or a batch size is not a multiple
            of `grad_accum_steps`.
    """
    if plan.peer_modes or plan.peer_modes_once:
        check_peer(plan.config)
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
    """Our contender, kept between comparisons of the same batch size because it takes long to compile."""

    def __init__(self) -> None:
        self._batch, self._contender = 0, None

    def get(self, batch: int, build: Callable[[], Contender]) -> Contender:
        """The contender of this batch size, built if needed."""
        if self._contender is None or self._batch != batch:
            self.close()
            self._batch, self._contender = batch, build()
        return self._contender

    def close(self) -> None:
        """Frees its memory."""
        if self._contender is not None:
            self._contender.close()
        self._contender = None


def _comparisons(plan: Plan) -> Iterator[_Comparison]:
    """The most important first: PyTorch, the most important variants, other batch sizes, other variants."""

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
    yield from ablations[:_FIRST_VARIANTS]
    yield from map(speed, plan.batch_sizes[1:])
    yield from ablations[_FIRST_VARIANTS:]
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
    """Builds a contender and takes its first steps; a failure becomes a row with an `error`."""
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
    """All contenders train in turns.

    Args:
        contenders: by name; each has taken its first step.
        rounds: measured rounds, after one that finds the number of steps in a turn.
        turn_seconds: least length of a turn.

    Returns:
        Seconds per step, one entry per round.
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
