"""Reads a directory in the Hugging Face format: an export of this project, possibly changed by other tools."""

import dataclasses
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from codelm_jax.checkpoint.metadata import RunMeta
from codelm_jax.errors import UserError
from codelm_jax.interop.architecture import Architecture
from codelm_jax.interop.architectures import architecture_named
from codelm_jax.interop.hf_config import HfSizes
from codelm_jax.interop.hf_files import CONFIG, RECORD, TOKENIZER
from codelm_jax.interop.hf_record import check_record
from codelm_jax.interop.hf_tokenizer import own_tokenizer_json
from codelm_jax.interop.hf_weights import WEIGHTS, read_weights, weights_files
from codelm_jax.interop.tensors import NamedArrays
from codelm_jax.interop.text_files import read_json, read_text
from codelm_jax.model.config import ModelConfig
from codelm_jax.schema import parse


@dataclasses.dataclass(frozen=True)
class Imported:
    """An imported model.

    Attributes:
        params: float32.
        step: of the checkpoint that was exported; None if its origin is unknown.
        meta: of that checkpoint, without the data section of the config.
    """

    params: dict[str, Any]
    step: int | None
    meta: RunMeta


def read_hf(directory: Path) -> Imported:
    """Reads the model in `directory`.

    Raises:
        UserError: a file is missing or damaged, or this project has no such model; names the file and the field or tensor.
    """
    if not directory.is_dir():
        raise UserError(f"{directory}: no such directory; give one with {CONFIG}, {WEIGHTS} and {TOKENIZER}")
    record = None
    if (directory / RECORD).exists():
        record = check_record(directory, (*weights_files(directory), CONFIG, TOKENIZER))
    given, name = read_json(directory / CONFIG), str(directory / CONFIG)
    architecture = architecture_named(given.get("model_type"), name)
    settings = architecture.settings(given, name)
    config = parse(ModelConfig, settings, "config.model")
    tokenizer_json = _read_tokenizer(directory / TOKENIZER, config.vocab_size)
    arrays = NamedArrays(read_weights(directory), str(directory / weights_files(directory)[0]))
    params = architecture.read(config, arrays)
    arrays.finish()
    if record is None:
        return Imported(params, None, RunMeta(config={"model": settings}, tokenizer_json=tokenizer_json))
    # The record knows dropout and initialisation, too.
    meta = record.run_meta(tokenizer_json)
    _check_same_model(meta, config, architecture, directory)
    return Imported(params, record.step, meta)


def _check_same_model(
    meta: RunMeta, config: ModelConfig, architecture: Architecture, directory: Path
) -> None:
    name = f"{directory / RECORD}: meta.config.model"
    recorded = parse(ModelConfig, meta.model, name)
    if HfSizes.of(recorded) != HfSizes.of(config) or any(
        getattr(recorded, key) != value for key, value in architecture.needed.items()
    ):
        raise UserError(f"{name}: is another model than {CONFIG} describes; export again, or remove {RECORD}")


def _read_tokenizer(path: Path, vocab_size: int) -> str:
    text = own_tokenizer_json(read_text(path), str(path))
    size = Tokenizer.from_str(text).get_vocab_size(with_added_tokens=True)
    if size > vocab_size:
        raise UserError(f"{path}: has {size} tokens, but {CONFIG} says vocab_size = {vocab_size}")
    return text
