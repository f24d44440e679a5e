"""Where the time of a training step goes, by kind of kernel, from JAX's profiler."""

import dataclasses
import re
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import jax
from jax.profiler import ProfileData

from codelm_jax.benchmarks.contenders import Ours

# The first pattern that matches the name of a kernel gives its kind. XLA names a fusion after its operations, the
# libraries of a GPU name products after their tiles; "ynn" are products and reductions of XLA's CPU library.
_KINDS = (
    ("attention kernel", r"attention_(forward|backward)"),
    ("matrix products", r"gemm|cutlass|cublas|nvjet|sm\d+_xmma|^dot|ynn_fusion"),
    ("collectives", r"nccl|all[-_]reduce|all[-_]gather"),
    ("random numbers", r"rng|threefry"),
    ("embedding", r"scatter|gather"),
    ("memory copies", r"memcpy|memset|^copy(\.|$)|^transpose_copy|^wrapped_(copy|transpose|broadcast)"),
    ("reductions", r"reduce"),
    ("element by element", r"fusion|^wrapped_|^loop_|^input_"),
)


@dataclasses.dataclass(frozen=True)
class Share:
    """The part of a step that one kind of kernel takes.

    Attributes:
        kind: of kernel.
        ms_per_step: sum over its kernels and over devices.
        launches_per_step: sum over its kernels and over devices.
    """

    kind: str
    ms_per_step: float
    launches_per_step: float


def kind_of(kernel: str) -> str:
    """The kind of a kernel, from its name."""
    return next((kind for kind, pattern in _KINDS if re.search(pattern, kernel.lower())), "other")


def by_kind(ours: Ours, steps: int = 3) -> list[Share]:
    """Profiles a few steps; the largest share comes first."""
    ours.run(ours.steps_per_dispatch)
    with tempfile.TemporaryDirectory() as directory:
        with jax.profiler.trace(directory):
            ours.run(steps * ours.steps_per_dispatch)
        (trace,) = Path(directory).rglob("*.xplane.pb")
        events = list(_kernels(ProfileData.from_file(str(trace)), set(ours.instructions())))
    return shares(events, steps * ours.steps_per_dispatch)


def shares(kernels: Iterable[tuple[str, float]], steps: int) -> list[Share]:
    """Sums (name, nanoseconds) by kind."""
    seconds: dict[str, list[float]] = defaultdict(list)
    for name, nanoseconds in kernels:
        seconds[kind_of(name)].append(nanoseconds)
    found = [Share(kind, sum(times) / steps / 1e6, len(times) / steps) for kind, times in seconds.items()]
    return sorted(found, key=lambda share: -share.ms_per_step)


def table(found: list[Share]) -> str:
    """Aligned text."""
    total = sum(share.ms_per_step for share in found) or 1.0
    lines = [f"{'where a step goes':24}{'ms':>10}{'share':>8}{'launches':>10}"]
    lines += [
        f"{share.kind:24}{share.ms_per_step:>10.2f}{share.ms_per_step / total:>8.1%}{share.launches_per_step:>10.0f}"
        for share in found
    ]
    return "\n".join(lines)


def _kernels(profile: Any, instructions: set[str]) -> Iterator[tuple[str, float]]:
    """The planes of a GPU list kernels by stream; on a CPU, kernels are the events named after instructions."""
    planes = list(profile.planes)
    gpus = [plane for plane in planes if plane.name.startswith("/device:GPU")]
    for plane in gpus or planes:
        for line in plane.lines:
            if gpus and not line.name.startswith("Stream"):
                continue
            for event in line.events:
                if gpus or event.name in instructions:
                    yield event.name, event.duration_ns
