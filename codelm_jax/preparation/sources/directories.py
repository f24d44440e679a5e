"""Source `directories`: the Python files and notebooks below folders of the user's own."""

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from pydantic.dataclasses import dataclass

from codelm_jax.data.licences import UNKNOWN
from codelm_jax.data.progress import Reporter
from codelm_jax.errors import UserError
from codelm_jax.preparation import notebooks, source_walk
from codelm_jax.preparation.candidate import Candidate, Found, Package, in_hash_order
from codelm_jax.preparation.licence_metadata import of_project
from codelm_jax.preparation.source import FileSource, Names
from codelm_jax.schema import STRICT

_READ = (".py", notebooks.SUFFIX)


@dataclass(frozen=True, config=STRICT)
class Directories(FileSource):
    """An immediate subfolder is a package; loose files are one package together.

    The result depends on names and contents below the folders, not on where these are.

    Attributes:
        directories: the folders.
    """

    name = "directories"
    path_keys = ("directories",)

    directories: Names

    @property
    def nothing_found(self) -> str:
        return f"config.data.directories: no Python files in {', '.join(self.directories)}"

    def find(self, seed: int, report: Reporter) -> Found:
        skipped: Counter[str] = Counter()
        candidates: dict[str, Candidate] = {}
        packages: dict[Path, Package] = {}
        for directory in self.directories:
            root = Path(directory)
            if not root.is_dir():
                raise UserError(f"config.data.directories: {directory} is not a directory; correct the path")
            for path, status in source_walk.walk(root, skipped, source_walk.in_project, _READ):
                parts = path.relative_to(root).parts
                home = root / parts[0] if len(parts) > 1 else root
                if home not in packages:
                    packages[home] = _project(home, root)
                candidates.setdefault(
                    os.path.realpath(path), source_walk.candidate(path, status, packages[home], home)
                )
        return Found(in_hash_order(candidates.values(), seed), skipped)

    def tracked_files(self) -> Iterator[tuple[str, str]]:
        for candidate in self.find(0, lambda event: None).candidates:
            yield candidate.key, candidate.path


def _project(home: Path, root: Path) -> Package:
    version, licence = of_project(home)
    if licence == UNKNOWN:
        outer_version, licence = of_project(root)
        version = version or outer_version
    return Package(home.resolve().name, version, licence)
