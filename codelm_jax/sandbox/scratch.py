"""The worker's scratch directory: measured while in use, emptied without following links or recursing."""

import os
import stat


def is_over(directory: str, *, max_bytes: int, max_entries: int) -> bool:
    """Whether the files below `directory` pass either limit; what cannot be read counts as over it."""
    used, entries, pending = 0, 0, [directory]
    try:
        while pending:
            with os.scandir(pending.pop()) as found:
                for entry in found:
                    entries += 1
                    used += 512 * entry.stat(follow_symlinks=False).st_blocks
                    if entries > max_entries or used > max_bytes:
                        return True
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(entry.path)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def remove(directory: str) -> None:
    """Removes `directory` with all it holds; nobody may be using it any more.

    Nested directories are first moved to the top, one level at a time, so that a tree deeper than any path or
    recursion limit goes like a shallow one. Links are removed, never followed.
    """
    top = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        serial = 0
        while names := os.listdir(top):
            for name in names:
                if stat.S_ISDIR(os.stat(name, dir_fd=top, follow_symlinks=False).st_mode):
                    serial = _raise_and_remove(top, name, serial)
                else:
                    os.unlink(name, dir_fd=top)
    finally:
        os.close(top)
    os.rmdir(directory)


def _raise_and_remove(top: int, name: str, serial: int) -> int:
    os.chmod(name, 0o700, dir_fd=top)
    below = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=top)
    try:
        for child in os.listdir(below):
            if stat.S_ISDIR(os.stat(child, dir_fd=below, follow_symlinks=False).st_mode):
                # Moving a directory rewrites its "..", for which it must be writable itself.
                os.chmod(child, 0o700, dir_fd=below)
                while _exists(top, raised := f".raised-{serial}"):
                    serial += 1
                os.rename(child, raised, src_dir_fd=below, dst_dir_fd=top)
                serial += 1
            else:
                os.unlink(child, dir_fd=below)
    finally:
        os.close(below)
    os.rmdir(name, dir_fd=top)
    return serial


def _exists(directory: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True
