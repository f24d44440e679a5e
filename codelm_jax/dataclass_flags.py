"""Command-line flags made from the fields of a config dataclass: names, types, defaults and descriptions."""

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeVar, get_args, get_origin

from absl import flags
from pydantic.dataclasses import is_pydantic_dataclass

from codelm_jax.errors import UserError
from codelm_jax.schema import parse

T = TypeVar("T")

# The flags count as those of the module that calls `define`; --help lists only these.
flags.disclaim_key_flags()

_DEFINE: dict[Any, Callable[..., flags.FlagHolder]] = {
    bool: flags.DEFINE_bool,
    int: flags.DEFINE_integer,
    float: flags.DEFINE_float,
}


def define(cls: type, *, without: tuple[str, ...] = (), **defaults: Any) -> dict[str, flags.FlagHolder]:
    """Defines one flag per field.

    Args:
        cls: a pydantic dataclass whose fields have descriptions.
        without: fields that get no flag.
        defaults: of the command, where they differ from those of the fields.
    """
    assert is_pydantic_dataclass(cls)
    defined = {}
    for name, field in cls.__pydantic_fields__.items():
        if name in without:
            continue
        default = defaults.get(name, field.default)
        if get_origin(field.annotation) is Literal:
            holder = flags.DEFINE_enum(name, default, get_args(field.annotation), field.description)
        else:
            holder = _DEFINE[field.annotation](name, default, field.description)
        defined[name] = holder
    return defined


def values(defined: Mapping[str, flags.FlagHolder]) -> dict[str, Any]:
    """The values of flags by name."""
    return {name: holder.value for name, holder in defined.items()}


def parse_values(cls: type[T], given: Mapping[str, Any]) -> T:
    """Builds a config dataclass from the values of flags with the names of its fields.

    Raises:
        UserError: names the flag whose value is not possible.
    """
    try:
        return parse(cls, given, "-")
    except UserError as error:
        raise UserError(str(error).replace("-.", "--", 1)) from None
