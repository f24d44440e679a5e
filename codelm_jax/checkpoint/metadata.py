"""The metadata of a checkpoint or an export: what sampling, evaluating and resuming need besides the arrays.

The JSON on disk is flat. Keys that older versions did not write get their defaults here and nowhere else.
"""

import dataclasses
from collections.abc import Mapping
from typing import Annotated, Any

import pydantic
from pydantic.dataclasses import dataclass

from codelm_jax.schema import parse

_LENIENT = pydantic.ConfigDict(extra="ignore", strict=True)


@dataclass(frozen=True, config=_LENIENT)
class Parent:
    """The checkpoint that a run took its initial weights from.

    Attributes:
        checkpoint: path, as given to `--init_from`.
        step: its step.
        data_fingerprint: of the data that it was trained on.
    """

    checkpoint: str
    step: int
    data_fingerprint: str


@dataclass(frozen=True, config=_LENIENT)
class RunMeta:
    """What a run records with every step.

    With `config` and `tokenizer_json` alone it describes a model of unknown origin.

    Attributes:
        config: the resolved training config; only `config["model"]` is always there.
        tokenizer_json: text of the tokenizer file.
        human_band: reference statistics of human code, from the prepared data.
        data_fingerprint: of the prepared data.
        mixture: windows, mixture and fingerprints of further training sets; {} for one set as a stream.
        decontaminated: benchmark files that neither the run's training sets nor its parents' contain.
        began_from: where the initial weights come from; None if they were random.
        versions: package name to version.
        device_kind: JAX's name of the device.
        device_count: number of devices.
        cpu_count: usable CPU cores; None if unknown.
        xla_flags: the environment variable XLA_FLAGS.
        attention_path: implementation of attention.
    """

    config: dict[str, Any]
    tokenizer_json: str
    human_band: dict[str, Any] = dataclasses.field(default_factory=dict)
    data_fingerprint: str = "unknown"
    mixture: dict[str, Any] = dataclasses.field(default_factory=dict)
    # JSON holds a list.
    decontaminated: Annotated[tuple[str, ...], pydantic.Field(strict=False)] = ()
    began_from: Parent | None = None
    versions: dict[str, str] = dataclasses.field(default_factory=dict)
    device_kind: str = "unknown"
    device_count: int = 1
    cpu_count: int | None = None
    xla_flags: str = ""
    attention_path: str = "xla"

    def __post_init__(self) -> None:
        if not isinstance(self.config.get("model"), dict):
            raise ValueError("config.model is missing")

    @property
    def model(self) -> dict[str, Any]:
        """`config.model`, the architecture."""
        return self.config["model"]

    @property
    def prepared_dir(self) -> str | None:
        """Directory of the prepared data; None for an export, which does not name it."""
        return self.config.get("data", {}).get("prepared_dir")

    def to_json(self) -> dict[str, Any]:
        """Returns the metadata as plain JSON."""
        return {**dataclasses.asdict(self), "vocab_size": self.model.get("vocab_size")}

    @classmethod
    def from_json(cls, values: Mapping[str, Any], name: str) -> "RunMeta":
        """Reads what this or an older version wrote.

        Args:
            values: content of the JSON.
            name: of its place, for messages.

        Raises:
            UserError: names the first key that is missing or wrong.
        """
        values = dict(values)
        if "decontaminated" not in values and isinstance(config := values.get("config"), Mapping):
            # Before runs could begin from other weights, their own data section said all of it.
            values["decontaminated"] = config.get("data", {}).get("decontaminate", ())
        if isinstance(parent := values.get("began_from"), Mapping):
            values["began_from"] = parse(Parent, parent, f"{name}.began_from")
        return parse(cls, values, name)
