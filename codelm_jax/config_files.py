"""Finds and loads the project's config files, in a checkout and in a wheel."""

import importlib.util
from pathlib import Path
from typing import Any

from codelm_jax.errors import UserError

_PACKAGE = Path(__file__).parent


def configs_directory() -> Path:
    """Directory of the config files: `configs/` next to the package in a checkout, inside it in a wheel."""
    inside = _PACKAGE / "configs"
    return inside if inside.is_dir() else _PACKAGE.parent / "configs"


def load_config(name: str) -> Any:
    """The `ConfigDict` of a file in `configs/`, for another config to change.

    Args:
        name: path below `configs/` without its suffix, and after a colon the argument of its `get_config`:
            "strongreg", "ablations/smaller:cpu".

    Returns:
        A `ConfigDict`; typed Any because its keys are not known to a type checker.

    Raises:
        UserError: there is no such file.
    """
    stem, colon, argument = name.partition(":")
    path = configs_directory() / f"{stem}.py"
    spec = importlib.util.spec_from_file_location(f"codelm_config_{stem.replace('/', '_')}", path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise UserError(f"{path}: no such config file")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.get_config(argument) if colon else module.get_config()
