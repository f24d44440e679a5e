"""What the Hugging Face format has no place for: which run the weights are from, and what that run knew of its data.

`codelm.json` holds it, with the digests of all other files in the directory and of itself: weights that somebody has
trained further are not what it describes, and no byte of a statement changes unnoticed.
"""

import dataclasses
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import pydantic
from pydantic.dataclasses import dataclass

from codelm_jax.atomic import write_json
from codelm_jax.checkpoint.metadata import RunMeta
from codelm_jax.errors import UserError
from codelm_jax.interop.hf_weights import INDEX, WEIGHTS
from codelm_jax.interop.text_files import read_json
from codelm_jax.run_files import file_sha256, json_digest
from codelm_jax.schema import STRICT, parse

_log = logging.getLogger(__name__)

RECORD = "codelm.json"
FORMAT = 2
# Written by 0.1.0: no digest of the record itself, and none of the files that an import does not read.
_WITHOUT_OWN_DIGEST = 1
# Of the run's config: paths on the machine that it ran on, which mean nothing elsewhere and are nobody's business.
_PRIVATE = "data"
# Of the metadata: a file of its own, and what XLA was told on that machine, which may hold paths.
_LEFT_OUT = ("tokenizer_json", "xla_flags")


def is_export(directory: Path) -> bool:
    """Whether `directory` holds what only an export does, whole or not."""
    return any((directory / name).exists() for name in (RECORD, WEIGHTS, INDEX))


@dataclass(frozen=True, config=STRICT)
class Record:
    """The content of `codelm.json`.

    Attributes:
        format: of this file.
        step: of the checkpoint.
        meta: its metadata, without the tokenizer, the data section of its config and absolute paths.
        sha256: digests of the other files by name.
        record_sha256: digest of the fields above; None in format 1, which had none.
    """

    format: int
    step: Annotated[int, pydantic.Field(ge=0)]
    meta: dict[str, Any]
    sha256: dict[str, str]
    record_sha256: str | None = None

    def run_meta(self, tokenizer_json: str) -> RunMeta:
        """The metadata with the tokenizer, which is a file of its own.

        Raises:
            UserError: a key of it is missing or wrong.
        """
        return RunMeta.from_json({**self.meta, "tokenizer_json": tokenizer_json}, f"{RECORD}: meta")


def write_record(directory: Path, step: int, meta: RunMeta) -> None:
    """Writes the record of an export whose other files are all there.

    Args:
        directory: where they lie.
        step: of the checkpoint.
        meta: of the checkpoint.
    """
    began_from = meta.began_from
    public = dataclasses.replace(
        meta,
        config={key: value for key, value in meta.config.items() if key != _PRIVATE},
        decontaminated=tuple(map(_public, meta.decontaminated)),
        began_from=began_from and dataclasses.replace(began_from, checkpoint=_public(began_from.checkpoint)),
    )
    _write(directory, step, {key: value for key, value in public.to_json().items() if key not in _LEFT_OUT})


def seal(directory: Path) -> None:
    """Writes the record once more, with the digests that the other files have now.

    Raises:
        UserError: its record cannot be read.
    """
    record = read_record(directory)
    _write(directory, record.step, record.meta)


def read_record(directory: Path) -> Record:
    """Reads a record and compares it with its own digest.

    Raises:
        UserError: it is not such a record, or differs from its digest.
    """
    path = directory / RECORD
    content = read_json(path)
    written = content.get("format")
    if written not in (FORMAT, _WITHOUT_OWN_DIGEST):
        raise UserError(f"{path}: format is {written!r}, not {FORMAT}: another version wrote it")
    record = parse(Record, content, str(path))
    if record.format == FORMAT and record.record_sha256 != _own_digest(content):
        raise UserError(
            f"{path}: differs from its own digest, so it was changed or is damaged; export again, or remove it to "
            "import the model as one of unknown origin"
        )
    record.run_meta("")
    return record


def check_record(directory: Path, files: tuple[str, ...]) -> Record:
    """Reads a record and compares the files that it describes.

    A file that no import reads may differ, since people edit the card; a warning says so.

    Args:
        directory: where it lies.
        files: those that an import reads.

    Raises:
        UserError: as `read_record`, or one of `files` is not the one that was exported.
    """
    record = read_record(directory)
    for file in files:
        if record.sha256.get(file) != _digest(directory / file):
            raise UserError(
                f"{directory / file}: is not the file that {RECORD} describes; export again, or remove {RECORD} to "
                "import it as a model of unknown origin"
            )
    if record.format == _WITHOUT_OWN_DIGEST:
        _log.warning(
            "%s: has no digest of itself (version 0.1.0 wrote it), so changes to it go unnoticed; export again to add one",
            directory / RECORD,
        )
    # Names come from the directory, not from the record: a record must not have other files read.
    for path in sorted(directory.iterdir()):
        described = record.sha256.get(path.name)
        if described and path.name not in files and path.is_file() and described != _digest(path):
            _log.warning("%s: is not the file that %s describes; what it says is not checked", path, RECORD)
    return record


def _write(directory: Path, step: int, meta: Mapping[str, Any]) -> None:
    others = sorted(path for path in directory.iterdir() if path.is_file() and path.name != RECORD)
    content = {
        "format": FORMAT,
        "step": step,
        "meta": meta,
        "sha256": {path.name: _digest(path) for path in others},
    }
    write_json(directory / RECORD, {**content, "record_sha256": _own_digest(content)})


def _own_digest(content: Mapping[str, Any]) -> str:
    """Of all fields but the digest itself, whatever the file's spacing."""
    described = {key: value for key, value in content.items() if key != "record_sha256"}
    return json_digest(described)


def _public(path: str) -> str:
    """A path as it was given, but for where on the machine it lies."""
    return Path(path).name if Path(path).is_absolute() else path


def _digest(path: Path) -> str:
    try:
        return file_sha256(path)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
