"""The registry of export architectures, and which of them a model or a directory has."""

from typing import Any

from codelm_jax.errors import UserError
from codelm_jax.interop.architecture import Architecture
from codelm_jax.interop.gpt_neox import GPT_NEOX
from codelm_jax.interop.llama import LLAMA
from codelm_jax.model.config import ModelConfig

# To add one: a file like llama.py, and one line here.
ARCHITECTURES: list[Architecture] = [
    GPT_NEOX,
    LLAMA,
]


def architecture_of(config: ModelConfig) -> Architecture:
    """The public architecture that a model equals.

    Raises:
        UserError: there is none; says which combinations there are.
    """
    for architecture in ARCHITECTURES:
        if all(getattr(config, key) == value for key, value in architecture.needed.items()):
            return architecture
    found = ", ".join(f"{key} = {getattr(config, key)!r}" for key in GPT_NEOX.needed)
    known = "; ".join(
        f"{', '.join(map(repr, architecture.needed.values()))} ({architecture.name})"
        for architecture in ARCHITECTURES
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
    for architecture in ARCHITECTURES:
        if architecture.model_type == model_type:
            return architecture
    known = ", ".join(repr(architecture.model_type) for architecture in ARCHITECTURES)
    raise UserError(f"{name}: model_type = {model_type!r}: must be one of {known}")
