"""Files that are there whole or not at all."""

import contextlib
import fcntl
import json
import os
from collections.abc import Generator
from pathlib import Path
from typing import IO, Any


@contextlib.contextmanager
def atomic_writer(path: Path) -> Generator[IO[bytes], None, None]:
    """Opens a temporary file beside `path` that takes its name when the block ends without an error.

    Writers of one path take turns. What a killed one left is written over by the next.
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
    """Writes `content` to `path`, or leaves what was there."""
    with atomic_writer(path) as file:
        file.write(content)


def write_json(path: Path, content: Any) -> None:
    """Writes plain JSON, indented, to `path`, or leaves what was there."""
    write_atomically(path, (json.dumps(content, indent=2) + "\n").encode())


def sync(path: Path) -> None:
    """Makes a file's content, or the names in a directory, survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_leftovers(directory: Path) -> None:
    """Removes what killed writers left in `directory`."""
    for leftover in directory.glob(".*.tmp"):
        # Whoever still writes there holds the lock; a killed process holds none.
        with contextlib.suppress(OSError), leftover.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            leftover.unlink()


def open_alone(path: Path, *, wait: bool) -> IO[bytes]:
    """Opens a file for reading and writing, made if need be, and locks it until it is closed.

    On a file system without locks it is opened all the same.

    Raises:
        BlockingIOError: another process has it, and `wait` is not set.
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
            # Whoever held the lock a moment ago may have renamed or removed the file that was opened here.
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
