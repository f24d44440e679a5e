"""Writes a model as a directory that Hugging Face's tools open as it is."""

import dataclasses
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from codelm_jax.checkpoint.metadata import RunMeta
from codelm_jax.errors import UserError
from codelm_jax.interop.architectures import architecture_of
from codelm_jax.interop.hf_card import hf_card
from codelm_jax.interop.hf_record import RECORD, write_record
from codelm_jax.interop.hf_tokenizer import generation_config, hf_tokenizer_json, tokenizer_config
from codelm_jax.interop.hf_weights import is_weights_file, weights_files, write_weights
from codelm_jax.interop.new_directory import new_directory
from codelm_jax.model.config import ModelConfig
from codelm_jax.schema import parse

DTYPES = ("float32", "bfloat16", "float16")

CONFIG = "config.json"
TOKENIZER = "tokenizer.json"
CARD = "README.md"
# Beside the weights.
FILES = (CONFIG, TOKENIZER, "tokenizer_config.json", "generation_config.json", CARD, RECORD)


@dataclasses.dataclass(frozen=True)
class Exported:
    """What is exported.

    Attributes:
        step: of the checkpoint.
        params: float32.
        meta: of the checkpoint.
        card: the run's model card.
    """

    step: int
    params: Mapping[str, Any]
    meta: RunMeta
    card: str


def is_export_file(name: str) -> bool:
    """Whether an export may have written a file of this name."""
    return name in FILES or is_weights_file(name)


def read_again(directory: Path) -> tuple[str, ...]:
    """Names of the files that an import of `directory` reads."""
    return (*weights_files(directory), CONFIG, TOKENIZER)


def export_hf(
    model: Exported,
    out: Path,
    *,
    dtype: str = "float32",
    max_shard_bytes: int | None = None,
    called: str | None = None,
    overwrite: bool = False,
    for_ctranslate2: bool = False,
) -> str:
    """Writes `out`, whole or not at all.

    Args:
        model: what to export.
        out: the directory to make.
        dtype: of the weights, one of `DTYPES`.
        max_shard_bytes: of each weights file; None: one file, whatever its size.
        called: what the card's commands open; None: the last part of `out`.
        overwrite: whether an older export there is replaced.
        for_ctranslate2: whether to write what CTranslate2's converter needs: zero attention biases, and an `unk_token`.

    Returns:
        The name of the public architecture that the model was written as.

    Raises:
        UserError: the model equals no public architecture, its weights exceed `dtype`, or `out` can't be written.
    """
    config = parse(ModelConfig, model.meta.model, "config.model")
    architecture = architecture_of(config)
    hf_config, weights = architecture.write(config, model.params)
    if for_ctranslate2:
        hf_config["attention_bias"] = True
        biases = architecture.attention_biases(config)
        weights |= {name: np.zeros(size, np.float32) for name, size in biases.items()}
    weights = {name: _cast(name, array, dtype) for name, array in weights.items()}
    tokenizer_json = model.meta.tokenizer_json
    generation = generation_config(tokenizer_json, config.vocab_size)
    card = hf_card(
        model.card,
        name=called or Path(os.path.realpath(out)).name,
        architecture=architecture.name,
        dtype=dtype,
        step=model.step,
        context_length=config.max_seq_length,
    )
    with new_directory(out, replaceable=is_export_file, overwrite=overwrite) as directory:
        write_weights(directory, weights, max_shard_bytes)
        for name, content in {
            # Older readers look for torch_dtype.
            CONFIG: hf_config
            | {"pad_token_id": generation["pad_token_id"], "dtype": dtype, "torch_dtype": dtype},
            "tokenizer_config.json": tokenizer_config(config.max_seq_length, unk_token=for_ctranslate2),
            "generation_config.json": generation,
        }.items():
            _write(directory / name, json.dumps(content, indent=2) + "\n")
        _write(directory / TOKENIZER, hf_tokenizer_json(tokenizer_json))
        _write(directory / CARD, card)
        write_record(directory, model.step, model.meta)
    return architecture.name


def _cast(name: str, array: np.ndarray, dtype: str) -> np.ndarray:
    with np.errstate(over="ignore"):
        cast = array.astype(jnp.dtype(dtype))
    if not np.isfinite(cast.astype(np.float32)).all():
        problem = "exceeds" if np.isfinite(array).all() else "is not finite, whatever"
        raise UserError(
            f"--dtype={dtype}: {name} {problem} the range of {dtype}; export another --dtype or step"
        )
    return cast


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
