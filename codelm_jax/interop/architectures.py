"""The public architectures that this project's models equal, and which of them a model or a directory is."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from codelm_jax.errors import UserError
from codelm_jax.interop import gpt_neox, llama
from codelm_jax.interop.hf_config import Sizes
from codelm_jax.interop.tensors import NamedArrays
from codelm_jax.model.config import ModelConfig


@dataclasses.dataclass(frozen=True)
class Architecture:
    """One public architecture.

    Attributes:
        name: for people.
        needed: the keys of `config.model` that a model must have to be one.
        write: maps a model to the content of its `config.json` and its weights by name.
        words: reads `config.model` from the content of a `config.json`.
        read: maps weights back to parameters.
        attention_biases: names and sizes of the attention biases that it may have and this project's models lack.
    """

    name: str
    needed: Mapping[str, str]
    write: Callable[[ModelConfig, Mapping[str, Any]], tuple[dict[str, Any], dict[str, np.ndarray]]]
    words: Callable[[Mapping[str, Any], Sizes, str], dict[str, Any]]
    read: Callable[[ModelConfig, NamedArrays], dict[str, Any]]
    attention_biases: Callable[[ModelConfig], dict[str, int]]


ARCHITECTURES = {
    gpt_neox.MODEL_TYPE: Architecture(
        "GPT-NeoX",
        gpt_neox.NEEDED,
        gpt_neox.to_gpt_neox,
        gpt_neox.gpt_neox_words,
        gpt_neox.from_gpt_neox,
        gpt_neox.attention_biases,
    ),
    llama.MODEL_TYPE: Architecture(
        "Llama",
        llama.NEEDED,
        llama.to_llama,
        llama.llama_words,
        llama.from_llama,
        llama.attention_biases,
    ),
}


def architecture_of(config: ModelConfig) -> Architecture:
    """The public architecture that a model equals.

    Raises:
        UserError: there is none; says which combinations there are.
    """
    for architecture in ARCHITECTURES.values():
        if all(getattr(config, key) == value for key, value in architecture.needed.items()):
            return architecture
    keys = next(iter(ARCHITECTURES.values())).needed
    found = ", ".join(f"{key} = {getattr(config, key)!r}" for key in keys)
    known = "; ".join(
        f"{', '.join(map(repr, architecture.needed.values()))} ({architecture.name})"
        for architecture in ARCHITECTURES.values()
    )
    raise UserError(
        f"config.model: {found} has no public architecture to be exported as; these have: {known}"
    )


def architecture_named(model_type: Any, name: str) -> Architecture:
    """The architecture of a `config.json`.

    Args:
        model_type: its field of that name.
        name: of the file, for messages.

    Raises:
        UserError: it is not one that models of this project have.
    """
    if not isinstance(model_type, str) or model_type not in ARCHITECTURES:
        raise UserError(
            f"{name}: model_type = {model_type!r}: must be one of {', '.join(map(repr, ARCHITECTURES))}"
        )
    return ARCHITECTURES[model_type]
