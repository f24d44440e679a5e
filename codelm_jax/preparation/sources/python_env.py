"""Source `python-env`: the running interpreter's standard library and installed packages."""

import csv
import importlib.metadata
import sys
import sysconfig
from collections import Counter
from pathlib import Path
from typing import Any

from pydantic.dataclasses import dataclass

import codelm_jax
from codelm_jax.data.progress import Reporter
from codelm_jax.preparation import licence_metadata, source_walk
from codelm_jax.preparation.candidate import Candidate, Found, Package, in_hash_order
from codelm_jax.preparation.source import FileSource
from codelm_jax.schema import STRICT

STANDARD_LIBRARY = "python"

_OWN_PACKAGE = Path(codelm_jax.__file__).resolve().parent
_OWN_DISTRIBUTION = "codelm-jax"


@dataclass(frozen=True, config=STRICT)
class PythonEnvironment(FileSource):
    """Whatever is installed, this project left out."""

    name = "python-env"
    environment_name = "installed packages"

    def find(self, seed: int, report: Reporter) -> Found:
        paths = sysconfig.get_paths()
        library = Path(paths["stdlib"])
        version = sys.version.split()[0]
        skipped: Counter[str] = Counter()
        candidates: dict[str, Candidate] = {}
        for path, status in source_walk.walk(library, skipped, source_walk.in_standard_library):
            package = Package(STANDARD_LIBRARY, version, "PSF-2.0")
            candidates[str(path)] = source_walk.candidate(path, status, package, library)
        for root in dict.fromkeys([paths["purelib"], paths["platlib"]]):
            site = Path(root)
            owners = _owners(site)
            for path, status in source_walk.walk(site, skipped, source_walk.in_site):
                relative = path.relative_to(site)
                package = owners.get(str(relative)) or Package(relative.parts[0].removesuffix(".py"))
                if path.resolve().is_relative_to(_OWN_PACKAGE) or package.name == _OWN_DISTRIBUTION:
                    skipped["this project itself"] += 1
                    continue
                candidates.setdefault(str(path), source_walk.candidate(path, status, package, site))
        return Found(in_hash_order(candidates.values(), seed), skipped)

    def environment(self) -> dict[str, str]:
        """Name and version of the interpreter and of every installed package."""
        installed = dict(filter(None, map(_name_and_version, importlib.metadata.distributions())))
        versions = {name: installed[name] for name in sorted(installed)}
        return {STANDARD_LIBRARY: sys.version.split()[0], **versions}


def _owners(site: Path) -> dict[str, Package]:
    """Which distribution each file in `site` belongs to, by the distributions' own records."""
    owners: dict[str, Package] = {}
    for distribution in importlib.metadata.distributions(path=[str(site)]):
        known = _name_and_version(distribution)
        if known is None:
            continue  # its files become packages of their own, of unknown licence
        package = Package(*known, licence_metadata.of_distribution(distribution))
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
    """Empty for a record that was cut short or holds something else."""
    try:
        return list(distribution.files or ())
    except (OSError, ValueError, TypeError, csv.Error):
        return []
