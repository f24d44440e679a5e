"""Finds the Python sources below a folder and counts by reason what is left out. Reads at most a first line."""

import os
import stat
from collections import Counter
from collections.abc import Callable, Iterator, Set
from pathlib import Path

from codelm_jax.preparation.candidate import Candidate, Package

VIRTUAL_ENVIRONMENT = "in a virtual environment"
INSTALLED = "in installed packages"
BUILT = "in build output"
VENDORED = "in vendored packages"
HIDDEN = "in hidden folders"
FOLDER_LINK = "link to a folder"
SCRIPT = "script without a suffix"

CAPITALS = "suffix in capitals"
NOTEBOOK = "notebook (.ipynb)"

_KINDS = {
    ".pyi": "type stub (.pyi)",
    ".pyw": "window script (.pyw)",
    ".ipynb": NOTEBOOK,
    ".pyx": "Cython (.pyx, .pxd)",
    ".pxd": "Cython (.pyx, .pxd)",
}
_ENVIRONMENT_MARKS = {"pyvenv.cfg", "conda-meta"}
_INSTALLED_NAMES = {"site-packages", "dist-packages", "__pypackages__"}
_BUILD_NAMES = {"build", "dist"}
_VENDOR_NAMES = {
    "node_modules", "vendor", "_vendor", "vendored", "_vendored", "third_party", "thirdparty", "third-party", "3rdparty",
}  # fmt: skip

# Takes a folder's name and the names of its entries. Returns the reason to leave out and count all files below it, "" to
# take them, None to ignore the folder.
Judge = Callable[[str, Set[str]], str | None]


def walk(
    root: Path, skipped: Counter[str], leave_out: Judge, suffixes: tuple[str, ...] = (".py",)
) -> Iterator[tuple[Path, os.stat_result]]:
    """Yields the regular files with one of `suffixes` below `root` and counts in `skipped` what else looks like Python.

    Follows no links, and continues where it has no permission. `root` itself is never judged. Those below a folder
    that is left out are counted.
    """
    pending = [(root, "")]
    while pending:
        directory, reason = pending.pop()
        try:
            entries = sorted(os.scandir(directory), key=lambda entry: entry.name)
        except OSError:
            skipped["unreadable directory"] += 1
            continue
        if not reason and directory != root:
            verdict = leave_out(directory.name, {entry.name for entry in entries})
            if verdict is None:
                continue
            reason = verdict
        for entry in entries:
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError:
                skipped["unreadable"] += 1
                continue
            if stat.S_ISDIR(status.st_mode):
                pending.append((Path(entry.path), reason))
            elif not reason and entry.name.endswith(suffixes) and stat.S_ISREG(status.st_mode):
                yield Path(entry.path), status
            elif kind := _kind(entry, status, reason, suffixes):
                skipped[kind] += 1


def candidate(path: Path, status: os.stat_result, package: Package, root: Path) -> Candidate:
    """Makes a candidate of a file that `walk` yielded, named by its path below `root`."""
    return Candidate(
        str(path), package, path.relative_to(root).as_posix(), status.st_size, status.st_mtime_ns
    )


def in_project(name: str, entries: Set[str]) -> str:
    """Judges a folder of a user's project: code that others wrote or a tool made is not the project's."""
    if entries & _ENVIRONMENT_MARKS:
        return VIRTUAL_ENVIRONMENT
    # `pip install --target` writes the same records into a folder of any name.
    if name in _INSTALLED_NAMES or any(entry.endswith(".dist-info") for entry in entries):
        return INSTALLED
    # A package of the project may have one of these names.
    if (
        (name in _BUILD_NAMES and "__init__.py" not in entries)
        or name == "__pycache__"
        or name.endswith(".egg")
    ):
        return BUILT
    if name in _VENDOR_NAMES:
        return VENDORED
    return HIDDEN if name.startswith(".") else ""


def in_site(name: str, entries: Set[str]) -> str:
    """Judges a folder among installed packages."""
    if name == "__pycache__":
        return BUILT
    if name == "node_modules":
        return VENDORED
    return HIDDEN if name.startswith(".") else ""


def in_standard_library(name: str, entries: Set[str]) -> str | None:
    """Judges a folder of the standard library; packages installed inside it are no part of it."""
    return None if name in _INSTALLED_NAMES else in_site(name, entries)


def _kind(entry: os.DirEntry[str], status: os.stat_result, reason: str, suffixes: tuple[str, ...]) -> str:
    """Under which reason a file that is no source is counted; "" where it has nothing to do with Python."""
    if entry.name.endswith(suffixes):
        if reason:
            return reason
        if not stat.S_ISLNK(status.st_mode):
            return "not a regular file"
        return FOLDER_LINK if os.path.isdir(entry.path) else "symbolic link"
    if reason:
        return ""
    if stat.S_ISLNK(status.st_mode):
        return FOLDER_LINK if os.path.isdir(entry.path) else ""
    suffix = os.path.splitext(entry.name)[1].lower()
    if suffix in suffixes:
        return CAPITALS
    if suffix or not stat.S_ISREG(status.st_mode):
        return _KINDS.get(suffix, "")
    return SCRIPT if _runs_python(entry.path) else ""


def _runs_python(path: str) -> bool:
    """Says whether the first line of a file names a Python interpreter."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            first = os.read(descriptor, 256).partition(b"\n")[0]
        finally:
            os.close(descriptor)
    except OSError:
        return False
    return first.startswith(b"#!") and b"python" in first
