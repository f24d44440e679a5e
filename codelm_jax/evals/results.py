"""Result files: one JSON a suite, and what an interrupted run had finished of the next one.

The newest result of a suite is `<suite>.json`. Its settings (model, sampling, seed, data) identify a result: asked
again with the same ones it is read, and with others it moves aside to `<suite>-<digest of its settings>.json`.
"""

import contextlib
import hashlib
import io
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from codelm_jax.atomic import open_alone
from codelm_jax.errors import UserError
from codelm_jax.run_files import json_digest, read_object, write_object

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
        """Opens the file, or starts it.

        Raises:
            UserError: another evaluation writes to it.
        """
        self._path = path
        try:
            self._file = open_alone(path, wait=False)
        except BlockingIOError:
            raise UserError(
                f"{path}: another evaluation with the same settings is writing there; wait for it, or stop it"
            ) from None
        self.done: dict[str, Any]
        try:
            self.done, sound_bytes = _read_parts(self._file.read(), settings)
            self._file.seek(sound_bytes)
            self._file.truncate()
            if not sound_bytes:
                self._file.write(_line(dict(settings)))
                self._file.flush()
        except BaseException:
            with contextlib.suppress(OSError):  # a full disk refuses what is in the buffer once more
                self._file.close()
            raise

    def add(self, name: str, record: Any) -> None:
        """Saves one part, for good once this returns."""
        self.done[name] = record
        entry = json.loads(json.dumps([name, record]))
        self._file.write(_line([*entry, json_digest(entry)]))
        self._file.flush()
        os.fsync(self._file.fileno())

    def remove(self) -> None:
        """Forgets the parts: the whole result has been written."""
        self.done.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # The lock goes with the file: whoever waits for it must not find one that is about to be removed.
        if not self.done:
            self._path.unlink(missing_ok=True)
        self._file.close()


class ResultFiles:
    """The results in one directory, `evals/step_N` of a run as a rule."""

    def __init__(self, directory: Path):
        self.directory = directory
        try:
            directory.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=directory):  # refused now, not after a suite was computed
                pass
        except OSError as error:
            raise UserError(
                f"{directory}: results cannot be written there ({error.strerror}); choose another --out"
            ) from None

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
        write_object(path, result)

    def partial(self, suite: str, settings: Mapping[str, Any]) -> Partial:
        """What is finished of a suite with exactly these settings; parts made with others are never mixed in."""
        return Partial(self._aside(suite, settings).with_suffix(".partial.jsonl"), settings)

    def path(self, suite: str) -> Path:
        """The file of the newest result of a suite."""
        return self.directory / f"{suite}.json"

    def _aside(self, suite: str, settings: Mapping[str, Any]) -> Path:
        return self.directory / f"{suite}-{digest(settings)[:_DIGEST_LENGTH]}.json"


def _line(value: Any) -> bytes:
    return json.dumps(value).encode() + b"\n"


def _read_parts(content: bytes, settings: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    """The parts made with `settings` before the first cut-off or damaged line, and the bytes that hold them."""
    entries, sound_bytes = [], 0
    for line in io.BytesIO(content):
        try:
            entry = json.loads(line)
            if entries:
                entry, written = entry[:2], entry[2:]
                # Parts that earlier versions wrote have no digest.
                if written not in ([], [json_digest(entry)]):
                    break
        except (ValueError, TypeError):
            break
        if not line.endswith(b"\n"):
            break
        entries.append(entry)
        sound_bytes += len(line)
    if not sound_bytes or entries[0] != settings:
        return {}, 0
    return dict(entries[1:]), sound_bytes


def _read_result(path: Path) -> dict[str, Any] | None:
    try:
        return read_object(path, "delete it and evaluate again")
    except FileNotFoundError:
        return None
