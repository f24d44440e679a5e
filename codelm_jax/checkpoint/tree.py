"""A pytree as a table of named leaves: checkpoints hold names and shapes, no Python types."""

from collections.abc import Mapping
from typing import Any, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

T = TypeVar("T")

SEPARATOR = "/"


def leaf_table(tree: Any) -> dict[str, Any]:
    """Lists the leaves of `tree` by name, such as `opt_state/1/0/mu/blocks_0/kernel`.

    A name joins the dictionary keys, field names and positions on the path to the leaf, so a dataclass, a named tuple and
    a dictionary with the same names give the same table.

    Raises:
        ValueError: a key is empty or contains a slash.
    """
    table = {}
    for path, leaf in jax.tree_util.tree_flatten_with_path(tree)[0]:
        parts = [_part(key) for key in path]
        if not parts or any(not part or SEPARATOR in part for part in parts):
            raise ValueError(f"cannot name the leaf at {jax.tree_util.keystr(path)!r}")
        table[SEPARATOR.join(parts)] = leaf
    return table


def nest(table: Mapping[str, T]) -> dict[str, Any]:
    """Turns a table of names into nested dictionaries, the inverse of `leaf_table` up to container types."""
    root: dict[str, Any] = {}
    for name, leaf in table.items():
        *parents, last = name.split(SEPARATOR)
        node = root
        for parent in parents:
            node = node.setdefault(parent, {})
        node[last] = leaf
    return root


def fill(tree: T, table: Mapping[str, Any]) -> T:
    """Returns `tree` with every leaf replaced by the one of its name in `table`."""
    return jax.tree.unflatten(jax.tree.structure(tree), [table[name] for name in leaf_table(tree)])


def host_copies(tree: Any) -> dict[str, np.ndarray]:
    """Copies the leaves of `tree` to new host memory, by name.

    Raises:
        TypeError: a leaf is not an array of numbers.
    """
    table = leaf_table(tree)
    for name, leaf in table.items():
        if not isinstance(leaf, jax.Array | np.ndarray) or jnp.issubdtype(leaf.dtype, jax.dtypes.extended):
            raise TypeError(f"{name}: {type(leaf).__name__} is not an array of numbers")
    # On CPU device_get returns a view of the device's memory, which the next donated step overwrites.
    return {name: np.array(array) for name, array in jax.device_get(table).items()}


def _part(key: Any) -> str:
    for attribute in ("key", "name", "idx"):
        if hasattr(key, attribute):
            return str(getattr(key, attribute))
    raise ValueError(f"cannot name the pytree key {key!r}")
