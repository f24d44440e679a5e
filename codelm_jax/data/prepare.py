"""The whole preparation: sources in, one directory of prepared data out, whole or not at all."""

import contextlib
import hashlib
import os
import platform
import shutil
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tokenizers
from filelock import FileLock, Timeout

import codelm_jax
from codelm_jax.atomic import sync, write_atomically
from codelm_jax.data import corpus_build, sources, staleness, summary
from codelm_jax.data.config import DataConfig
from codelm_jax.data.corpus_build import Corpus, Documents
from codelm_jax.data.manifest import (
    FORMAT,
    HUMAN_BAND,
    MANIFEST,
    read_human_band,
    read_manifest,
)
from codelm_jax.data.progress import Advance, Report
from codelm_jax.data.tokenizer import CodeTokenizer, pieces
from codelm_jax.data.tokens import MAX_VOCAB_SIZE, TokenFile, TokenHeader, read_tokens, write_tokens
from codelm_jax.errors import NO_ROOM, UserError
from codelm_jax.run_files import file_sha256, write_object
from codelm_jax.text.band import human_band

TOKENIZER = "tokenizer.json"

_ENCODED_AT_ONCE = 4_000_000  # characters
# Measured on two cores; disk is two bytes a token and the manifest's entry a file.
_SECONDS_A_MEGABYTE = 0.6
_SECONDS_AT_LEAST = 5
_DISK_A_BYTE = 0.7
_DISK_A_FILE = 400
_DISK_AT_LEAST = 2_000_000


