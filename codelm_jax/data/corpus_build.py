"""From settings to documents: finds, filters and splits the sources, and says what was done in plain JSON."""

import itertools
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codelm_jax.data import corpus, fingerprints, packages, selection, sources, splits, staleness, text_source
from codelm_jax.data.config import DataConfig
from codelm_jax.data.progress import Report
from codelm_jax.data.secret_filter import holds_secret
from codelm_jax.errors import UserError
from codelm_jax.text.problems import read_benchmark_texts

BENCHMARK_OVERLAP = "overlaps a benchmark"

_KEY_OF_REASON = {
    "licence not allowed": "licenses",
    "likely secret": "drop_secrets",
    "too large": "max_file_bytes",
    "line too long": "max_line_length",
    BENCHMARK_OVERLAP: "decontaminate",
    selection.BEYOND_CAP: "max_bytes",
    selection.BEYOND_SHARE: "max_package_share",
}


@dataclass(frozen=True)
class Documents:
    """The texts of one split. `read` starts over each time it is called."""

    read: Callable[[], Iterator[str]]
    count: int
    text_bytes: int


@dataclass(frozen=True)
class Corpus:
    """`splits` holds train and val, and test unless the source has none; `record` goes into the manifest."""

    splits: dict[str, Documents]
    record: dict[str, Any]


@dataclass(frozen=True)
class Sources:
    """What is there before anything is read. `found` is None for ready text files."""

    found: sources.Found | None
    files: int
    total_bytes: int


def find(config: DataConfig, report: Report) -> Sources:
    """Lists the sources and their sizes; packages of a list are fetched first.

    Raises:
        UserError: a path of the settings is wrong, or there is nothing.
    """
    _benchmark_texts(config)  # a mistake in these files must not come to light after a minute's work
    if config.source == "text":
        sizes = [
            text_source.size(config.train_path, "config.data.train_path"),
            text_source.size(config.val_path, "config.data.val_path"),
        ]
        if os.path.samefile(config.train_path, config.val_path):
            raise UserError(
                "config.data.val_path: is the same file as train_path; hold out text that does not train"
            )
        return Sources(None, len(sizes), sum(sizes))
    if config.source == "python-env":
        found = sources.find_installed(config.split_seed)
    elif config.source == "packages":
        found = packages.find(config.corpus, config.split_seed, report)
    else:
        found = sources.find_in_directories(config.directories, config.split_seed)
    if not found.candidates:
        if config.source == "directories":
            where = f"config.data.directories: no Python files in {', '.join(config.directories)}"
            raise UserError(f"{where}{_listed(found.skipped)}; name directories that hold some")
        raise UserError(
            f"config.data.source: no Python files found with source={config.source!r}{_listed(found.skipped)};"
            " use source='directories' or 'text'"
        )
    return Sources(found, len(found.candidates), sum(candidate.size for candidate in found.candidates))


def build(config: DataConfig, found: sources.Found | None, report: Report) -> Corpus:
    """Filters and splits the sources.

    Raises:
        UserError: nothing is left, or too little for three splits.
    """
    runs = corpus.benchmark_runs(_benchmark_texts(config))
    rules = corpus.Rules(config.max_file_bytes, config.max_line_length, config.drop_secrets, runs)
    return _of_texts(config, rules, report) if found is None else _of_files(config, found, rules, report)


def _benchmark_texts(config: DataConfig) -> list[str]:
    for path in config.decontaminate:
        if Path(path).exists() and not Path(path).is_file():  # opening a pipe would wait for ever
            raise UserError(f"config.data.decontaminate: {path} is no regular file; name a benchmark file")
    try:
        return [text for path in config.decontaminate for text in read_benchmark_texts(path)]
    except UserError as error:
        raise UserError(f"config.data.decontaminate: {error}") from None


def _of_files(config: DataConfig, found: sources.Found, rules: corpus.Rules, report: Report) -> Corpus:
    selected = selection.select(found, config, rules, report)
    if config.source == "packages":
        packages.refuse_other_grammar(config.corpus, selected.skipped)
    if len(selected.files) < 2:
        passed = "only 1 file" if selected.files else "no file"
        raise _too_few(passed, config, selected.skipped, found.skipped, "directories")
    if found.held_out:
        dealt = splits.hold_out(selected.files, found.held_out, config.split_seed)
    else:
        dealt = splits.deal(selected.files, found.candidates, config.split_seed)
    if dealt.warning:
        report(dealt.warning)
    train = [file for file in dealt.train if not file.overlaps_benchmark]
    dropped = [file for file in dealt.train if file.overlaps_benchmark]
    if not train:
        raise UserError(
            "config.data.decontaminate: every training file shares code with a benchmark"
            f"{_listed(selected.skipped)}; add sources"
        )
    skipped = Counter(selected.skipped)
    if dropped:
        skipped[BENCHMARK_OVERLAP] += len(dropped)
    files_of_split = {"train": train, "val": dealt.val} | ({"test": dealt.test} if dealt.test else {})
    record: dict[str, Any] = {
        "found_files": len(found.candidates) + found.skipped.total(),
        "skipped": dict(skipped.most_common()),
        "test_unit": dealt.test_unit,
        "test_units": dealt.test_units,
        "decontamination": _decontamination(config, len(dropped), sum(file.text_bytes for file in dropped)),
        "files": [_file_record(file, split) for split, files in files_of_split.items() for file in files],
        "packages": {
            name: len({f.candidate.package.name for f in files}) for name, files in files_of_split.items()
        },
    }
    if config.source == "directories":
        record["sources"] = staleness.record_candidates(found.candidates, selected.sha256_of_path)
    return Corpus({name: _file_documents(files) for name, files in files_of_split.items()}, record)


