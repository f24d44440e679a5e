"""Files that are there whole or not at all."""

import contextlib
import fcntl
import glob
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any


@contextlib.contextmanager
def atomic_writer(path: Path) -> Iterator[IO[bytes]]:
    """Opens a temporary file beside `path` that takes its name when the block ends without an error.

    What a killed writer left beside `path` is removed.
    """
    remove_leftovers(path.parent, path.name)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "wb") as file:
            with contextlib.suppress(OSError):  # a file system without locks: leftovers stay there
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
        sync(path.parent)
    finally:
        temporary.unlink(missing_ok=True)


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


def remove_leftovers(directory: Path, name: str | None = None) -> None:
    """Removes what killed writers of the file `name`, or of any file, left in `directory`."""
    for leftover in directory.glob(f".{'*' if name is None else glob.escape(name)}.*.tmp"):
        # Whoever still writes there holds the lock; a killed process holds none.
        with contextlib.suppress(OSError), leftover.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            leftover.unlink()