@dataclass(frozen=True)
class PreparedData:
    """Everything training and evaluation need. Where the source has no test split, `test` is `val`.

    Attributes:
        directory: where it lies.
        tokenizer: what the token files were made with.
        train: training tokens.
        val: held-out files of packages that training has seen.
        test: whole packages that training has not seen.
        manifest: what was taken and left out, and why.
        human_band: how much held-out code repeats itself (`text.band`); {} where there is too little to tell.
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


def prepare(
    config: DataConfig, *, vocab_size: int, report: Report, trained_on: str | None = None
) -> PreparedData:
    """Prepares `config.prepared_dir`, or opens it when it already holds just that.

    Processes that prepare the same directory take turns. An interrupted preparation leaves a `.partial` directory,
    which the next one throws away.

    Args:
        config: what to prepare.
        vocab_size: entries of the tokenizer, special tokens included.
        report: takes lines and progress.
        trained_on: data fingerprint of the run to resume: its data is used even if the sources changed since.

    Raises:
        UserError: settings or sources changed since the data was prepared, sources are unusable, or space runs out.
    """
    if vocab_size > MAX_VOCAB_SIZE:
        raise UserError(
            f"config.model.vocab_size = {vocab_size}: at most {MAX_VOCAB_SIZE}, as token files hold 16 bits"
        )
    directory = Path(config.prepared_dir)
    settings = staleness.settings_of(config, vocab_size)
    if not _is_prepared(directory):
        tokenizer = _existing_tokenizer(config, vocab_size)
        there = corpus_build.find(config, report)
        with _turn(directory, report):
            if not _is_prepared(directory):
                _announce(config, directory, there, report)
                _prepare(config, directory, settings, vocab_size, tokenizer, there.found, report)
                return load_prepared(directory)
    prepared = load_prepared(directory)
    _refuse_if_stale(prepared, config, settings, trained_on, report)
    report(f"using the prepared data in {directory}")
    return prepared


def find_prepared(
    config: DataConfig, *, vocab_size: int, trained_on: str | None = None
) -> PreparedData | None:
    """What `prepare` would use again; None where it would begin anew.

    Raises:
        UserError: something else stands in its place, or it is stale, damaged or incomplete.
    """
    directory = Path(config.prepared_dir)
    if not _is_prepared(directory):
        return None
    prepared = load_prepared(directory)
    settings = staleness.settings_of(config, vocab_size)
    _refuse_if_stale(prepared, config, settings, trained_on, lambda _: None)
    return prepared


def load_prepared(directory: str | Path) -> PreparedData:
    """Opens prepared data as it is, without looking at its sources.

    Raises:
        UserError: it is missing, incomplete or damaged.
    """
    directory = Path(directory)
    manifest = read_manifest(directory)
    tokenizer = CodeTokenizer.from_file(directory / TOKENIZER)
    files = {
        name: read_tokens(directory / f"{name}.tokens", tokenizer.vocab_size) for name in manifest["splits"]
    }
    contents = _contents(tokenizer, {name: file.header for name, file in files.items()})
    if manifest["fingerprint"] != staleness.fingerprint(manifest["settings"], contents):
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


def _refuse_if_stale(
    prepared: PreparedData,
    config: DataConfig,
    settings: dict[str, Any],
    trained_on: str | None,
    report: Report,
) -> None:
    stale = staleness.compare(prepared.manifest, prepared.tokenizer, config, settings, report)
    where = prepared.directory
    if trained_on is None:
        remedy = (
            f"set config.data.prepared_dir to another directory, or delete {where} to prepare again, after which"
            " unfinished runs on it can't resume"
        )
    else:
        remedy = "restore that to resume the run, or choose another --workdir for a new one"
    if stale.settings:
        raise UserError(f"{where}: prepared with other settings: {stale.settings}; {remedy}")
    if stale.sources and trained_on != prepared.fingerprint:
        raise UserError(f"{where}: {stale.sources}; {remedy}")
    if stale.sources:
        report(f"{where}: {stale.sources}; the run keeps the data that it began with")


def _is_prepared(directory: Path) -> bool:
    if (directory / MANIFEST).is_file():
        return True
    # The working directory is replaced by no other: the process would be left in the old one.
    if directory.exists() and (
        not directory.is_dir() or directory.samefile(os.curdir) or any(directory.iterdir())
    ):
        raise UserError(
            f"config.data.prepared_dir: {directory} is there and is not prepared data; name another directory"
        )
    return False


def _beside(directory: Path, suffix: str) -> Path:
    """The directory itself, wherever a link or `..` leads, with `suffix` at the end of its name."""
    place = Path(os.path.realpath(directory))
    return place.with_name(f"{place.name}{suffix}")


@contextlib.contextmanager
def _turn(directory: Path, report: Report) -> Iterator[None]:
    lock = FileLock(_beside(directory, ".lock"), fallback_to_soft=False)
    try:
        Path(lock.lock_file).parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            report(f"another process is preparing {directory}; waiting for it")
            lock.acquire()
    except OSError as error:
        raise UserError(
            f"config.data.prepared_dir: cannot write beside {directory}: {error.strerror}"
        ) from None
    try:
        yield
    finally:
        lock.release()


def _prepare(
    config: DataConfig,
    directory: Path,
    settings: dict[str, Any],
    vocab_size: int,
    tokenizer: CodeTokenizer | None,
    found: sources.Found | None,
    report: Report,
) -> None:
    started = time.monotonic()
    staging, place = _beside(directory, ".partial"), _beside(directory, "")
    try:
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir()
        corpus = corpus_build.build(config, found, report)
        if tokenizer is None:
            report(f"training a tokenizer of {vocab_size} entries")
            tokenizer = CodeTokenizer.train(
                _sample(corpus.splits["train"], config.tokenizer_bytes), vocab_size
            )
        _write(staging, config, settings, corpus, tokenizer, report)
        with contextlib.suppress(FileNotFoundError):
            place.rmdir()
        os.rename(staging, place)
        sync(place.parent)
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        raise UserError(
            f"config.data.prepared_dir: no space left while preparing {directory}; free some"
        ) from None
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    report(f"prepared {directory} in {time.monotonic() - started:.0f} s")


def _announce(config: DataConfig, directory: Path, there: corpus_build.Sources, report: Report) -> None:
    taken = min(config.max_bytes, there.total_bytes)
    seconds = _SECONDS_AT_LEAST + _SECONDS_A_MEGABYTE * taken / 1e6 * max(1.0, 2 / (os.cpu_count() or 1))
    disk = int(_DISK_AT_LEAST + _DISK_A_BYTE * taken + _DISK_A_FILE * there.files)
    free = shutil.disk_usage(_beside(directory, "").parent).free
    report(
        f"preparing {directory}: {there.files} files, {there.total_bytes / 1e6:.1f} MB found, at most"
        f" {config.max_bytes / 1e6:.1f} MB used; about {seconds:.0f} s and {disk / 1e6:.0f} MB of disk"
    )
    if free < disk:
        raise UserError(
            f"config.data.prepared_dir: {directory} needs about {disk / 1e6:.0f} MB and {free / 1e6:.0f} MB are free;"
            " free some, name another directory, or lower config.data.max_bytes"
        )


def _existing_tokenizer(config: DataConfig, vocab_size: int) -> CodeTokenizer | None:
    if not config.tokenizer_path:
        return None
    try:
        tokenizer = CodeTokenizer.from_file(config.tokenizer_path)
    except UserError as error:
        raise UserError(f"config.data.tokenizer_path: {error}") from None
    if tokenizer.vocab_size != vocab_size:
        raise UserError(
            f"config.data.tokenizer_path: {config.tokenizer_path} has {tokenizer.vocab_size} entries,"
            f" config.model.vocab_size is {vocab_size}; make them equal"
        )
    return tokenizer


def _sample(train: Documents, max_bytes: int) -> Iterator[str]:
    """Training text up to `max_bytes`: documents come in hash order, so their beginning is a fair sample."""
    taken = 0
    for text in train.read():
        for piece in pieces(text):
            if taken >= max_bytes:
                return
            yield piece
            taken += len(piece.encode())


def _write(
    staging: Path,
    config: DataConfig,
    settings: dict[str, Any],
    corpus: Corpus,
    tokenizer: CodeTokenizer,
    report: Report,
) -> None:
    write_atomically(staging / TOKENIZER, tokenizer.to_json().encode())
    headers = _write_splits(staging, corpus, tokenizer, report)
    report("measuring how much held-out code repeats itself")
    # Both sets: a percentile of val's few files alone does not carry over to other packages.
    held_out = [
        read_tokens(staging / f"{name}.tokens", tokenizer.vocab_size) for name in headers if name != "train"
    ]
    documents = [document.tolist() for tokens in held_out for document in tokens.documents()]
    band = human_band(documents, tokenizer.decode, seed=config.split_seed)
    write_object(staging / HUMAN_BAND, band)
    characters = sum(len(text) for text in corpus.splits["val"].read())
    inputs = [
        p for p in (config.train_path, config.val_path, config.tokenizer_path, *config.decontaminate) if p
    ]
    records = {path: staleness.record_file(path) for path in inputs}
    settings = settings | staleness.benchmark_digests(config, records)
    manifest = {
        "format": FORMAT,
        "fingerprint": staleness.fingerprint(settings, _contents(tokenizer, headers)),
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
        "inputs": records,
        "environment": sources.installed_versions() if config.source == "python-env" else {},
        "sources": {},
        "human_band_sha256": file_sha256(staging / HUMAN_BAND),
        **corpus.record,
    }
    write_object(staging / MANIFEST, manifest)
    for line in summary.lines(manifest):
        report(line)


def _write_splits(
    staging: Path, corpus: Corpus, tokenizer: CodeTokenizer, report: Report
) -> dict[str, TokenHeader]:
    total = sum(documents.text_bytes for documents in corpus.splits.values())
    headers = {}
    byte_lengths = tokenizer.byte_lengths()
    written = 0

    def encoded(documents: Documents) -> Iterator[np.ndarray]:
        nonlocal written
        for batch in _batched(documents.read()):
            for ids in tokenizer.encode_batch(batch):
                yield np.array(ids, np.int64)
            written += sum(len(text.encode()) for text in batch)
            report(Advance("encoding", written, total))

    for name, documents in corpus.splits.items():
        headers[name] = write_tokens(
            staging / f"{name}.tokens",
            encoded(documents),
            endoftext_id=tokenizer.endoftext_id,
            vocab_size=tokenizer.vocab_size,
            byte_lengths=byte_lengths,
        )
    return headers


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


def _contents(tokenizer: CodeTokenizer, headers: dict[str, TokenHeader]) -> dict[str, str]:
    digests = {name: header.sha256 for name, header in headers.items()}
    return {TOKENIZER: hashlib.sha256(tokenizer.to_json().encode()).hexdigest(), **digests}
