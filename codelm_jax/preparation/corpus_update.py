"""Pins a list of packages to the newest wheels: `scripts/prepare_data.py --update-corpus`."""

import re
import sys
import tempfile
import zipfile
from importlib.metadata import PathDistribution
from pathlib import Path
from typing import Any

from codelm_jax.data.decoding import Rejected
from codelm_jax.data.licences import PERMISSIVE, is_allowed
from codelm_jax.data.progress import Advance, Reporter
from codelm_jax.errors import UserError
from codelm_jax.preparation import corpus_list, judging, licence_metadata, wheels
from codelm_jax.preparation.corpus_list import Pin
from codelm_jax.run_files import file_sha256


def update(name: str, report: Reporter) -> None:
    """Pins the list's own packages again; those of included lists keep their pins.

    Raises:
        UserError: a package cannot be fetched or is not permissively licensed, or this is not the oldest supported
            Python, which alone knows what parses in all of them.
    """
    oldest = ".".join(map(str, wheels.OLDEST_PYTHON))
    if sys.version_info[:2] != wheels.OLDEST_PYTHON:
        raise UserError(f"--update-corpus: run it with Python {oldest}; newer ones also parse newer syntax")
    path = corpus_list.path_of(name)
    names = corpus_list.read_names(path)
    name_of = {_canonical(package): package for package in (*names.train, *names.held_out)}
    pins: dict[str, Pin] = {}
    report(f"fetching the newest wheels of {len(name_of)} packages")
    with tempfile.TemporaryDirectory() as folder:
        try:
            fetched = wheels.download(list(name_of), Path(folder))
        except wheels.NotFetched as problem:
            raise UserError(f"{path}: cannot fetch a pure-Python wheel of each package ({problem})") from None
        for number, wheel in enumerate(fetched):
            report(Advance("pinning packages", number, len(fetched)))
            distribution = _distribution(wheel)
            pins[name_of[_canonical(distribution.name)]] = _pin(wheel, distribution)
    report(Advance("pinning packages", len(fetched), len(fetched)))
    refused = [
        f"{name} ({pin.licence})" for name, pin in pins.items() if not is_allowed(pin.licence, PERMISSIVE)
    ]
    if refused:
        raise UserError(f"{path}: not permissively licensed: {', '.join(refused)}; remove them from the list")
    corpus_list.write_pins(path, pins)
    report(f"pinned {len(pins)} packages of {path}")


def _pin(wheel: Path, distribution: PathDistribution) -> Pin:
    with tempfile.TemporaryDirectory(dir=wheel.parent) as folder:
        unpacked = wheels.unpack(wheel, Path(folder) / "sources")
        skip = [name for name in unpacked.files if not _parses(unpacked.directory / name)]
    licence = licence_metadata.of_distribution(distribution)
    return Pin(distribution.version, file_sha256(wheel), licence, skip)


def _canonical(name: str) -> str:
    """The form of a package's name that an index compares."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _distribution(wheel: Path) -> PathDistribution:
    root = zipfile.Path(wheel)
    name = next(entry.name for entry in root.iterdir() if entry.name.endswith(".dist-info"))
    # importlib.metadata documents only pathlib.Path, and reads zipfile.Path alike.
    metadata_directory: Any = root / name
    return PathDistribution(metadata_directory)


def _parses(path: Path) -> bool:
    """Whether the file is parsed without error; a file that other rules leave out unparsed counts as parsed."""
    try:
        text = judging.decode_source(path.read_bytes())
        judging.parsed(text)
    except Rejected as rejection:
        return str(rejection) != judging.UNPARSED
    return True
