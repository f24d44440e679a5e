"""Parameters as tensors of a weights file, and back: one table for both directions."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal

import numpy as np

from codelm_jax.checkpoint.tree import leaf_table, nest
from codelm_jax.interop.tensors import NamedArrays
from codelm_jax.model.config import ModelConfig

_Shape = tuple[int, ...]


@dataclasses.dataclass(frozen=True)
class Layout:
    """How one parameter is stored.

    Attributes:
        split: from a parameter to its tensors.
        join: from the tensors to a parameter of the given shape, the inverse of `split`.
    """

    split: Callable[[np.ndarray], list[np.ndarray]]
    join: Callable[[list[np.ndarray], _Shape], np.ndarray]


PLAIN = Layout(lambda param: [param], lambda tensors, shape: tensors[0])
# A kernel [in, out] as PyTorch stores it, [out, in].
TRANSPOSED = Layout(
    lambda param: [param.reshape(-1, param.shape[-1]).T],
    lambda tensors, shape: tensors[0].T.reshape(shape),
)
# qkv_D3HK as three tensors [H * K, D].
SEPARATE_QKV = Layout(
    lambda qkv: [qkv[:, i].reshape(len(qkv), -1).T for i in range(3)],
    lambda tensors, shape: np.stack([tensor.T.reshape(shape[0], *shape[2:]) for tensor in tensors], axis=1),
)
# qkv_D3HK as one tensor [H * 3 * K, D]: queries, keys and values interleave head by head.
INTERLEAVED_QKV = Layout(
    lambda qkv: [qkv.transpose(2, 1, 3, 0).reshape(-1, len(qkv))],
    lambda tensors, shape: tensors[0].reshape(shape[2], 3, shape[3], shape[0]).transpose(3, 1, 0, 2),
)


@dataclasses.dataclass(frozen=True)
class Stored:
    """A parameter and its tensors.

    Attributes:
        param: path of the parameter, such as `attention/qkv/kernel`; of a layer's, the path below the layer.
        tensors: their names in the file.
        layout: how the parameter is stored.
    """

    param: str
    tensors: tuple[str, ...]
    layout: Layout = PLAIN


@dataclasses.dataclass(frozen=True)
class ZeroBias:
    """A bias that the architecture has and this project's models lack: written as zeros, refused with other values."""

    tensor: str
    size: Literal["hidden_dim", "ffn_dim"]


@dataclasses.dataclass(frozen=True)
class TensorMap:
    """All tensors of an architecture.

    Attributes:
        model: outside the layers.
        layer: of each layer.
        layers: prefix of a layer's tensors, before `.0.`.
    """

    model: tuple[Stored | ZeroBias, ...]
    layer: tuple[Stored | ZeroBias, ...]
    layers: str

    def to_tensors(self, config: ModelConfig, params: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """Returns the tensors by name, of the type of `params`."""
        table, weights = leaf_table(params), {}
        dtype = np.asarray(next(iter(table.values()))).dtype
        for entry in self._entries(config):
            if isinstance(entry, ZeroBias):
                weights[entry.tensor] = np.zeros(getattr(config, entry.size), dtype)
                continue
            tensors = entry.layout.split(np.asarray(table[entry.param]))
            weights |= zip(entry.tensors, map(np.ascontiguousarray, tensors), strict=True)
        return weights

    def to_params(self, config: ModelConfig, arrays: NamedArrays) -> dict[str, Any]:
        """Takes the tensors out of `arrays` and returns float32 parameters, the inverse of `to_tensors`.

        Raises:
            UserError: a tensor is missing or of another shape, or a bias is not zero.
        """
        table = {}
        for entry in self._entries(config):
            if isinstance(entry, ZeroBias):
                arrays.drop_zeros(entry.tensor, getattr(config, entry.size))
                continue
            shape = _param_shape(config, entry.param)
            expected = entry.layout.split(np.broadcast_to(np.float32(0), shape))
            tensors = [
                arrays.take(name, *tensor.shape) for name, tensor in zip(entry.tensors, expected, strict=True)
            ]
            table[entry.param] = np.ascontiguousarray(entry.layout.join(tensors, shape))
        return nest(table)

    def _entries(self, config: ModelConfig) -> Iterable[Stored | ZeroBias]:
        yield from self.model
        for i in range(config.num_layers):
            prefix = f"{self.layers}.{i}."
            for entry in self.layer:
                if isinstance(entry, ZeroBias):
                    yield ZeroBias(prefix + entry.tensor, entry.size)
                else:
                    names = tuple(prefix + name for name in entry.tensors)
                    yield Stored(f"layers_{i}/{entry.param}", names, entry.layout)


def _param_shape(config: ModelConfig, param: str) -> _Shape:
    D, H, K, F = config.hidden_dim, config.num_heads, config.head_dim, config.ffn_dim
    if param.endswith(("_norm/scale", "_norm/bias")):
        return (D,)
    return {
        "embedding/embedding": (config.vocab_size, D),
        "head/kernel": (D, config.vocab_size),
        "qkv/kernel": (D, 3, H, K),
        "output/kernel": (H, K, D),
        "gate/kernel": (D, F),
        "up/kernel": (D, F),
        "down/kernel": (F, D),
    }["/".join(param.split("/")[-2:])]
