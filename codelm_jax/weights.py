"""Loads weights from a checkpoint or from an export."""

import os
from pathlib import Path
from typing import Literal

import jax

from codelm_jax.checkpoint.load import Loaded, load_checkpoint
from codelm_jax.checkpoint.locate import locate
from codelm_jax.errors import UserError
from codelm_jax.interop.hf_files import is_export
from codelm_jax.interop.hf_import import read_hf


def load_weights(path: str | os.PathLike[str], *, which: Literal["best", "latest"] | int = "best") -> Loaded:
    """Reads weights and their metadata onto the default device; changes nothing on disk.

    Args:
        path: a run directory, its checkpoints directory, the directory of one step, or an export of any dtype, which is
            loaded as float32.
        which: as for `load_checkpoint`; an export holds one step, which is both "best" and "latest".

    Returns:
        For an export without `codelm.json`, step 0 and the metadata of a model of unknown origin.

    Raises:
        UserError: there is no such step or export, or a file of it is damaged or missing.
    """
    directory = Path(path)
    if not is_export(directory):
        _require_checkpoint(path)
        return load_checkpoint(path, which=which)
    imported = read_hf(directory)
    step = imported.step or 0
    if isinstance(which, int) and which != step:
        raise UserError(f"{path}: has no step {which}; it is an export of step {step}")
    return Loaded(step, jax.device_put(imported.params), imported.meta)


def _require_checkpoint(path: str | os.PathLike[str]) -> None:
    try:
        locate(path)
    except UserError as error:
        raise UserError(f"{error}, or a directory that scripts/export.py wrote") from None
