"""Lists of packages that make a pinned corpus: `NAME.toml` names them with a reason each, `NAME.lock.json` pins them.

A list may include others. The packages under `held_out` are the test set of every list that includes it. Packages of
the shipped `held_out.toml` are refused in every training set.
"""

import json
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pydantic

from codelm_jax.atomic import write_json
from codelm_jax.config_files import configs_directory
from codelm_jax.errors import UserError
from codelm_jax.run_files import json_digest
from codelm_jax.schema import STRICT, parse

HELD_OUT_LIST = "held_out"


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)
class Pin:
    """One wheel with its pinned properties.

    Attributes:
        version: of the package.
        sha256: of the wheel.
        licence: SPDX expression from the wheel's metadata.
        skip: files that the oldest supported Python cannot parse.
    """

    version: str
    sha256: str
    licence: str
    skip: list[str]


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)
class PackageNames:
    """The contents of one `.toml` file; `train` and `held_out` map package names to the reason for each."""

    include: list[str]
    train: dict[str, str]
    held_out: dict[str, str]


@dataclass(frozen=True)
class CorpusList:
    """All pins of a list and of those that it includes, by package name.

    Attributes:
        train: packages to train and validate on.
        held_out: packages that only test.
        digest: identifies the pins; names of files, order and reasons are not part of it.
    """

    train: dict[str, Pin]
    held_out: dict[str, Pin]
    digest: str


def load(corpus: str) -> CorpusList:
    """Reads `corpus`, the name of a shipped list or the path of a `.toml` file, with its pins.

    Raises:
        UserError: a file is missing or damaged, a package has no pin, or a held-out package would be trained on.
    """
    train: dict[str, Pin] = {}
    held_out: dict[str, Pin] = {}
    for path in _with_included(path_of(corpus)):
        names, pins = read_names(path), _read_pins(path)
        for name in (*names.train, *names.held_out):
            if name not in pins:
                raise UserError(f"{path}: {name} is not pinned; run scripts/prepare_data.py --update-corpus")
        train |= {name: pins[name] for name in names.train}
        held_out |= {name: pins[name] for name in names.held_out}
    never = held_out.keys() | read_names(path_of(HELD_OUT_LIST)).held_out
    if leaked := sorted(train.keys() & never):
        raise UserError(
            f"config.data.corpus = {corpus!r}: {leaked[0]} is held out for testing; remove it from train"
        )
    pinned = [{name: asdict(pin) for name, pin in group.items()} for group in (train, held_out)]
    return CorpusList(train, held_out, json_digest(pinned))


def path_of(corpus: str) -> Path:
    """Where the list lies: a path as it is, a bare name among the shipped lists."""
    return Path(corpus) if corpus.endswith(".toml") else configs_directory() / "corpora" / f"{corpus}.toml"


def read_names(path: Path) -> PackageNames:
    """Reads one list without its pins and included lists.

    Raises:
        UserError: it is missing or damaged.
    """
    try:
        values = tomllib.loads(path.read_text())
    except OSError as error:
        raise UserError(
            f"config.data.corpus: cannot read {path}: {error.strerror}; name a list in configs/corpora"
        ) from None
    except ValueError as error:
        raise UserError(f"{path}: not TOML: {error}") from None
    return parse(PackageNames, {"include": [], "train": {}, "held_out": {}} | values, str(path))


def write_pins(path: Path, pins: dict[str, Pin]) -> None:
    """Writes the pins of the list at `path`, whole or not at all."""
    write_json(_lock_of(path), {name: asdict(pins[name]) for name in sorted(pins)})


def _with_included(path: Path) -> list[Path]:
    """`path` and every list that it includes, at any depth; each once."""
    paths = [path]
    for including in paths:
        for name in read_names(including).include:
            sibling = including.parent / f"{name}.toml"
            included = sibling if sibling.is_file() else path_of(name)
            if included not in paths:
                paths.append(included)
    return paths


def _read_pins(path: Path) -> dict[str, Pin]:
    lock = _lock_of(path)
    try:
        values: Any = json.loads(lock.read_bytes())
        items = values.items()
    except OSError:
        raise UserError(f"{path}: no {lock.name}; run scripts/prepare_data.py --update-corpus") from None
    except (ValueError, AttributeError):
        raise UserError(
            f"{lock}: damaged; restore it, or run scripts/prepare_data.py --update-corpus"
        ) from None
    return {name: parse(Pin, value, f"{lock}: {name}") for name, value in items}


def _lock_of(path: Path) -> Path:
    return path.with_suffix(".lock.json")
