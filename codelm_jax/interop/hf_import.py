"""Reads a directory of the Hugging Face format back: an export of this project, or what other tools made of one."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from codelm_jax.checkpoint.metadata import RunMeta
from codelm_jax.errors import UserError
from codelm_jax.interop.architectures import architecture_named
from codelm_jax.interop.hf_config import Sizes, read_sizes
from codelm_jax.interop.hf_export import CONFIG, TOKENIZER, read_again
from codelm_jax.interop.hf_record import RECORD, check_record
from codelm_jax.interop.hf_tokenizer import own_tokenizer_json
from codelm_jax.interop.hf_weights import WEIGHTS, read_weights, weights_files
from codelm_jax.interop.tensors import NamedArrays
from codelm_jax.interop.text_files import read_json, read_text
from codelm_jax.model.config import ModelConfig
from codelm_jax.schema import parse


@dataclasses.dataclass(frozen=True)
class Imported:
    """A model that was read.

    Attributes:
        params: float32, as the transformer takes them.
        step: of the checkpoint that was exported; None if its origin is unknown.
        meta: of that checkpoint, without the data section of the config.
    """

    params: dict[str, Any]
    step: int | None
    meta: RunMeta


def read_hf(directory: Path) -> Imported:
    """Reads the model in `directory`.

    Raises:
        UserError: a file is missing or damaged, or the model is not one that this project has; names the file and the
            field or tensor.
    """
    if not directory.is_dir():
        raise UserError(f"{directory}: no such directory; give one with {CONFIG}, {WEIGHTS} and {TOKENIZER}")
    record = None
    if (directory / RECORD).exists():
        record = check_record(directory, read_again(directory))
    given, name = read_json(directory / CONFIG), str(directory / CONFIG)
    architecture = architecture_named(given.get("model_type"), name)
    sizes = read_sizes(given, name)
    words = architecture.words(given, sizes, name)
    if record:
        words = _recorded_words(record.meta, words, directory)
    config = parse(ModelConfig, words, "config.model")
    tokenizer_json = _read_tokenizer(directory / TOKENIZER, config.vocab_size)
    arrays = NamedArrays(read_weights(directory), str(directory / weights_files(directory)[0]))
    params = architecture.read(config, arrays)
    for bias, size in architecture.attention_biases(config).items():
        arrays.drop_zeros_if_there(bias, size)
    arrays.finish()
    if record:
        return Imported(params, record.step, record.run_meta(tokenizer_json))
    return Imported(params, None, RunMeta(config={"model": words}, tokenizer_json=tokenizer_json))


def _recorded_words(meta: Mapping[str, Any], words: dict[str, Any], directory: Path) -> dict[str, Any]:
    """The run's own words, which know dropout and initialisation too.

    Raises:
        UserError: they describe another model.
    """
    name = f"{directory / RECORD}: meta.config.model"
    recorded = meta["config"]["model"]
    ours, theirs = parse(ModelConfig, recorded, name), parse(ModelConfig, words, "config.model")
    kinds = ("normalization", "activation", "position_encoding")
    if Sizes.of(ours) != Sizes.of(theirs) or any(getattr(ours, k) != getattr(theirs, k) for k in kinds):
        raise UserError(f"{name}: is another model than {CONFIG} describes; export again, or remove {RECORD}")
    return recorded


def _read_tokenizer(path: Path, vocab_size: int) -> str:
    text = own_tokenizer_json(read_text(path), str(path))
    size = Tokenizer.from_str(text).get_vocab_size(with_added_tokens=True)
    if size > vocab_size:
        raise UserError(f"{path}: has {size} tokens, but {CONFIG} says vocab_size = {vocab_size}")
    return text