def _of_texts(config: DataConfig, rules: corpus.Rules, report: Report) -> Corpus:
    skipped: Counter[str] = Counter()
    held_out_skipped: Counter[str] = Counter()
    documents = text_source.read_documents(config.train_path, "config.data.train_path")
    held_out = text_source.read_documents(config.val_path, "config.data.val_path")
    found = len(documents) + len(held_out)
    documents = _without_secrets(documents, config, skipped)
    held_out = _without_secrets(held_out, config, held_out_skipped)
    clean = [
        d for d in documents if not corpus.shares_run(fingerprints.code_token_hashes(d), rules.benchmark_runs)
    ]
    dropped_bytes = _bytes(documents) - _bytes(clean)
    dropped = len(documents) - len(clean)
    if dropped:
        skipped[BENCHMARK_OVERLAP] += dropped
    within = itertools.accumulate(len(document.encode()) for document in clean)
    train = [document for document, total in zip(clean, within, strict=True) if total <= config.max_bytes]
    if len(train) < len(clean):
        skipped[selection.BEYOND_CAP] += len(clean) - len(train)
    if not train:
        raise _too_few("no training document", config, skipped, Counter(), "train_path")
    if not held_out:
        raise _too_few("no held-out document", config, held_out_skipped, Counter(), "val_path")
    seen = text_source.count_in_training(held_out, train)
    if seen == len(held_out):
        raise UserError("config.data.val_path: all of its documents also train; hold out text that does not")
    if seen:
        report(
            f"warning: config.data.val_path: {seen} of {len(held_out)} documents also train, so scores are too good"
        )
    for key, documents in (("train_path", train), ("val_path", held_out)):
        if names := text_source.count_special_names(documents):
            report(
                f"warning: config.data.{key}: {names} names of special tokens inside lines are read as ordinary"
                " characters; to separate documents, put <|endoftext|> on a line of its own"
            )
    record = {
        "found_files": found,
        "skipped": dict((skipped + held_out_skipped).most_common()),
        "test_unit": splits.NO_TEST,
        "held_out_in_training": seen,
        "decontamination": _decontamination(config, dropped, dropped_bytes),
    }
    return Corpus({"train": _text_documents(train), "val": _text_documents(held_out)}, record)


def _without_secrets(documents: list[str], config: DataConfig, skipped: Counter[str]) -> list[str]:
    if not config.drop_secrets:
        return documents
    kept = [document for document in documents if not holds_secret(document)]
    if len(kept) < len(documents):
        skipped["likely secret"] += len(documents) - len(kept)
    return kept


def _file_documents(files: list[selection.SourceFile]) -> Documents:
    return Documents(lambda: selection.read_texts(files), len(files), sum(file.text_bytes for file in files))


def _text_documents(documents: list[str]) -> Documents:
    return Documents(lambda: iter(documents), len(documents), _bytes(documents))


def _bytes(documents: list[str]) -> int:
    return sum(len(document.encode()) for document in documents)


def _decontamination(config: DataConfig, files: int, total_bytes: int) -> dict[str, Any]:
    return {
        "benchmarks": list(config.decontaminate),
        "run_tokens": corpus.BENCHMARK_RUN_TOKENS,
        "dropped_files": files,
        "dropped_bytes": total_bytes,
    }


def _file_record(file: selection.SourceFile, split: str) -> dict[str, Any]:
    package = file.candidate.package
    return {
        "source": file.candidate.name,
        "package": package.name,
        "version": package.version,
        "licence": package.licence,
        "bytes": file.text_bytes,
        "sha256": file.sha256,
        "split": split,
    }


def _too_few(
    passed: str, config: DataConfig, skipped: Counter[str], unopened: Counter[str], source_key: str
) -> UserError:
    """Names the key of the filter that left out most; the key of the source where no key could have kept it."""
    reason = next((reason for reason, _ in (skipped - unopened).most_common()), "")
    key = _KEY_OF_REASON.get(reason)
    named = source_key if key is None else f"{key} = {getattr(config, key)!r}"
    remedy = "add sources" if key is None else "change it, or add sources"
    if config.source != "text":
        remedy += "; two files are needed, or source='text', with a training and a held-out file of any size"
    return UserError(f"config.data.{named}: {passed} passed the filters{_listed(skipped)}; {remedy}")


def _listed(skipped: Counter[str]) -> str:
    if not skipped:
        return ""
    return " (" + ", ".join(f"{count} {reason}" for reason, count in skipped.most_common()) + ")"
