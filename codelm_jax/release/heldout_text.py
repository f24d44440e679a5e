"""A small held-out text for a release: whole validation files, and the packages they come from."""

import functools
import hashlib
import importlib.metadata
import re
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from codelm_jax.data.licences import is_allowed
from codelm_jax.data.prepared import PreparedData
from codelm_jax.errors import UserError

# Only licences whose text is shipped (Apache-2.0, the project's own) or need not be: MIT, BSD and the PSF's licence
# require notices of each package.
LICENCES = ("Apache-2.0", "CC0-1.0", "0BSD", "MIT-0", "Unlicense")
MOST_BYTES = 150_000
_FILE_BYTES = range(500, 30_000)
# Directories and texts that point to code of other projects, for which the package's licence may not hold.
_FOREIGN_DIRECTORY = re.compile(r"_?(vendor(ed)?|third_?party|extern(als?)?)", re.IGNORECASE)
_FOREIGN_TEXT = re.compile(
    r"\bvendored\b|\b(adapted|copied|taken|borrowed|derived|ported) from\b"
    r"|\b(MIT|BSD|ISC|PSF|Python Software Foundation|L?GPL|MPL)\b[^\n]*\blicen[cs]e",
    re.IGNORECASE,
)
_TERMS = ("LICENSE", "LICENCE", "COPYING", "NOTICE")
_SEPARATOR = "<|endoftext|>"


def held_out_text(prepared: PreparedData) -> tuple[str, list[dict[str, Any]]]:
    """Collects files of the `val` split, one per package in turn, up to `MOST_BYTES`.

    Args:
        prepared: data whose manifest names its files.

    Returns:
        The text, with a line `<|endoftext|>` between files, and `package`, `version`, `licence`, `source` and `bytes` of
        each file.

    Raises:
        UserError: no file may be shipped.
    """
    files, taken = _eligible(prepared), 0
    texts, sources = [], []
    for file, ids in _in_turn(files):
        text = prepared.tokenizer.decode(ids)
        # The text must be exactly the file, and must not contain the separator.
        same = hashlib.sha256(text.encode()).hexdigest() == file["sha256"]
        if not same or _SEPARATOR in text or _FOREIGN_TEXT.search(text) or taken + file["bytes"] > MOST_BYTES:
            continue
        taken += file["bytes"]
        texts.append(text if text.endswith("\n") else f"{text}\n")
        sources.append({key: file[key] for key in ("package", "version", "licence", "source", "bytes")})
    if not texts:
        raise UserError(
            f"{prepared.directory}: no validation file of {_FILE_BYTES.start} to {_FILE_BYTES.stop} bytes is under "
            f"{', '.join(LICENCES)}, so no held-out text can be shipped; prepare a larger corpus"
        )
    return f"{_SEPARATOR}\n".join(texts), sources


def _eligible(prepared: PreparedData) -> list[tuple[dict[str, Any], np.ndarray]]:
    files = [file for file in prepared.manifest.get("files", ()) if file["split"] == "val"]
    installed = prepared.manifest.get("settings", {}).get("config.data.source") == "python-env"
    return [
        (file, ids)
        for file, ids in zip(files, prepared.val.documents(), strict=True)
        if is_allowed(file["licence"], LICENCES)
        and file["bytes"] in _FILE_BYTES
        and not any(map(_FOREIGN_DIRECTORY.fullmatch, PurePosixPath(file["source"]).parts))
        and (not installed or _under_the_terms_of_its_package(file["package"], file["source"]))
    ]


def _in_turn(
    files: list[tuple[dict[str, Any], np.ndarray]],
) -> Iterator[tuple[dict[str, Any], np.ndarray]]:
    by_package: dict[str, list[tuple[dict[str, Any], np.ndarray]]] = {}
    for file, ids in files:
        by_package.setdefault(file["package"], []).append((file, ids))
    while by_package:
        for package in sorted(by_package):
            yield by_package[package].pop(0)
            if not by_package[package]:
                del by_package[package]


def _under_the_terms_of_its_package(package: str, source: str) -> bool:
    """Whether a file has no licence of its own and no NOTICE, which Apache-2.0 (section 4 d) requires to be copied.

    False for a package that is not installed, since its files are unknown.
    """
    terms = _terms(package)
    if terms is None or any(file.name.upper().startswith("NOTICE") for file in terms):
        return False
    # Licence files in the metadata hold for the package; elsewhere they hold for their directory.
    beside = {file.parent for file in terms if not any(part.endswith(".dist-info") for part in file.parts)}
    return beside.isdisjoint(PurePosixPath(source).parents)


@functools.cache
def _terms(package: str) -> list[importlib.metadata.PackagePath] | None:
    """Licence and notice files of a package; None if its files are unknown."""
    try:
        files = importlib.metadata.files(package)
    except importlib.metadata.PackageNotFoundError:
        return None
    return None if files is None else [file for file in files if file.name.upper().startswith(_TERMS)]
