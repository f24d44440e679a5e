"""The settings of a training run, checked once at the boundary."""

import dataclasses
from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeVar

import pydantic
from pydantic.dataclasses import dataclass

from codelm_jax.errors import UserError, did_you_mean
from codelm_jax.model.config import ModelConfig
from codelm_jax.schema import STRICT, parse

T = TypeVar("T")

# Steps are counted in 32 bits.
Positive = Annotated[int, pydantic.Field(ge=1, lt=2**31)]
Beta = Annotated[float, pydantic.Field(ge=0.0, lt=1.0)]


# Settings of checkpoints that lack them: imports of unknown origin, and checkpoints of older versions.
_UNSAID = {"label_smoothing": 0.1, "compute_dtype": "auto"}


@dataclass(frozen=True, config=STRICT)
class ScoringConfig:
    """The settings that scores depend on."""

    model: ModelConfig
    label_smoothing: Annotated[float, pydantic.Field(ge=0.0, lt=1.0)]
    compute_dtype: Literal["auto", "float32", "bfloat16"]
    attention: Literal["auto", "xla", "kernel"]


@dataclass(frozen=True, config=STRICT)
class TrainConfig(ScoringConfig):
    """The keys that `configs/strongreg.py` documents, without the data section."""

    seed: Annotated[int, pydantic.Field(ge=0, lt=2**32)]
    max_steps: Positive
    batch_size: Positive
    grad_accum_steps: Positive
    learning_rate: Annotated[float, pydantic.Field(gt=0.0)]
    final_learning_rate: Annotated[float, pydantic.Field(ge=0.0)]
    warmup_steps: Annotated[int, pydantic.Field(ge=0, lt=2**31)]
    beta1: Beta
    beta2: Beta
    weight_decay: Annotated[float, pydantic.Field(ge=0.0)]
    grad_clip: Annotated[float, pydantic.Field(gt=0.0)]
    deterministic: bool
    log_every: Positive
    eval_every: Positive
    eval_tokens: Positive
    final_eval_tokens: Positive
    monitor_every: Annotated[int, pydantic.Field(ge=0)]
    monitor_samples: Positive
    checkpoint_every: Positive
    checkpoint_minutes: Annotated[float, pydantic.Field(gt=0.0)]
    # A config that went through JSON holds a list here.
    keep_steps: Annotated[tuple[Positive, ...], pydantic.Field(strict=False)]
    max_nonfinite_steps: Positive
    # Keys that older runs lack; the defaults are how they were trained.
    optimizer: str = "adamw"
    schedule: str = "cosine"
    decay_share: Annotated[float, pydantic.Field(gt=0.0, le=1.0)] = 0.2

    def __post_init__(self) -> None:
        if self.batch_size % self.grad_accum_steps:
            raise ValueError(
                f"grad_accum_steps = {self.grad_accum_steps} must divide batch_size = {self.batch_size}"
            )
        if self.final_learning_rate > self.learning_rate:
            raise ValueError(
                f"final_learning_rate = {self.final_learning_rate} is above learning_rate = {self.learning_rate}"
            )

    @property
    def tokens_per_step(self) -> int:
        """Target tokens in one optimizer step."""
        return self.batch_size * self.model.max_seq_length


# Values of keys that a run lacks because it was trained before they existed.
LATER_KEYS = {
    field.name: field.default
    for field in dataclasses.fields(TrainConfig)
    if field.default is not dataclasses.MISSING
}


def registered(registry: Mapping[str, T], key: str, name: str) -> T:
    """The entry that `config.KEY` names.

    Raises:
        UserError: there is no such entry; lists those there are.
    """
    if name not in registry:
        hint = did_you_mean(name, [*registry])
        raise UserError(f"config.{key} = {name!r}: not known{hint}; there are {', '.join(registry)}")
    return registry[name]


def parse_train_config(config: Mapping[str, Any]) -> TrainConfig:
    """Checks a resolved config dictionary, its `data` section aside.

    Raises:
        UserError: names the first key at fault.
    """
    values = {key: value for key, value in config.items() if key != "data"}
    model = parse(ModelConfig, values.pop("model", {}), "config.model")
    return parse(TrainConfig, {**values, "model": model}, "config")


def saved_scoring_config(saved: Mapping[str, Any]) -> ScoringConfig:
    """How to score a checkpoint, from its config; the implementation of attention is chosen by this machine.

    Raises:
        UserError: names the first key at fault.
    """
    model = parse(ModelConfig, saved["model"], "config.model")
    values = {key: saved.get(key, unsaid) for key, unsaid in _UNSAID.items()}
    return parse(ScoringConfig, {**values, "model": model, "attention": "auto"}, "config")
