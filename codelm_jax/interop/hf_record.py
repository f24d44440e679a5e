"""What the Hugging Face format has no place for: which run the weights are from, and what that run knew of its data.

`codelm.json` holds it, with the digests of the files that it speaks of: weights that somebody has trained further are
not what it describes.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import pydantic
from pydantic.dataclasses import dataclass

from codelm_jax.errors import UserError
from codelm_jax.schema import STRICT, parse

RECORD = "codelm.json"
FORMAT = 1
# Of the run's config: paths on the machine that it ran on, which mean nothing elsewhere and are nobody's business.
_PRIVATE = "data"
# Of the metadata: a file of its own, and what XLA was told on that machine, which may hold paths.
_LEFT_OUT = ("tokenizer_json", "xla_flags")


@dataclass(frozen=True, config=pydantic.ConfigDict(extra="ignore", strict=True))
class _Config:
    model: dict[str, Any]


@dataclass(frozen=True, config=pydantic.ConfigDict(extra="ignore", strict=True))
class _Meta:
    """What later commands look up without asking; the rest is kept as it is."""

    config: dict[str, Any]
    human_band: dict[str, Any]
    data_fingerprint: str


@dataclass(frozen=True, config=STRICT)
class Record:
    """The content of `codelm.json`.

    Attributes:
        format: of this file.
        step: of the checkpoint.
        meta: its metadata, without the tokenizer, the data section of its config and absolute paths.
        sha256: digests of the other files by name.
    """

    format: int
    step: Annotated[int, pydantic.Field(ge=0)]
    meta: dict[str, Any]
    sha256: dict[str, str]


def record_text(step: int, meta: Mapping[str, Any], directory: Path, files: tuple[str, ...]) -> str:
    """The text of the record of an export.

    Args:
        step: of the checkpoint.
        meta: its metadata, see `training.resume.run_meta`.
        directory: where `files` lie.
        files: those that an import reads.
    """
    kept = {key: value for key, value in meta.items() if key not in _LEFT_OUT}
    kept["config"] = {key: value for key, value in meta["config"].items() if key != _PRIVATE}
    kept["decontaminated"] = [_public(path) for path in meta.get("decontaminated", ())]
    if began_from := meta.get("began_from"):
        kept["began_from"] = {**began_from, "checkpoint": _public(began_from["checkpoint"])}
    content = {
        "format": FORMAT,
        "step": step,
        "meta": kept,
        "sha256": {name: _digest(directory / name) for name in files},
    }
    return json.dumps(content, indent=2) + "\n"


def check_record(content: Mapping[str, Any], directory: Path, files: tuple[str, ...]) -> Record:
    """Reads a record and compares the files that it describes.

    Args:
        content: of the record.
        directory: where it lies.
        files: those that it must describe.

    Raises:
        UserError: it is not such a record, or a file is not the one that was exported.
    """
    name = str(directory / RECORD)
    record = parse(Record, content, name)
    meta = parse(_Meta, record.meta, f"{name}.meta")
    parse(_Config, meta.config, f"{name}.meta.config")
    if record.format != FORMAT:
        raise UserError(
            f"{directory / RECORD}: format is {record.format}, not {FORMAT}: another version wrote it"
        )
    for file in files:
        if record.sha256.get(file) != _digest(directory / file):
            raise UserError(
                f"{directory / file}: is not the file that {RECORD} describes; export again, or remove {RECORD} to "
                "import it as a model of unknown origin"
            )
    return record


def _public(path: str) -> str:
    """A path as it was given, but for where on the machine it lies."""
    return Path(path).name if Path(path).is_absolute() else path


def _digest(path: Path) -> str:
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
