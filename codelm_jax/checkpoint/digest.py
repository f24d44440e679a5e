"""The digests of a step: sha256, dtype and shape of every leaf, and digests of the JSON items and of the table itself.

orbax stores arrays without a checksum, so a flipped bit would be restored as a wrong weight. This table is saved together
with the arrays, and everything read from disk is checked against it.
"""

import dataclasses
import hashlib
import json
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from codelm_jax.errors import UserError
from codelm_jax.run_files import json_digest

FORMAT = 1


class Damaged(UserError):
    """A saved step is incomplete or differs from its digests; the message names its directory and the fault."""


@dataclasses.dataclass(frozen=True)
class LeafDigest:
    """Shape, dtype and sha256 (of the little-endian bytes in C order) of one array."""

    shape: tuple[int, ...]
    dtype: str
    sha256: str

    def __str__(self) -> str:
        return describe(self.shape, self.dtype)


@dataclasses.dataclass(frozen=True)
class Digests:
    """The table of one step.

    Attributes:
        step: the step that was saved.
        metrics: held-out metrics of this step, or None; a metric that was not finite is None.
        leaves: one entry per leaf of the state, by name.
        data: digest of the `data` item.
        meta: digest of the `meta` item.
    """

    step: int
    metrics: dict[str, float | None] | None
    leaves: dict[str, LeafDigest]
    data: str
    meta: str

    @property
    def nll(self) -> float | None:
        """Held-out negative log-likelihood in nats per token; None where it was not measured or not finite."""
        return (self.metrics or {}).get("nll")

    def to_json(self) -> dict[str, Any]:
        """Returns the table as plain JSON, with the digest of its own text."""
        table = {"format": FORMAT, **dataclasses.asdict(self)}
        table["leaves"] = {
            name: {**leaf, "shape": list(leaf["shape"])} for name, leaf in table["leaves"].items()
        }
        return {**table, "sha256": json_digest(table)}

    @classmethod
    def from_json(cls, value: Any) -> "Digests":
        """Reads what `to_json` wrote.

        Raises:
            ValueError: the text differs from its own digest.
            UserError: it is sound and of another format.
        """
        if not isinstance(value, dict):
            raise ValueError("the digests are not a table")
        table = {name: entry for name, entry in value.items() if name != "sha256"}
        if value.get("sha256") != json_digest(table):
            raise ValueError("the digests differ from their own digest")
        if (written := table.pop("format")) != FORMAT:
            raise UserError(
                f"a checkpoint of format {written}, and this version reads format {FORMAT}: use the version that wrote it"
            )
        leaves = {
            name: LeafDigest(tuple(leaf["shape"]), leaf["dtype"], leaf["sha256"])
            for name, leaf in table.pop("leaves").items()
        }
        return cls(leaves=leaves, **table)


def describe(shape: tuple[int, ...], dtype: str) -> str:
    """Formats shape and dtype: `float32[512,8000]`."""
    return f"{dtype}[{','.join(map(str, shape))}]"


def array_digest(array: np.ndarray) -> LeafDigest:
    """Returns the digest of `array`; two arrays are bitwise equal if and only if their digests are equal."""
    content = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    return LeafDigest(array.shape, array.dtype.name, hashlib.sha256(content.data).hexdigest())


def plain_json(value: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Returns `value` as it is read back from JSON.

    Raises:
        TypeError: `value` holds something that JSON does not have.
        ValueError: `value` holds a NaN or an infinity.
    """
    try:
        return json.loads(json.dumps(dict(value), allow_nan=False))
    except (TypeError, ValueError) as error:
        raise type(error)(f"{name}: {error}") from None


def finite_or_none(metrics: Mapping[str, Any] | None) -> dict[str, float | None] | None:
    """Returns `metrics` as floats, with None for values that are not finite: JSON has no NaN, and NaN is never the best."""
    if metrics is None:
        return None
    return {name: float(value) if math.isfinite(value) else None for name, value in metrics.items()}
