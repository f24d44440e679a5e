"""The worker's scratch directory: measured while in use, emptied without following links or recursing."""

import os

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def is_over(directory: str, *, max_bytes: int, max_entries: int, max_depth: int) -> bool:
    """Whether the files below `directory` pass a limit; what cannot be read counts as over it.

    The limit on depth keeps this cheap: opening a path costs as many steps as it has parts, so a deep tree would be quadratic.
    """
    used, entries, pending = 0, 0, [(directory, 0)]
    try:
        while pending:
            path, depth = pending.pop()
            if depth > max_depth:
                return True
            with os.scandir(path) as found:
                for entry in found:
                    entries += 1
                    used += 512 * entry.stat(follow_symlinks=False).st_blocks
                    if entries > max_entries or used > max_bytes:
                        return True
                    if entry.is_dir(follow_symlinks=False):
                        pending.append((entry.path, depth + 1))
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def remove(directory: str) -> None:
    """Removes `directory` with its content; it must no longer be in use.

    It walks with one open directory and names relative to it, so a tree deeper than any path, recursion or descriptor
    limit goes like a shallow one. Links are removed, never followed.
    """
    here = os.open(directory, _DIRECTORY)
    entered: list[str] = []
    pending = [_remove_files(here)]
    try:
        while True:
            if pending[-1]:
                name = pending[-1].pop()
                os.chmod(name, 0o700, dir_fd=here)
                here = _step(here, name)
                entered.append(name)
                pending.append(_remove_files(here))
            elif entered:
                here = _step(here, "..")
                os.rmdir(entered.pop(), dir_fd=here)
                pending.pop()
            else:
                break
    finally:
        os.close(here)
    os.rmdir(directory)


def _remove_files(here: int) -> list[str]:
    """Removes the files, and returns the names of the directories."""
    below: list[str] = []
    with os.scandir(here) as found:
        entries = list(found)
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            below.append(entry.name)
        else:
            os.unlink(entry.name, dir_fd=here)
    return below


def _step(here: int, name: str) -> int:
    there = os.open(name, _DIRECTORY, dir_fd=here)
    os.close(here)
    return there
