"""Where source files are: the running interpreter's packages, or directories. Finds paths, reads no contents."""

import csv
import hashlib
import importlib.metadata
import os
import sys
import sysconfig
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import codelm_jax
from codelm_jax.data import licences, source_walk
from codelm_jax.errors import UserError

STANDARD_LIBRARY = "python"

_OWN_PACKAGE = Path(codelm_jax.__file__).resolve().parent
_OWN_DISTRIBUTION = "codelm-jax"


@dataclass(frozen=True)
class Package:
    """What is held out, licensed and counted as one."""

    name: str
    version: str
    licence: str


@dataclass(frozen=True)
class Candidate:
    """A regular file that may become part of the corpus. `name` is its path below its package's root."""

    path: str
    package: Package
    name: str
    size: int
    mtime_ns: int

    @property
    def key(self) -> str:
        """Identifies the file wherever the packages are installed."""
        return f"{self.package.name}/{self.name}"


@dataclass(frozen=True)
class Found:
    """All candidates, in an order that depends on nothing but their keys and the seed, and what was passed over.

    `held_out` names the packages that only test; where it is empty, packages are dealt to `test` by hash.
    """

    candidates: tuple[Candidate, ...]
    skipped: Counter[str]
    held_out: frozenset[str] = frozenset()


def find_installed(seed: int) -> Found:
    """The Python files of the running interpreter's standard library and installed packages, ours left out."""
    paths = sysconfig.get_paths()
    library = Path(paths["stdlib"])
    version = sys.version.split()[0]
    skipped: Counter[str] = Counter()
    candidates: dict[str, Candidate] = {}
    for path, status in source_walk.walk(library, skipped, source_walk.in_standard_library):
        package = Package(STANDARD_LIBRARY, version, "PSF-2.0")
        candidates[str(path)] = _candidate(path, status, package, library)
    for root in dict.fromkeys([paths["purelib"], paths["platlib"]]):
        site = Path(root)
        owners = _owners(site)
        for path, status in source_walk.walk(site, skipped, source_walk.in_site):
            relative = path.relative_to(site)
            package = owners.get(str(relative)) or Package(
                relative.parts[0].removesuffix(".py"), "", licences.UNKNOWN
            )
            if path.resolve().is_relative_to(_OWN_PACKAGE) or package.name == _OWN_DISTRIBUTION:
                skipped["this project itself"] += 1
                continue
            candidates.setdefault(str(path), _candidate(path, status, package, site))
    return Found(_in_hash_order(candidates.values(), seed), skipped)


def find_in_directories(directories: Sequence[str], seed: int) -> Found:
    """The Python files below `directories`; an immediate subfolder is a package, loose files are one together.

    The result depends on names and contents below `directories`, not on how these are spelled or where they lie.

    Raises:
        UserError: one of them is not a directory.
    """
    skipped: Counter[str] = Counter()
    candidates: dict[str, Candidate] = {}
    packages: dict[Path, Package] = {}
    for directory in directories:
        root = Path(directory)
        if not root.is_dir():
            raise UserError(f"config.data.directories: {directory} is not a directory; correct the path")
        for path, status in source_walk.walk(root, skipped, source_walk.in_project):
            parts = path.relative_to(root).parts
            home = root / parts[0] if len(parts) > 1 else root
            if home not in packages:
                packages[home] = _project(home, root)
            candidates.setdefault(os.path.realpath(path), _candidate(path, status, packages[home], home))
    return Found(_in_hash_order(candidates.values(), seed), skipped)


def installed_versions() -> dict[str, str]:
    """Name and version of the interpreter and of every installed package."""
    installed = dict(filter(None, map(_name_and_version, importlib.metadata.distributions())))
    return {STANDARD_LIBRARY: sys.version.split()[0], **{name: installed[name] for name in sorted(installed)}}


def unit_hash(seed: int, text: str) -> int:
    """A 64-bit number that deals `text` its place: the same on every machine, whatever else is there."""
    digest = hashlib.sha256(f"{seed}/{text}".encode(errors="surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big")


def _candidate(path: Path, status: os.stat_result, package: Package, root: Path) -> Candidate:
    return Candidate(
        str(path), package, path.relative_to(root).as_posix(), status.st_size, status.st_mtime_ns
    )


def _in_hash_order(candidates: Iterable[Candidate], seed: int) -> tuple[Candidate, ...]:
    return tuple(sorted(candidates, key=lambda c: unit_hash(seed, c.key)))


def _project(home: Path, root: Path) -> Package:
    version, licence = licences.of_project(home)
    if licence == licences.UNKNOWN:
        outer_version, licence = licences.of_project(root)
        version = version or outer_version
    return Package(home.resolve().name, version, licence)


def _owners(site: Path) -> dict[str, Package]:
    """Which distribution each file in `site` belongs to, by the distributions' own records."""
    owners: dict[str, Package] = {}
    for distribution in importlib.metadata.distributions(path=[str(site)]):
        known = _name_and_version(distribution)
        if known is None:
            continue  # its files become packages of their own, of unknown licence
        package = Package(*known, licences.of_distribution(distribution))
        for file in _files(distribution):
            if file.suffix == ".py":
                owners[str(file)] = package
    return owners


def _name_and_version(distribution: importlib.metadata.Distribution) -> tuple[str, str] | None:
    """None where the metadata is missing or unreadable, as an interrupted installation leaves it."""
    try:
        metadata: Any = distribution.metadata
    except (OSError, ValueError):
        return None
    name = (metadata and metadata.get("Name")) or ""
    return (name.lower().replace("_", "-"), metadata.get("Version") or "") if name else None


def _files(distribution: importlib.metadata.Distribution) -> list[importlib.metadata.PackagePath]:
    try:
        return list(distribution.files or ())
    except (
        OSError,
        ValueError,
        TypeError,
        csv.Error,
    ):  # a record that was cut short, or holds something else
        return []
