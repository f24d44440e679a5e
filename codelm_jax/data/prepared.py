"""Opens a directory of prepared data. The room `preparation` writes it."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codelm_jax.data.manifest import data_fingerprint, read_human_band, read_manifest
from codelm_jax.data.tokenizer import CodeTokenizer
from codelm_jax.data.tokens import TokenFile, TokenHeader, read_tokens
from codelm_jax.errors import UserError

TOKENIZER = "tokenizer.json"


@dataclass(frozen=True)
class PreparedData:
    """Everything that training and evaluation read.

    Attributes:
        directory: where it is.
        tokenizer: the one that encoded the token files.
        train: training tokens.
        val: held-out files of packages that are also in `train`.
        test: files of held-out packages; the same as `val` where the source has no test split.
        manifest: sources, filters and splits as plain JSON.
        human_band: how often held-out code repeats itself (`text.band`); {} where there is too little of it.
        fingerprint: identifies settings and contents.
    """

    directory: Path
    tokenizer: CodeTokenizer
    train: TokenFile
    val: TokenFile
    test: TokenFile
    manifest: dict[str, Any]
    human_band: dict[str, Any]
    fingerprint: str


def load_prepared(directory: str | Path) -> PreparedData:
    """Opens prepared data without a look at its sources.

    Raises:
        UserError: it is missing, incomplete or damaged.
    """
    directory = Path(directory)
    manifest = read_manifest(directory)
    tokenizer = CodeTokenizer.from_file(directory / TOKENIZER)
    files = {
        name: read_tokens(directory / f"{name}.tokens", tokenizer.vocab_size) for name in manifest["splits"]
    }
    contents = content_digests(tokenizer, {name: file.header for name, file in files.items()})
    if manifest["fingerprint"] != data_fingerprint(manifest["settings"], contents):
        raise UserError(f"{directory}: its files do not belong together; delete it and prepare again")
    return PreparedData(
        directory=directory,
        tokenizer=tokenizer,
        train=files["train"],
        val=files["val"],
        test=files.get("test", files["val"]),
        manifest=manifest,
        human_band=read_human_band(directory, manifest),
        fingerprint=manifest["fingerprint"],
    )


def content_digests(tokenizer: CodeTokenizer, headers: Mapping[str, TokenHeader]) -> dict[str, str]:
    """The sha256 of the tokenizer and of each split's token ids, which the fingerprint covers."""
    digests = {name: header.sha256 for name, header in headers.items()}
    return {TOKENIZER: hashlib.sha256(tokenizer.to_json().encode()).hexdigest(), **digests}
