"""The fields of a Hugging Face `config.json` that all architectures share, and how they are checked."""

from collections.abc import Mapping
from typing import Annotated, Any

import pydantic
from pydantic.dataclasses import dataclass

from codelm_jax.errors import UserError
from codelm_jax.model.config import ModelConfig
from codelm_jax.ops.rotary import ROPE_BASE
from codelm_jax.schema import parse

ENDOFTEXT_ID = 0
# Must be absent: quantisation and scaled positions.
_ABSENT = ("quantization_config", "rope_scaling")

_Size = Annotated[int, pydantic.Field(ge=1, lt=2**31)]


@dataclass(frozen=True, config=pydantic.ConfigDict(extra="ignore", strict=True))
class HfSizes:
    """The fields of a `config.json` that differ from model to model."""

    vocab_size: _Size
    hidden_size: _Size
    num_hidden_layers: _Size
    num_attention_heads: _Size
    intermediate_size: _Size
    max_position_embeddings: _Size

    @classmethod
    def of(cls, config: ModelConfig) -> "HfSizes":
        """Returns the sizes of a model."""
        return cls(
            vocab_size=config.vocab_size,
            hidden_size=config.hidden_dim,
            num_hidden_layers=config.num_layers,
            num_attention_heads=config.num_heads,
            intermediate_size=config.ffn_dim,
            max_position_embeddings=config.max_seq_length,
        )


def require(config: ModelConfig, needed: Mapping[str, str], architecture: str) -> None:
    """Checks that an architecture computes the same function as a model.

    Args:
        config: the model.
        needed: values of `config.model` that the architecture requires.
        architecture: its public name.

    Raises:
        UserError: names the first key that differs.
    """
    for key, value in needed.items():
        if getattr(config, key) != value:
            raise UserError(
                f"config.model.{key} = {getattr(config, key)!r}: {architecture} has only {value!r}, so this model "
                "cannot be exported"
            )


def read_sizes(given: Mapping[str, Any], name: str) -> HfSizes:
    """Reads the sizes from the content of a `config.json`.

    Args:
        given: the content.
        name: of the file, for messages.

    Raises:
        UserError: a size is missing or not a positive integer.
    """
    return parse(HfSizes, given, name)


def check_fixed(
    given: Mapping[str, Any], fixed: Mapping[str, Any], assumed: Mapping[str, Any], name: str
) -> None:
    """Checks that the model of a `config.json` computes what this project's models compute.

    Args:
        given: the content.
        fixed: required values; mappings are compared field by field.
        assumed: the values that readers use for missing fields.
        name: of the file, for messages.

    Raises:
        UserError: names the first field that differs, and what it must be.
    """
    for key in _ABSENT:
        if given.get(key) is not None:
            raise UserError(
                f"{name}: {key} = {given[key]!r}: must be left out; this project has no such models"
            )
    stated = {key: value for key, value in given.items() if value is not None}
    complete = {**assumed, **stated}
    for key, needed in fixed.items():
        found = complete.get(key)
        if isinstance(needed, Mapping) and isinstance(found, Mapping):
            check_fixed(found, needed, assumed.get(key, {}), f"{name}: {key}")
        elif found != needed:
            shown = repr(found) if key in stated else f"left out, which means {found!r}"
            raise UserError(
                f"{name}: {key} = {shown}: must be {needed!r}; this project's models compute nothing else"
            )


def model_settings(sizes: HfSizes, needed: Mapping[str, str]) -> dict[str, Any]:
    """Returns `config.model` of a model that only its `config.json` describes: no dropout, the usual initialisation.

    Args:
        sizes: of the model.
        needed: the values that its architecture fixes.
    """
    return {
        "arch_type": "transformer",
        "num_layers": sizes.num_hidden_layers,
        "hidden_dim": sizes.hidden_size,
        "num_heads": sizes.num_attention_heads,
        "ffn_multiplier": _multiplier(sizes.hidden_size, sizes.intermediate_size),
        **needed,
        "attention_dropout": 0.0,
        "residual_dropout": 0.0,
        "vocab_size": sizes.vocab_size,
        "max_seq_length": sizes.max_position_embeddings,
        "init": "normal",
    }


def default_rope() -> dict[str, Any]:
    """The `rope_parameters` of a rotary embedding without scaling."""
    return {"rope_type": "default", "rope_theta": ROPE_BASE}


def _multiplier(hidden_size: int, intermediate_size: int) -> float:
    """A multiplier that `ModelConfig.ffn_dim` turns back into exactly `intermediate_size`, in spite of rounding."""
    exact = intermediate_size / hidden_size
    return exact if int(hidden_size * exact) == intermediate_size else (intermediate_size + 0.5) / hidden_size
