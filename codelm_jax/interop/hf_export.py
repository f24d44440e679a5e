"""Writes a model as a directory that Hugging Face's tools open."""

import dataclasses
import json
import os
from pathlib import Path
from typing import Any

import jax.numpy as jnp
import numpy as np

from codelm_jax.checkpoint.metadata import RunMeta
from codelm_jax.errors import UserError
from codelm_jax.interop.architectures import architecture_of
from codelm_jax.interop.hf_card import hf_card
from codelm_jax.interop.hf_files import (
    CARD,
    CONFIG,
    GENERATION_CONFIG,
    TOKENIZER,
    TOKENIZER_CONFIG,
    is_export_file,
)
from codelm_jax.interop.hf_record import write_record
from codelm_jax.interop.hf_tokenizer import generation_config, hf_tokenizer_json, tokenizer_config
from codelm_jax.interop.hf_weights import write_weights
from codelm_jax.interop.new_directory import new_directory
from codelm_jax.model.config import ModelConfig
from codelm_jax.schema import parse

DTYPES = ("float32", "bfloat16", "float16")


@dataclasses.dataclass(frozen=True)
class Exported:
    """A model to export.

    Attributes:
        step: of the checkpoint.
        params: float32.
        meta: of the checkpoint.
        card: the run's model card.
    """

    step: int
    params: dict[str, Any]
    meta: RunMeta
    card: str


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
    """Writes `out`, completely or not at all.

    Args:
        model: the model.
        out: the directory to make.
        dtype: of the weights, one of `DTYPES`.
        max_shard_bytes: limit of each weights file; None: one file of any size.
        called: the path or name in the card's commands; None: the last part of `out`.
        overwrite: whether to replace an older export.
        for_ctranslate2: whether to add what CTranslate2's converter needs: zero attention biases and an `unk_token`.

    Returns:
        The name of the exported architecture.

    Raises:
        UserError: the model equals no public architecture, its weights exceed `dtype`, or `out` can't be written.
    """
    config = parse(ModelConfig, model.meta.model, "config.model")
    architecture = architecture_of(config)
    hf_config, weights = architecture.write(config, model.params)
    if for_ctranslate2:
        hf_config["attention_bias"] = True
        biases = architecture.bias_sizes(config)
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
            TOKENIZER_CONFIG: tokenizer_config(config.max_seq_length, unk_token=for_ctranslate2),
            GENERATION_CONFIG: generation,
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
