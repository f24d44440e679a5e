"""Writes files atomically: a reader sees the old content or the new one, never a part."""

import contextlib
import fcntl
import json
import os
from collections.abc import Generator
from pathlib import Path
from typing import IO, Any


@contextlib.contextmanager
def atomic_writer(path: Path) -> Generator[IO[bytes], None, None]:
    """Opens a temporary file next to `path` and renames it to `path` when the block ends without an error.

    Writers of one path take turns. The next writer overwrites the temporary file of a killed one.
    """
    temporary = path.with_name(f".{path.name}.tmp")
    with open_alone(temporary, wait=True) as file:
        try:
            file.truncate()
            yield file
            file.flush()
            os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
    sync(path.parent)


def write_atomically(path: Path, content: bytes) -> None:
    """Writes `content` to `path`; on an error the old content stays."""
    with atomic_writer(path) as file:
        file.write(content)


def write_json(path: Path, content: Any) -> None:
    """Writes indented JSON to `path`; on an error the old content stays."""
    write_atomically(path, (json.dumps(content, indent=2) + "\n").encode())


def sync(path: Path) -> None:
    """Flushes a file's content, or the names in a directory, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_leftovers(directory: Path) -> None:
    """Removes the temporary files of killed writers in `directory`."""
    for leftover in directory.glob(".*.tmp"):
        # An active writer holds the lock; a killed process holds none.
        with contextlib.suppress(OSError), leftover.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            leftover.unlink()


def open_alone(path: Path, *, wait: bool) -> IO[bytes]:
    """Opens a file for reading and writing, creates it if needed, and locks it until it is closed.

    On a file system without locks it is opened without one.

    Raises:
        BlockingIOError: another process holds the lock, and `wait` is not set.
    """
    while True:
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o666), "r+b")
        try:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                raise
            except OSError:
                pass  # a file system without locks
            # The previous holder of the lock may have renamed or removed the file that was opened here.
            if _is_at(path, file):
                return file
        except BaseException:
            file.close()
            raise
        file.close()


def _is_at(path: Path, file: IO[bytes]) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
