"""The manifest and the human band of prepared data."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from codelm_jax.errors import UserError
from codelm_jax.run_files import file_sha256, read_object

MANIFEST = "manifest.json"
HUMAN_BAND = "human_band.json"

FORMAT = 1
_KEYS = {"fingerprint", "settings", "splits", "inputs", "sources", "environment"}
_REMEDY = "delete the directory and prepare again"


def read_manifest(directory: Path) -> dict[str, Any]:
    """Reads the manifest of prepared data.

    Raises:
        UserError: it is missing, incomplete, damaged, or of another format.
    """
    path = directory / MANIFEST
    manifest = _read(path)
    if manifest.get("format") != FORMAT:
        raise UserError(f"{path}: unknown format {manifest.get('format')!r}; prepare the data again")
    if missing := _KEYS - manifest.keys():
        raise UserError(f"{path}: damaged, lacks {min(missing)!r}; {_REMEDY}")
    return manifest


def read_human_band(directory: Path, manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Reads the human band and checks it against the digest in `manifest`.

    Raises:
        UserError: it is missing, damaged, or of other data.
    """
    path = directory / HUMAN_BAND
    band = _read(path)
    # Data of version 0.1.0 has no digest of the band.
    if manifest.get("human_band_sha256", "") not in ("", file_sha256(path)):
        raise UserError(f"{path}: contents do not match their sha256; {_REMEDY}")
    return band


def data_fingerprint(settings: Mapping[str, Any], sha256_of_file: Mapping[str, str]) -> str:
    """Identifies prepared data by its settings and the contents of its files."""
    return hashlib.sha256(json.dumps([settings, sha256_of_file], sort_keys=True).encode()).hexdigest()


def _read(path: Path) -> dict[str, Any]:
    try:
        return read_object(path, _REMEDY)
    except FileNotFoundError as error:
        raise UserError(f"{path}: cannot read it: {error.strerror}; prepare the data again") from None
