"""Names of the files of an export, for those who write and those who read it."""

from pathlib import Path

from codelm_jax.interop.hf_weights import INDEX, WEIGHTS, is_weights_file

CONFIG = "config.json"
TOKENIZER = "tokenizer.json"
TOKENIZER_CONFIG = "tokenizer_config.json"
GENERATION_CONFIG = "generation_config.json"
CARD = "README.md"
RECORD = "codelm.json"
# All but the weights.
FILES = (CONFIG, TOKENIZER, TOKENIZER_CONFIG, GENERATION_CONFIG, CARD, RECORD)


def is_export_file(name: str) -> bool:
    """Whether an export may have written a file of this name."""
    return name in FILES or is_weights_file(name)


def is_export(directory: Path) -> bool:
    """Whether `directory` holds what only an export does, complete or not."""
    return any((directory / name).exists() for name in (RECORD, WEIGHTS, INDEX))
