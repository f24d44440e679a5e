"""Turns configuration mappings into frozen, checked dataclasses."""

from collections.abc import Mapping
from typing import Any, TypeVar, cast

import pydantic

from codelm_jax.errors import UserError, did_you_mean

T = TypeVar("T")

# Every config dataclass is declared with this: unknown keys, wrong types, NaN and infinities are errors.
STRICT = pydantic.ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


def parse(cls: type[T], values: Mapping[str, Any], prefix: str) -> T:
    """Builds the frozen dataclass `cls` from `values`.

    Args:
        cls: a `pydantic.dataclasses.dataclass(frozen=True, config=STRICT)`.
        values: one entry per field; fields without a default are required.
        prefix: the user's name for this mapping, e.g. `config.model`.

    Raises:
        UserError: names the first wrong key, its value and the allowed values.
    """
    try:
        return cls(**values)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        key = ".".join([prefix, *(str(part) for part in first["loc"])])
        if first["type"] == "unexpected_keyword_argument":
            raise UserError(
                f"{key}: no such key{did_you_mean(str(first['loc'][-1]), _field_names(cls))}; the keys are "
                f"{', '.join(sorted(_field_names(cls)))}"
            ) from None
        if first["type"] in ("missing", "missing_argument"):
            raise UserError(f"{key}: missing") from None
        message = first["msg"].removeprefix("Value error, ")
        more = len(error.errors()) - 1
        also = f" (and {more} more)" if more else ""
        shown = "" if first["loc"] == () else f" = {first['input']!r}"
        raise UserError(f"{key}{shown}: {message}{also}") from None


def _field_names(cls: type) -> list[str]:
    return list(getattr(cls, "__dataclass_fields__", {}))


def flattened(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """The values of nested sections by dotted key, with tuples as lists, as in JSON."""
    flat: dict[str, Any] = {}
    for key, value in config.items():
        if isinstance(value, Mapping):
            flat |= flattened(cast(Mapping[str, Any], value), f"{prefix}{key}.")
        else:
            flat[prefix + key] = list(cast(tuple[Any, ...], value)) if isinstance(value, tuple) else value
    return flat
