"""A corpus of Python files: filtered, then dealt into splits by package."""

from collections import Counter
from typing import Any

from codelm_jax.data.progress import Reporter
from codelm_jax.errors import UserError
from codelm_jax.preparation import judging, selection, splits, staleness
from codelm_jax.preparation.built_corpus import (
    BENCHMARK_OVERLAP,
    BuiltCorpus,
    SplitTexts,
    decontamination_record,
    listed,
    too_few,
)
from codelm_jax.preparation.candidate import Found
from codelm_jax.preparation.composition import composition
from codelm_jax.preparation.config import DataConfig
from codelm_jax.preparation.selection import SourceFile
from codelm_jax.preparation.source import FileSource


def corpus_of_files(config: DataConfig, found: Found, rules: judging.Rules, report: Reporter) -> BuiltCorpus:
    """Filters the candidates and deals them into splits.

    Raises:
        UserError: nothing is left, or too little for two splits.
    """
    selected = selection.select(found, config, rules, report)
    source = config.source
    if isinstance(source, FileSource):
        source.check_skipped(selected.skipped)
    if len(selected.files) < 2:
        passed = "only 1 file" if selected.files else "no file"
        key = next(iter(source.path_keys), "source")
        raise too_few(passed, config, selected.skipped, found.skipped, key)
    if found.held_out:
        dealt = splits.hold_out(selected.files, found.held_out, config.split_seed)
    else:
        dealt = splits.deal(selected.files, found.candidates, config.split_seed)
    if dealt.warning:
        report(dealt.warning)
    train = [file.without_tasks() for file in dealt.train if not file.overlaps_benchmark]
    dropped = [file for file in dealt.train if file.overlaps_benchmark]
    if not train:
        raise UserError(
            "config.data.decontaminate: every training file shares code with a benchmark"
            f"{listed(selected.skipped)}; add sources"
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
        "decontamination": decontamination_record(
            config,
            len(dropped),
            sum(file.text_bytes for file in dropped),
            [match for file in train for match in file.cut],
        ),
        "composition": composition([file.census for file in train if file.census], _bytes_by(train)),
        "files": [_file_record(file, split) for split, files in files_of_split.items() for file in files],
        "packages": {
            name: len({f.candidate.package.name for f in files}) for name, files in files_of_split.items()
        },
    }
    tracked = source.tracked_files()
    if isinstance(source, FileSource) and tracked is not None:
        record["sources"] = staleness.record_candidates(found.candidates, selected.sha256_of_path)
    elif tracked is not None:
        record["sources"] = [[name, *staleness.record_file(path)] for name, path in tracked]
    return BuiltCorpus({name: _texts(files) for name, files in files_of_split.items()}, record)


def _bytes_by(files: list[SourceFile]) -> list[tuple[str, str, int]]:
    return [(file.candidate.package.name, file.candidate.package.licence, file.text_bytes) for file in files]


def _texts(files: list[SourceFile]) -> SplitTexts:
    return SplitTexts(lambda: selection.read_texts(files), len(files), sum(file.text_bytes for file in files))


def _file_record(file: SourceFile, split: str) -> dict[str, Any]:
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
