"""The whole preparation: sources in, one complete directory of prepared data out."""

import contextlib
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from codelm_jax.atomic import sync
from codelm_jax.data.manifest import MANIFEST
from codelm_jax.data.prepared import PreparedData, load_prepared
from codelm_jax.data.progress import Reporter
from codelm_jax.data.tokenizer import CodeTokenizer, pieces
from codelm_jax.data.tokens import MAX_VOCAB_SIZE
from codelm_jax.errors import NO_ROOM, UserError
from codelm_jax.preparation import corpus_build, staleness
from codelm_jax.preparation.built_corpus import SplitTexts
from codelm_jax.preparation.config import DataConfig
from codelm_jax.preparation.source import Inventory
from codelm_jax.preparation.write import write_prepared

_SCRATCH = "documents.scratch"
# Measured on two cores; disk is two bytes a token and the manifest's entry a file.
_SECONDS_A_MEGABYTE = 0.6
_SECONDS_AT_LEAST = 5
_DISK_A_BYTE = 0.7
_DISK_A_FILE = 400
_DISK_AT_LEAST = 2_000_000


def prepare(
    config: DataConfig, *, vocab_size: int, report: Reporter, trained_on: str | None = None
) -> PreparedData:
    """Prepares `config.prepared_dir`, or opens it when it already holds just that.

    Processes that prepare the same directory take turns. An interrupted preparation leaves a `.partial` directory,
    which the next one deletes.

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
        inventory = corpus_build.find(config, report)
        with _turn(directory, report):
            if not _is_prepared(directory):
                _announce(config, directory, inventory, report)
                _prepare(config, directory, settings, vocab_size, tokenizer, inventory, report)
                return load_prepared(directory)
    prepared = load_prepared(directory)
    _refuse_if_stale(prepared, config, settings, trained_on, report)
    report(f"using the prepared data in {directory}")
    return prepared


def find_prepared(
    config: DataConfig, *, vocab_size: int, trained_on: str | None = None
) -> PreparedData | None:
    """What `prepare` would use again; None where it would prepare from the sources.

    Raises:
        UserError: the directory holds something else, or the data is stale, damaged or incomplete.
    """
    directory = Path(config.prepared_dir)
    if not _is_prepared(directory):
        return None
    prepared = load_prepared(directory)
    settings = staleness.settings_of(config, vocab_size)
    _refuse_if_stale(prepared, config, settings, trained_on, lambda _: None)
    return prepared


def _refuse_if_stale(
    prepared: PreparedData,
    config: DataConfig,
    settings: dict[str, Any],
    trained_on: str | None,
    report: Reporter,
) -> None:
    stale = staleness.compare(prepared, config, settings, report)
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
    # The working directory cannot be replaced: the process would stay in the old one.
    if directory.exists() and (
        not directory.is_dir() or directory.samefile(os.curdir) or any(directory.iterdir())
    ):
        raise UserError(
            f"config.data.prepared_dir: {directory} is there and is not prepared data; name another directory"
        )
    return False


def _sibling(directory: Path, suffix: str) -> Path:
    """The directory itself, links and `..` resolved, with `suffix` at the end of its name."""
    place = Path(os.path.realpath(directory))
    return place.with_name(f"{place.name}{suffix}")


@contextlib.contextmanager
def _turn(directory: Path, report: Reporter) -> Iterator[None]:
    lock = FileLock(_sibling(directory, ".lock"), fallback_to_soft=False)
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
    inventory: Inventory,
    report: Reporter,
) -> None:
    started = time.monotonic()
    staging, place = _sibling(directory, ".partial"), _sibling(directory, "")
    scratch = staging / _SCRATCH
    try:
        shutil.rmtree(staging, ignore_errors=True)
        staging.mkdir()
        corpus = corpus_build.build(config, inventory, scratch, report)
        if tokenizer is None:
            report(f"training a tokenizer of {vocab_size} entries")
            sample = _sample(corpus.splits["train"], config.tokenizer_bytes)
            tokenizer = CodeTokenizer.train(sample, vocab_size)
        write_prepared(staging, config, settings, corpus, tokenizer, report)
        scratch.unlink(missing_ok=True)
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


def _announce(config: DataConfig, directory: Path, inventory: Inventory, report: Reporter) -> None:
    taken = min(config.max_bytes, inventory.total_bytes)
    seconds = _SECONDS_AT_LEAST + _SECONDS_A_MEGABYTE * taken / 1e6 * max(1.0, 2 / (os.cpu_count() or 1))
    disk = int(_DISK_AT_LEAST + _DISK_A_BYTE * taken + _DISK_A_FILE * inventory.files)
    free = shutil.disk_usage(_sibling(directory, "").parent).free
    report(
        f"preparing {directory}: {inventory.files} files, {inventory.total_bytes / 1e6:.1f} MB found, at most"
        f" {config.max_bytes / 1e6:.1f} MB used; about {seconds:.0f} s and {disk / 1e6:.0f} MB of disk"
        if inventory.files
        else f"preparing {directory}: at most {config.max_bytes / 1e6:.1f} MB"
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


def _sample(train: SplitTexts, max_bytes: int) -> Iterator[str]:
    """Training text up to `max_bytes`: documents come in hash order, so their beginning is a fair sample."""
    taken = 0
    for text in train.read():
        for piece in pieces(text):
            if taken >= max_bytes:
                return
            yield piece
            taken += len(piece.encode())
