"""A corpus that is ready to be encoded, and the errors for one that is empty."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from codelm_jax.errors import UserError
from codelm_jax.preparation.config import DataConfig
from codelm_jax.preparation.judging import BENCHMARK_RUN_TOKENS, DOCSTRINGS_ONLY
from codelm_jax.preparation.selection import BEYOND_CAP, BEYOND_SHARE, BEYOND_TEST_SHARE, UNLICENSED
from codelm_jax.preparation.source import SplitSource
from codelm_jax.text.task_index import Match

BENCHMARK_OVERLAP = "overlaps a benchmark"
SECRET = "likely secret"

_KEY_OF_REASON = {
    UNLICENSED: "licenses",
    SECRET: "drop_secrets",
    "too large": "max_file_bytes",
    "line too long": "max_line_length",
    BENCHMARK_OVERLAP: "decontaminate",
    BEYOND_CAP: "max_bytes",
    BEYOND_SHARE: "max_package_share",
    BEYOND_TEST_SHARE: "max_test_share",
    DOCSTRINGS_ONLY: "drop_docstring_only",
}


@dataclass(frozen=True)
class SplitTexts:
    """The texts of one split. `read` starts over each time it is called."""

    read: Callable[[], Iterator[str]]
    count: int
    text_bytes: int


@dataclass(frozen=True)
class BuiltCorpus:
    """`splits` holds train and val, and test unless the source has none; `record` goes into the manifest."""

    splits: dict[str, SplitTexts]
    record: dict[str, Any]


def decontamination_record(
    config: DataConfig, files: int, total_bytes: int, matches: Sequence[Match]
) -> dict[str, Any]:
    """What the manifest says about the benchmarks that were kept out.

    Args:
        config: names the benchmarks.
        files: that were dropped.
        total_bytes: of these.
        matches: functions that were cut out of other files.
    """
    return {
        "level": config.decontaminate_level,
        "benchmarks": list(config.decontaminate),
        "run_tokens": BENCHMARK_RUN_TOKENS,
        "dropped_files": files,
        "dropped_bytes": total_bytes,
        "cut_functions": dict(Counter(match.reason for match in matches)),
        "cut_tasks": sorted({match.task for match in matches}),
    }


def too_few(
    passed: str, config: DataConfig, skipped: Counter[str], unopened: Counter[str], source_key: str
) -> UserError:
    """Names the key of the filter that left out most, or the key of the source where no filter did."""
    reason = next((reason for reason, _ in (skipped - unopened).most_common()), "")
    key = _KEY_OF_REASON.get(reason)
    named = source_key if key is None else f"{key} = {getattr(config, key)!r}"
    remedy = "add sources" if key is None else "change it, or add sources"
    if not isinstance(config.source, SplitSource):
        remedy += "; two files are needed, or source='text', with a training and a held-out file of any size"
    return UserError(f"config.data.{named}: {passed} passed the filters{listed(skipped)}; {remedy}")


def listed(skipped: Counter[str]) -> str:
    """` (3 too large, 1 empty)`; "" where nothing was left out."""
    if not skipped:
        return ""
    return " (" + ", ".join(f"{count} {reason}" for reason, count in skipped.most_common()) + ")"
