"""What prepared data says of itself: its manifest and its human band."""

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


def read_human_band(directory: Path, manifest: dict[str, Any]) -> dict[str, Any]:
    """Reads the human band, and checks that it belongs to `manifest`.

    Raises:
        UserError: it is missing, damaged, or another one.
    """
    path = directory / HUMAN_BAND
    band = _read(path)
    # Data that earlier versions prepared has no digest of it.
    if manifest.get("human_band_sha256", "") not in ("", file_sha256(path)):
        raise UserError(f"{path}: contents do not match their sha256; {_REMEDY}")
    return band


def _read(path: Path) -> dict[str, Any]:
    try:
        return read_object(path, _REMEDY)
    except FileNotFoundError as error:
        raise UserError(f"{path}: cannot read it: {error.strerror}; prepare the data again") from None
