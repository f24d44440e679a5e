"""An exclusive lock on a run directory: two runs in one directory would silently overwrite each other."""

import datetime
import json
import os
import socket
from pathlib import Path
from types import TracebackType
from typing import Self

import filelock

from codelm_jax.errors import UserError

LOCK_FILE = "run.lock"
HOLDER_FILE = "run.lock.json"


class RunLock:
    """Locks a run directory from `acquire` (or `with`) until `release` or the end of the process.

    The kernel releases the lock with the process, so a killed run leaves nothing to clean up.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as directory, RunLock(directory):
    ...     RunLock(directory).acquire()  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    codelm_jax.errors.UserError: ...: in use by pid ...
    """

    def __init__(self, directory: str | os.PathLike[str]) -> None:
        self.directory = Path(os.path.realpath(directory))
        # Without flock the library would fall back to a lock file that outlives a killed process.
        self._lock = filelock.FileLock(self.directory / LOCK_FILE, timeout=0, fallback_to_soft=False)

    def acquire(self) -> None:
        """Takes the lock; creates the directory if needed.

        Raises:
            UserError: another process holds the lock (the message names process, host and start time), or the
                directory cannot be written.
        """
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            self._lock.acquire()
            self._introduce()
        except filelock.Timeout:
            raise UserError(
                f"{self.directory}: in use by {self._holder()}; wait for it, stop it, or choose another directory"
            ) from None
        except OSError as error:
            self._lock.release()
            raise UserError(
                f"{self.directory}: cannot be locked ({error.strerror}); choose another directory"
            ) from error

    def release(self) -> None:
        """Releases the lock, if held."""
        if self._lock.is_locked:
            (self.directory / HOLDER_FILE).unlink(missing_ok=True)
            self._lock.release()

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _introduce(self) -> None:
        now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        holder = {"pid": os.getpid(), "host": socket.gethostname(), "since": now}
        # Renamed into place, so that another process never reads half of it.
        draft = self.directory / f"{HOLDER_FILE}.tmp"
        draft.write_text(json.dumps(holder), encoding="utf-8")
        draft.replace(self.directory / HOLDER_FILE)

    def _holder(self) -> str:
        try:
            holder = json.loads((self.directory / HOLDER_FILE).read_text(encoding="utf-8"))
            return f"pid {holder['pid']} on {holder['host']} since {holder['since']}"
        except (OSError, ValueError, KeyError):
            return "another process, which has only just begun"
