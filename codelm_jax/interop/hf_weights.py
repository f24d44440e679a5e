"""Weights as one safetensors file, or several with an index."""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from codelm_jax.errors import UserError
from codelm_jax.interop.text_files import read_json

WEIGHTS = "model.safetensors"
INDEX = f"{WEIGHTS}.index.json"

_SYSTEM_ERROR = re.compile(r"\(os error (\d+)\)")
_SHARD = re.compile(r"model-\d{5}-of-\d{5}\.safetensors")
# Upper bounds in bytes: a tensor's entry in the header without its name, and the header without its entries.
_ENTRY = 128
_HEADER = 64


def is_weights_file(name: str) -> bool:
    """Whether this is a name of a weights file or of the index."""
    return name in (WEIGHTS, INDEX) or _SHARD.fullmatch(name) is not None


def write_weights(directory: Path, weights: Mapping[str, np.ndarray], max_bytes: int | None) -> None:
    """Writes the weights into `directory`.

    Args:
        directory: without weights.
        weights: by name.
        max_bytes: limit of a file; a larger tensor gets a file of its own. None: one file.
    """
    shards = _split(weights, max_bytes)
    if len(shards) == 1:
        _save(weights, directory / WEIGHTS)
        return
    weight_map = {}
    for number, names in enumerate(shards, start=1):
        file = f"model-{number:05d}-of-{len(shards):05d}.safetensors"
        _save({name: weights[name] for name in names}, directory / file)
        weight_map |= dict.fromkeys(names, file)
    total = sum(array.nbytes for array in weights.values())
    index = {"metadata": {"total_size": total}, "weight_map": dict(sorted(weight_map.items()))}
    (directory / INDEX).write_text(json.dumps(index, indent=2) + "\n", encoding="utf-8")


def weights_files(directory: Path) -> tuple[str, ...]:
    """Returns the names of the files with the weights in `directory`, the index first if there is one.

    Raises:
        UserError: the index is damaged.
    """
    if not (directory / WEIGHTS).exists() and (directory / INDEX).exists():
        return (INDEX, *sorted(set(_read_index(directory).values())))
    return (WEIGHTS,)


def read_weights(directory: Path) -> dict[str, np.ndarray]:
    """Returns all tensors by name.

    Raises:
        UserError: a file is missing or damaged, or holds other tensors than the index says.
    """
    index, *shards = weights_files(directory)
    if not shards:
        return _load(directory / WEIGHTS)
    weight_map, weights = _read_index(directory), {}
    for shard in shards:
        if not (directory / shard).exists():
            raise UserError(f"{directory / shard}: missing; {index} says that weights are in it")
        found = _load(directory / shard)
        expected = {name for name, file in weight_map.items() if file == shard}
        if differing := sorted(expected ^ found.keys()):
            problem = "lacks" if differing[0] in expected else "holds"
            raise UserError(
                f"{directory / shard}: {problem} {differing[0]}, unlike {index} says: is it the file of this name?"
            )
        weights |= found
    return weights


def _split(weights: Mapping[str, np.ndarray], max_bytes: int | None) -> list[list[str]]:
    shards: list[list[str]] = [[]]
    filled = _HEADER
    for name, array in weights.items():
        size = array.nbytes + len(name) + _ENTRY
        if max_bytes is not None and shards[-1] and filled + size > max_bytes:
            shards.append([])
            filled = _HEADER
        shards[-1].append(name)
        filled += size
    return shards


def _save(weights: Mapping[str, np.ndarray], path: Path) -> None:
    try:
        save_file(dict(weights), path, metadata={"format": "pt"})
    except SafetensorError as error:
        # The number of the system error is only in the text.
        if found := _SYSTEM_ERROR.search(str(error)):
            number = int(found[1])
            raise OSError(number, os.strerror(number), str(path)) from None
        raise


def _load(path: Path) -> dict[str, np.ndarray]:
    try:
        return load_file(path)
    except (OSError, SafetensorError, ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"{path}: cannot be read as safetensors ({next(iter(str(error).splitlines()), '')})"
        ) from None


def _read_index(directory: Path) -> dict[str, str]:
    path = directory / INDEX
    weight_map: Any = read_json(path).get("weight_map")
    files = list(weight_map.values()) if isinstance(weight_map, dict) else []
    # Only files of this directory: an index must not have others read.
    if not files or not all(isinstance(file, str) and _SHARD.fullmatch(file) for file in files):
        raise UserError(
            f"{path}: weight_map must name a file model-NNNNN-of-NNNNN.safetensors for each tensor"
        )
    return weight_map
