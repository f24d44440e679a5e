"""The prepared sets that a run trains on, and how much it takes of each: keys of `config.data` that change no prepared data."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import pydantic

from codelm_jax.data.infilling import Infilling
from codelm_jax.data.mixture import Mixture, MixtureRow
from codelm_jax.data.prepared import PreparedData, load_prepared
from codelm_jax.data.tokens import TokenFile
from codelm_jax.data.windows import WindowKind, cut_into_windows
from codelm_jax.errors import UserError
from codelm_jax.schema import STRICT, parse

# The set in `config.data.prepared_dir`.
OWN = "corpus"

# A config that went through JSON holds lists where the Python one holds tuples.
_SetRow = Annotated[tuple[str, str, WindowKind], pydantic.Field(strict=False)]
_MixtureRow = Annotated[tuple[Annotated[int, pydantic.Field(ge=0)], str, float], pydantic.Field(strict=False)]


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)
class TrainingSetsConfig:
    """The keys of `config.data` about training sets.

    Attributes:
        windows: how the run's own set, called "corpus", is cut: "stream" or "documents".
        sets: rows (name, prepared_dir, windows) of further sets, prepared before with the tokenizer of the run's own.
        mixture: rows (first step, name, weight); () trains on the own set alone.
    """

    windows: WindowKind = "stream"
    sets: Annotated[tuple[_SetRow, ...], pydantic.Field(strict=False)] = ()
    mixture: Annotated[tuple[_MixtureRow, ...], pydantic.Field(strict=False)] = ()

    @property
    def names(self) -> list[str]:
        """Names of all sets, the run's own first."""
        return [OWN, *(name for name, _, _ in self.sets)]


TRAINING_KEYS = frozenset(field.name for field in dataclasses.fields(TrainingSetsConfig))


@dataclass(frozen=True)
class TrainingSet:
    """One prepared set as training reads it.

    Attributes:
        name: by which a mixture refers to it.
        tokens: of its training split.
        windows: how they are cut.
        infilling: applied to its windows, or None.
    """

    name: str
    tokens: TokenFile
    windows: WindowKind = "stream"
    infilling: Infilling | None = None


@dataclass(frozen=True)
class TrainingData:
    """What `train_batches` draws from.

    Attributes:
        sets: all with the same tokenizer.
        mixture: rows (first step, set, weight); empty: everything from the first set.
    """

    sets: tuple[TrainingSet, ...]
    mixture: tuple[MixtureRow, ...] = ()

    def epochs(self, steps: int, *, batch_size: int, seq_length: int) -> dict[str, float]:
        """How often the targets of each set are trained on in the first `steps` steps, on average."""
        mixture = Mixture(self.mixture, [each.name for each in self.sets], batch_size=batch_size, seed=0)
        taken = mixture.counts(steps * batch_size)
        per_epoch = [
            cut_into_windows(each.tokens, each.windows, seq_length=seq_length, seed=0).per_epoch
            for each in self.sets
        ]
        return {
            each.name: int(count) / windows
            for each, count, windows in zip(self.sets, taken, per_epoch, strict=True)
        }


@dataclass(frozen=True)
class OpenedSets:
    """The sets of a run with what its checkpoints record of them.

    Attributes:
        data: what to train on.
        record: the keys and the fingerprint of each further set, as plain JSON; {} for the own set as a stream.
        decontaminated: benchmark files that were kept out of all sets.
    """

    data: TrainingData
    record: dict[str, Any]
    decontaminated: tuple[str, ...]


def parse_training_sets(data: Mapping[str, Any]) -> TrainingSetsConfig:
    """Reads the keys about training sets from the section `config.data`; older sections lack them.

    Raises:
        UserError: names the key at fault.
    """
    given = {key: data[key] for key in TRAINING_KEYS if key in data}
    config = parse(TrainingSetsConfig, given, "config.data")
    repeated = [name for name in config.names if config.names.count(name) > 1]
    if repeated:
        raise UserError(f"config.data.sets: {repeated[0]!r} names two sets; rename one")
    if config.sets and not config.mixture:
        raise UserError("config.data.mixture: () takes nothing of config.data.sets; give each set a weight")
    Mixture(config.mixture, config.names, batch_size=1, seed=0)
    return config


def open_training_sets(
    config: TrainingSetsConfig, own: PreparedData, decontaminated: Sequence[str] = ()
) -> OpenedSets:
    """Opens the sets of a run.

    Args:
        config: of the run.
        own: the data of `config.data.prepared_dir`.
        decontaminated: benchmark files that were kept out of it.

    Raises:
        UserError: a set is missing or damaged, or was encoded by another tokenizer.
    """
    sets, fingerprints = [TrainingSet(OWN, own.train, config.windows)], {}
    clean_of = list(decontaminated)
    for name, directory, windows in config.sets:
        prepared = load_prepared(directory)
        if prepared.tokenizer.to_json() != own.tokenizer.to_json():
            raise UserError(
                f"config.data.sets: {directory} was encoded by another tokenizer than {own.directory}; prepare it with"
                f" --config.data.tokenizer_path={own.directory}/tokenizer.json"
            )
        sets.append(TrainingSet(name, prepared.train, windows))
        fingerprints[name] = prepared.fingerprint
        # By name: a set may have been prepared where the files lay elsewhere.
        benchmarks = prepared.manifest.get("decontamination", {}).get("benchmarks", ())
        kept_out = {Path(path).name for path in benchmarks}
        clean_of = [path for path in clean_of if Path(path).name in kept_out]
    record: dict[str, Any] = {}
    if config != TrainingSetsConfig():
        record = {
            "windows": {each.name: each.windows for each in sets},
            "mixture": [list(row) for row in config.mixture],
            "fingerprints": fingerprints,
        }
    return OpenedSets(TrainingData(tuple(sets), config.mixture), record, tuple(clean_of))
