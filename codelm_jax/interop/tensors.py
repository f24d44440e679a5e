"""The arrays of a weights file, each of which an import must use."""

from collections.abc import Mapping

import numpy as np

from codelm_jax.errors import UserError

# Converted to float32 without rounding.
_EXACT = ("float32", "bfloat16", "float16")


class NamedArrays:
    """The arrays of one file, by name; each is taken once."""

    def __init__(self, arrays: Mapping[str, np.ndarray], name: str):
        self._left = dict(arrays)
        self._name = name

    def take(self, name: str, *shape: int) -> np.ndarray:
        """Removes and returns the array `name` as float32.

        Raises:
            UserError: it is missing, has another shape, or a type that float32 cannot represent.
        """
        if name not in self._left:
            raise UserError(f"{self._name}: lacks the tensor {name}")
        array = self._left.pop(name)
        if array.shape != shape:
            raise UserError(
                f"{self._name}: {name} has shape {list(array.shape)}; config.json asks for {list(shape)}"
            )
        if array.dtype.name not in _EXACT:
            raise UserError(f"{self._name}: {name} is {array.dtype.name}; it must be {', '.join(_EXACT)}")
        return array.astype(np.float32)

    def drop_zeros(self, name: str, *shape: int) -> None:
        """Removes a bias that this project's models lack, and checks that it is zero.

        Raises:
            UserError: it is not zero; or as for `take`.
        """
        if self.take(name, *shape).any():
            raise UserError(
                f"{self._name}: {name} is not zero; this project's models have no biases there, so it cannot be imported"
            )

    def drop_zeros_if_there(self, name: str, *shape: int) -> None:
        """Like `drop_zeros` for an optional bias."""
        if name in self._left:
            self.drop_zeros(name, *shape)

    def finish(self) -> None:
        """Checks that every array was taken.

        Raises:
            UserError: names one that was not; the model would silently lack it.
        """
        if self._left:
            names = sorted(self._left)
            more = f" (and {len(names) - 1} more)" if len(names) > 1 else ""
            raise UserError(f"{self._name}: this project's models have no tensor {names[0]}{more}")
