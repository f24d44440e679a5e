"""What a public architecture is to this project: the fields of its `config.json` and the tensors of its weights."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from codelm_jax.interop.hf_config import (
    ENDOFTEXT_ID,
    HfSizes,
    check_fixed,
    model_settings,
    read_sizes,
    require,
)
from codelm_jax.interop.tensor_map import TensorMap
from codelm_jax.interop.tensors import NamedArrays
from codelm_jax.model.config import ModelConfig

_Fields = Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class Architecture:
    """One public architecture that models of this project equal: the same function under other names and layouts.

    Attributes:
        name: for people.
        model_type: field of `config.json` that identifies it.
        hf_class: the class of transformers.
        needed: the values of `config.model` that a model must have.
        fixed: fields of `config.json`, beyond the sizes, that an import requires.
        assumed: what readers take missing fields for where that differs from `fixed`, given the content.
        written: fields of an export that an import ignores.
        tensors: of the weights.
        attention_biases: a layer's optional attention biases, which this project's models lack: name and size, as a
            multiple of `hidden_dim`.
    """

    name: str
    model_type: str
    hf_class: str
    needed: Mapping[str, str]
    fixed: Callable[[HfSizes], _Fields]
    assumed: Callable[[_Fields], _Fields]
    written: _Fields
    tensors: TensorMap
    attention_biases: Mapping[str, int]

    def write(
        self, config: ModelConfig, params: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """Maps a model to the content of its `config.json` and its weights by name, of the type of `params`.

        Raises:
            UserError: the model is not one of this architecture.
        """
        require(config, self.needed, self.name)
        sizes = HfSizes.of(config)
        fields = {
            "architectures": [self.hf_class],
            "model_type": self.model_type,
            **dataclasses.asdict(sizes),
            **self.fixed(sizes),
            "attention_bias": False,
            "attention_dropout": 0.0,
            **self.written,
            "bos_token_id": ENDOFTEXT_ID,
            "eos_token_id": ENDOFTEXT_ID,
        }
        return fields, self.tensors.to_tensors(config, params)

    def settings(self, given: _Fields, name: str) -> dict[str, Any]:
        """Reads `config.model` from the content of a `config.json`.

        Args:
            given: the content.
            name: of the file, for messages.

        Raises:
            UserError: it is not a model of this project; names the field.
        """
        sizes = read_sizes(given, name)
        fixed = self.fixed(sizes)
        check_fixed(given, fixed, {**fixed, **self.assumed(given)}, name)
        return model_settings(sizes, self.needed)

    def read(self, config: ModelConfig, arrays: NamedArrays) -> dict[str, Any]:
        """Maps weights back to float32 parameters: the inverse of `write`, bit by bit in float32.

        Raises:
            UserError: a tensor is missing or of another shape, or a bias is not zero.
        """
        params = self.tensors.to_params(config, arrays)
        for name, size in self.bias_sizes(config).items():
            arrays.drop_zeros_if_there(name, size)
        return params

    def bias_sizes(self, config: ModelConfig) -> dict[str, int]:
        """Names and sizes of all optional attention biases."""
        return {
            f"{self.tensors.layers}.{i}.{name}": multiple * config.hidden_dim
            for i in range(config.num_layers)
            for name, multiple in self.attention_biases.items()
        }
