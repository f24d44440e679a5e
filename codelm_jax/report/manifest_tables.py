"""Rows about a corpus, from its manifest: for the page and the model card, without the libraries of charts."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from codelm_jax.evals.wording import number
from codelm_jax.report.wording import megabytes


def licence_table(manifest: Mapping[str, Any]) -> list[tuple[str, int, int, int]]:
    """(licence, packages, files, bytes) of the training split, most bytes first; empty where files are not recorded."""
    files = [file for file in manifest.get("files", ()) if file["split"] == "train"]
    packages: dict[str, set[str]] = {}
    counts: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for file in files:
        packages.setdefault(file["licence"], set()).add(file["package"])
        counts[file["licence"]] += 1
        sizes[file["licence"]] += file["bytes"]
    return [(name, len(packages[name]), counts[name], size) for name, size in sizes.most_common()]


def splits_rows(manifest: Mapping[str, Any]) -> list[list[str]]:
    """Name, files, size and tokens of each split."""
    return [
        [name, number(split["documents"]), megabytes(split["bytes"]), number(split["tokens"])]
        for name, split in manifest.get("splits", {}).items()
    ]
