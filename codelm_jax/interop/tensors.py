"""The arrays of a weights file: by name, taken out one by one until none is left."""

from collections.abc import Mapping

import numpy as np

from codelm_jax.errors import UserError

# Each of their values is a float32 too: nothing is rounded.
_EXACT = ("float32", "bfloat16", "float16")


class NamedArrays:
    """The arrays of one file; an import must use each of them, in the shape it expects."""

    def __init__(self, arrays: Mapping[str, np.ndarray], name: str):
        """Takes the arrays and the file's name, for messages."""
        self._left = dict(arrays)
        self._name = name

    def take(self, name: str, *shape: int) -> np.ndarray:
        """The array `name` as float32.

        Raises:
            UserError: it is missing, of another shape, or of a type that float32 does not hold.
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
        """Takes a bias that this project's models do not have, and makes sure that it adds nothing.

        Raises:
            UserError: it is not zero; or as for `take`.
        """
        if self.take(name, *shape).any():
            raise UserError(
                f"{self._name}: {name} is not zero; this project's models have no biases there, so it cannot be imported"
            )

    def drop_zeros_if_there(self, name: str, *shape: int) -> None:
        """Like `drop_zeros` for a bias that a file may leave out."""
        if name in self._left:
            self.drop_zeros(name, *shape)

    def finish(self) -> None:
        """Makes sure that nothing is left.

        Raises:
            UserError: names a tensor that is left, which the model would silently lack.
        """
        if self._left:
            names = sorted(self._left)
            more = f" (and {len(names) - 1} more)" if len(names) > 1 else ""
            raise UserError(f"{self._name}: this project's models have no tensor {names[0]}{more}")
