"""Result files: one JSON a suite, and what an interrupted run had finished of the next one.

The newest result of a suite is `<suite>.json`. A result is known by its settings (model, sampling, seed, data): asked
again with the same ones it is read, and with others it moves aside to `<suite>-<digest of its settings>.json`.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from codelm_jax.atomic import write_atomically, write_json
from codelm_jax.errors import UserError

_DIGEST_LENGTH = 12


def digest(value: Any) -> str:
    """Identifies plain JSON by its content, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


class Partial:
    """Finished parts of a suite on disk, one line each; use it as a context manager.

    Attributes:
        done: part -> what was saved of it, by this run or the interrupted one before it.
    """

    def __init__(self, path: Path, settings: Mapping[str, Any]):
        self._path = path
        self.done: dict[str, Any] = _read_parts(path, settings)
        write_atomically(path, "".join(map(_line, [dict(settings), *self.done.items()])).encode())
        self._file = path.open("a", encoding="utf-8")

    def add(self, name: str, record: Any) -> None:
        """Saves one part, for good once this returns."""
        self.done[name] = record
        self._file.write(_line([name, record]))
        self._file.flush()
        os.fsync(self._file.fileno())

    def remove(self) -> None:
        """Forgets the parts; the whole result stands elsewhere."""
        self.done.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()
        if not self.done:
            self._path.unlink()


class ResultFiles:
    """The results in one directory, `evals/step_N` of a run as a rule."""

    def __init__(self, directory: Path):
        self.directory = directory
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"{directory}: cannot be made: {error.strerror}; choose another --out") from None

    def find(self, suite: str, settings: Mapping[str, Any]) -> dict[str, Any] | None:
        """The whole result with exactly these settings; None where there is none."""
        for path in (self.path(suite), self._aside(suite, settings)):
            result = _read_result(path)
            if result is not None and result.get("settings") == settings:
                return result
        return None

    def write(self, suite: str, result: Mapping[str, Any]) -> None:
        """Writes `<suite>.json`, whole or not at all; a result with other settings moves aside first."""
        path = self.path(suite)
        older = _read_result(path)
        if older is not None and older.get("settings") != result["settings"]:
            path.replace(self._aside(suite, older.get("settings", {})))
        write_json(path, result)

    def partial(self, suite: str, settings: Mapping[str, Any]) -> Partial:
        """What is finished of a suite with exactly these settings; parts made with others are never mixed in."""
        return Partial(self._aside(suite, settings).with_suffix(".partial.jsonl"), settings)

    def path(self, suite: str) -> Path:
        """Where the newest result of a suite stands."""
        return self.directory / f"{suite}.json"

    def _aside(self, suite: str, settings: Mapping[str, Any]) -> Path:
        return self.directory / f"{suite}-{digest(settings)[:_DIGEST_LENGTH]}.json"


def _line(value: Any) -> str:
    return json.dumps(value) + "\n"


def _read_parts(path: Path, settings: Mapping[str, Any]) -> dict[str, Any]:
    if not path.exists():
        return {}
    entries = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            entries.append(json.loads(line))
        except json.JSONDecodeError:
            break  # a kill cut the last line short
    return dict(entries[1:]) if entries and entries[0] == settings else {}


def _read_result(path: Path) -> dict[str, Any] | None:
    try:
        result = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError:
        raise UserError(f"{path}: not JSON; delete it and evaluate again") from None
    return result if isinstance(result, dict) else None
