"""Several prepared sets in one run: how much of each, from which step on, and how windows are cut from them."""

import bisect
import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pydantic

from codelm_jax.data.prepared import PreparedData, load_prepared
from codelm_jax.data.tokens import TokenFile
from codelm_jax.errors import UserError
from codelm_jax.schema import STRICT, parse

# Longer patterns say nothing that a shorter one could not, and cost memory.
_LARGEST_TOTAL = 10_000

WindowKind = Literal["stream", "documents"]

# (prepared_dir, weight, from_step); a config that went through JSON holds lists here.
_Row = Annotated[
    tuple[str, Annotated[int, pydantic.Field(ge=0)], Annotated[int, pydantic.Field(ge=0)]],
    pydantic.Field(strict=False),
]


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)
class MixtureConfig:
    """The keys of `config.data` that say how prepared sets are used in training; they change no prepared data.

    Attributes:
        mixture: rows of (prepared_dir, weight, from_step): from that step on, the set has that weight, until a later row
            changes it. Weights are whole numbers: 3 and 1 stand for three windows to one. () trains on
            `config.data.prepared_dir` alone; otherwise it is a set like the others, and the only one that is evaluated.
        windows: "stream" cuts the tokens anywhere; "documents" packs whole documents.
    """

    mixture: Annotated[tuple[_Row, ...], pydantic.Field(strict=False)] = ()
    windows: WindowKind = "stream"


MIXTURE_KEYS = tuple(field.name for field in dataclasses.fields(MixtureConfig))


@dataclass(frozen=True)
class Phase:
    """From `from_step` on, `weights[k]` of every `sum(weights)` windows come from set `k`."""

    from_step: int
    weights: tuple[int, ...]


@dataclass(frozen=True)
class TokenMixture:
    """What `train_batches` draws from.

    Attributes:
        sets: the token files.
        phases: in order; the first is from step 0.
        windows: how each of them is cut.
    """

    sets: tuple[TokenFile, ...]
    phases: tuple[Phase, ...]
    windows: WindowKind = "stream"


@dataclass(frozen=True)
class OpenedMixture:
    """A mixture with what checkpoints record of it.

    Attributes:
        tokens: what to train on.
        record: windows and rows with the fingerprint of each set, as plain JSON; {} for one set as a stream.
        decontaminated: of the benchmark files of the run's own set, those that were kept out of all sets, by name.
    """

    tokens: TokenFile | TokenMixture
    record: dict[str, Any]
    decontaminated: tuple[str, ...]


