"""`codelm.json`: the metadata of the exported checkpoint, for which the Hugging Face format has no place.

It holds the digests of all other files and of itself. So it is not applied to weights that were trained further, and no
changed byte goes unnoticed.
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
from codelm_jax.interop.hf_files import RECORD
from codelm_jax.interop.text_files import read_json
from codelm_jax.run_files import file_sha256, json_digest
from codelm_jax.schema import STRICT, parse

_log = logging.getLogger(__name__)

FORMAT = 2
# Written by 0.1.0: no digest of the record itself, and none of the files that an import does not read.
_WITHOUT_OWN_DIGEST = 1
# Section of the config with private paths of the training machine.
_PRIVATE = "data"
# Keys of the metadata: the tokenizer has its own file, and XLA flags may hold paths.
_LEFT_OUT = ("tokenizer_json", "xla_flags")


@dataclass(frozen=True, config=STRICT)
class Record:
    """The content of `codelm.json`.

    Attributes:
        format: of this file.
        step: of the checkpoint.
        meta: its metadata as JSON, without the tokenizer, XLA flags, the data section of the config and absolute paths.
        sha256: digests of the other files by name.
        record_sha256: digest of the fields above; None in format 1.
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
    """Writes the record of an export after all its other files.

    Args:
        directory: the export.
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
    """Updates the digests of the record to the present files.

    Raises:
        UserError: its record cannot be read.
    """
    record = read_record(directory)
    _write(directory, record.step, record.meta)


def read_record(directory: Path) -> Record:
    """Reads a record and compares it with its own digest.

    Raises:
        UserError: it is not a record, or differs from its digest.
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
    """Reads a record and compares the digests of all files.

    A file that an import does not read, such as an edited card, only gives a warning.

    Args:
        directory: the export.
        files: names of the files that an import reads.

    Raises:
        UserError: as `read_record`, or one of `files` differs from its digest.
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
    # Names come from the directory: a record must not make other files be read.
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
    """Digest of all other fields, independent of whitespace."""
    described = {key: value for key, value in content.items() if key != "record_sha256"}
    return json_digest(described)


def _public(path: str) -> str:
    """A relative path as given; of an absolute one only the file name."""
    return Path(path).name if Path(path).is_absolute() else path


def _digest(path: Path) -> str:
    try:
        return file_sha256(path)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror})") from None
