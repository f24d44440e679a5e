"""Writes prepared data: tokenizer, token files, human band, manifest."""

import platform
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tokenizers

import codelm_jax
from codelm_jax.atomic import write_atomically
from codelm_jax.data.manifest import FORMAT, HUMAN_BAND, MANIFEST, data_fingerprint
from codelm_jax.data.prepared import TOKENIZER, content_digests
from codelm_jax.data.progress import Advance, Reporter
from codelm_jax.data.tokenizer import CodeTokenizer
from codelm_jax.data.tokens import TokenHeader, read_tokens, write_tokens
from codelm_jax.preparation import staleness, summary
from codelm_jax.preparation.built_corpus import BuiltCorpus, SplitTexts
from codelm_jax.preparation.config import DataConfig
from codelm_jax.run_files import file_sha256, write_object
from codelm_jax.text.band import human_band

_ENCODED_AT_ONCE = 4_000_000  # characters


def write_prepared(
    directory: Path,
    config: DataConfig,
    settings: dict[str, Any],
    corpus: BuiltCorpus,
    tokenizer: CodeTokenizer,
    report: Reporter,
) -> None:
    """Encodes `corpus` and writes all files of prepared data to `directory`.

    Args:
        directory: exists and is empty.
        config: what the corpus was built from.
        settings: of `staleness.settings_of`.
        corpus: the texts.
        tokenizer: encodes them.
        report: takes lines and progress.
    """
    write_atomically(directory / TOKENIZER, tokenizer.to_json().encode())
    headers = _write_splits(directory, corpus, tokenizer, report)
    _write_band(directory, config, headers, tokenizer, report)
    inputs = {path: staleness.record_file(path) for path in staleness.input_files(config)}
    settings = settings | staleness.benchmark_digests(config, inputs)
    characters = sum(len(text) for text in corpus.splits["val"].read())
    manifest = {
        "format": FORMAT,
        "fingerprint": data_fingerprint(settings, content_digests(tokenizer, headers)),
        "settings": settings,
        "locations": staleness.locations_of(config),
        "made_with": {
            "codelm_jax": codelm_jax.__version__,
            "python": platform.python_version(),
            "tokenizers": tokenizers.__version__,
        },
        "splits": {name: _split_record(headers[name]) for name in corpus.splits},
        "val_characters_per_token": round(
            characters / max(1, headers["val"].count - headers["val"].documents), 4
        ),
        "inputs": inputs,
        "environment": config.source.environment(),
        "sources": {},
        "human_band_sha256": file_sha256(directory / HUMAN_BAND),
        **corpus.record,
    }
    write_object(directory / MANIFEST, manifest)
    for line in summary.lines(manifest):
        report(line)


def _write_splits(
    directory: Path, corpus: BuiltCorpus, tokenizer: CodeTokenizer, report: Reporter
) -> dict[str, TokenHeader]:
    total = sum(texts.text_bytes for texts in corpus.splits.values())
    byte_lengths = tokenizer.byte_lengths()
    written = 0

    def encoded(texts: SplitTexts) -> Iterator[np.ndarray]:
        nonlocal written
        for batch in _batched(texts.read()):
            for ids in tokenizer.encode_batch(batch):
                yield np.array(ids, np.int64)
            written += sum(len(text.encode()) for text in batch)
            report(Advance("encoding", written, total))

    return {
        name: write_tokens(
            directory / f"{name}.tokens",
            encoded(texts),
            endoftext_id=tokenizer.endoftext_id,
            vocab_size=tokenizer.vocab_size,
            byte_lengths=byte_lengths,
        )
        for name, texts in corpus.splits.items()
    }


def _write_band(
    directory: Path,
    config: DataConfig,
    headers: Iterable[str],
    tokenizer: CodeTokenizer,
    report: Reporter,
) -> None:
    band: dict[str, Any] = {}
    if config.source.human:
        report("measuring how much held-out code repeats itself")
        # Both sets: a percentile of val's few files alone does not carry over to other packages.
        held_out = [
            read_tokens(directory / f"{name}.tokens", tokenizer.vocab_size)
            for name in headers
            if name != "train"
        ]
        documents = [document.tolist() for tokens in held_out for document in tokens.documents()]
        band = human_band(documents, tokenizer.decode, seed=config.split_seed)
    write_object(directory / HUMAN_BAND, band)


def _batched(texts: Iterable[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    characters = 0
    for text in texts:
        batch.append(text)
        characters += len(text)
        if characters >= _ENCODED_AT_ONCE:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def _split_record(header: TokenHeader) -> dict[str, Any]:
    return {"documents": header.documents, "bytes": header.text_bytes, "tokens": header.count}
