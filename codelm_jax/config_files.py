"""Finds the config files that ship with the project."""

from pathlib import Path

_PACKAGE = Path(__file__).parent


def configs_directory() -> Path:
    """Directory of the config files: inside the package in a wheel, `configs/` next to it in a checkout."""
    inside = _PACKAGE / "configs"
    return inside if inside.is_dir() else _PACKAGE.parent / "configs"