class Schedule:
    """Which window of which set stands at each place of a run; exact, and without state.

    Within a phase the sets alternate in a fixed pattern that keeps every prefix within one window of the weights.

    Args:
        phases: of a `TokenMixture`.
        batch_size: windows a step.
    """

    def __init__(self, phases: Sequence[Phase], batch_size: int):
        self._batch_size = batch_size
        self._steps = [phase.from_step for phase in phases]
        self._patterns = [_pattern(phase.weights) for phase in phases]
        count = len(phases[0].weights)
        self._before = [  # windows of each set before each place of a pattern, [places + 1, sets]
            np.concatenate(
                [np.zeros((1, count), np.int64), np.cumsum(pattern[:, None] == np.arange(count), axis=0)]
            )
            for pattern in self._patterns
        ]
        self._base = [np.zeros(count, np.int64)]
        for phase in range(len(phases) - 1):
            length = (self._steps[phase + 1] - self._steps[phase]) * batch_size
            self._base.append(self._base[-1] + self._within(phase, length))

    def locate(self, step: int, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Set and window number of the rows of a batch, int64 [rows] each."""
        phase = bisect.bisect_right(self._steps, step) - 1
        pattern, before = self._patterns[phase], self._before[phase]
        blocks, places = np.divmod((step - self._steps[phase]) * self._batch_size + rows, len(pattern))
        sets = pattern[places]
        return sets, self._base[phase][sets] + blocks * before[-1][sets] + before[places, sets]

    def taken(self, step: int) -> np.ndarray:
        """Windows of each set in the first `step` steps, int64 [sets]."""
        phase = bisect.bisect_right(self._steps, step) - 1
        return self._base[phase] + self._within(phase, (step - self._steps[phase]) * self._batch_size)

    def _within(self, phase: int, windows: int) -> np.ndarray:
        blocks, places = divmod(windows, len(self._patterns[phase]))
        return blocks * self._before[phase][-1] + self._before[phase][places]


def parse_mixture(data: Mapping[str, Any]) -> MixtureConfig:
    """Reads the keys of a mixture from the section `config.data`.

    Raises:
        UserError: names the key at fault.
    """
    given = {key: data[key] for key in MIXTURE_KEYS if key in data}
    config = parse(MixtureConfig, given, "config.data")
    for phase in _phases(config.mixture):
        if not 0 < sum(phase.weights) <= _LARGEST_TOTAL:
            raise UserError(
                f"config.data.mixture: the weights from step {phase.from_step} on add up to {sum(phase.weights)}; they must"
                f" add up to 1 to {_LARGEST_TOTAL}"
            )
    return config


def open_mixture(
    config: MixtureConfig, own: PreparedData, decontaminated: Sequence[str] = ()
) -> OpenedMixture:
    """Opens the sets of a mixture.

    Args:
        config: of the run.
        own: the data of `config.data.prepared_dir`; its tokenizer is that of all sets.
        decontaminated: benchmark files that were kept out of it.

    Raises:
        UserError: a set is missing or damaged, or was encoded by another tokenizer.
    """
    if not config.mixture:
        if config.windows == "stream":
            return OpenedMixture(own.train, {}, tuple(decontaminated))
        single = TokenMixture((own.train,), (Phase(0, (1,)),), config.windows)
        return OpenedMixture(single, {"windows": config.windows, "sets": []}, tuple(decontaminated))
    opened: dict[str, PreparedData] = {}
    for directory, _, _ in config.mixture:
        if directory not in opened:
            same = Path(directory).resolve() == own.directory.resolve()
            opened[directory] = own if same else load_prepared(directory)
    for directory, prepared in opened.items():
        if prepared.tokenizer.to_json() != own.tokenizer.to_json():
            raise UserError(
                f"config.data.mixture: {directory} was encoded by another tokenizer than {own.directory}; prepare it with"
                f" --config.data.tokenizer_path={own.directory}/tokenizer.json"
            )
    tokens = TokenMixture(
        tuple(prepared.train for prepared in opened.values()), _phases(config.mixture), config.windows
    )
    sets = [
        {"fingerprint": opened[directory].fingerprint, "weight": weight, "from_step": step}
        for directory, weight, step in config.mixture
    ]
    kept_out = [_benchmark_names(prepared) for prepared in opened.values()]
    clean_of = [path for path in decontaminated if all(Path(path).name in names for names in kept_out)]
    return OpenedMixture(tokens, {"windows": config.windows, "sets": sets}, tuple(clean_of))


def _phases(rows: Sequence[tuple[str, int, int]]) -> tuple[Phase, ...]:
    """One phase for each step at which a weight changes, and one from step 0."""
    sets = list(dict.fromkeys(directory for directory, _, _ in rows))
    phases = []
    for step in sorted({0, *(step for _, _, step in rows)}) if rows else ():
        weights = dict.fromkeys(sets, 0)
        for directory, weight, _ in sorted((r for r in rows if r[2] <= step), key=lambda row: row[2]):
            weights[directory] = weight
        phases.append(Phase(step, tuple(weights.values())))
    return tuple(phases)


def _pattern(weights: Sequence[int]) -> np.ndarray:
    """Set after set, each time the one that is furthest behind its weight: int64 [sum of the reduced weights]."""
    divisor = math.gcd(*weights)
    weights = [weight // divisor for weight in weights]
    total = sum(weights)
    taken = [0] * len(weights)
    pattern = []
    for place in range(1, total + 1):
        chosen = max(range(len(weights)), key=lambda k: place * weights[k] - total * taken[k])
        taken[chosen] += 1
        pattern.append(chosen)
    return np.array(pattern, np.int64)


def _benchmark_names(prepared: PreparedData) -> set[str]:
    record = prepared.manifest.get("decontamination", {})
    return {Path(path).name for path in record.get("benchmarks", ())}
