"""Results that are written as soon as they are measured, so that an interrupted benchmark can be resumed."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from codelm_jax.atomic import write_json
from codelm_jax.errors import UserError


def check_place(flag: str, path: Path) -> None:
    """Refuses a path that can't be written, before anything is measured.

    Raises:
        UserError: names the flag.
    """
    if not path.parent.is_dir():
        raise UserError(f"--{flag}={path}: there is no directory {path.parent}; make it first")
    if path.is_dir():
        raise UserError(f"--{flag}={path}: a directory; name a file in it")


class ResultFile:
    """A JSON file `{"setting": {...}, "results": [...]}`, never half-written."""

    def __init__(self, path: Path | None, setting: Mapping[str, Any]):
        """Opens a file to resume, or starts a new one.

        Args:
            path: None keeps the results in memory only.
            setting: what all results have in common; plain JSON.

        Raises:
            UserError: the file has another format, or results of another setting.
        """
        self._path = path
        self.setting: dict[str, Any] = json.loads(json.dumps(setting))
        self.results: list[dict[str, Any]] = []
        if path is None:
            return
        check_place("out", path)
        if not path.exists():
            return
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            stored, self.results = content["setting"], list(content["results"])
        except (OSError, UnicodeDecodeError, json.JSONDecodeError, KeyError, TypeError):
            raise UserError(
                f"--out={path}: not a file of training benchmark results; name another file"
            ) from None
        different = [key for key in self.setting if stored.get(key) != self.setting[key]]
        if different:
            raise UserError(
                f"--out={path}: its results are of another {different[0].replace('_', ' ')}; "
                "name another file, or go on with the same"
            )

    def has(self, **key: Any) -> bool:
        """Whether there is a result with these values."""
        return any(all(result.get(name) == value for name, value in key.items()) for result in self.results)

    def add(self, results: list[dict[str, Any]]) -> None:
        """Adds results and rewrites the file."""
        self.results += json.loads(json.dumps(results))
        if self._path:
            write_json(self._path, {"setting": self.setting, "results": self.results})
