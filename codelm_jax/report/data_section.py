"""The data that a run learned from: its splits, licences and packages, from the manifest."""

from collections import Counter
from collections.abc import Sequence

from codelm_jax.evals.view import Table
from codelm_jax.evals.wording import number, percent
from codelm_jax.report.manifest_tables import licence_table, splits_rows
from codelm_jax.report.runs import ReportedRun
from codelm_jax.report.section import Block, Section, captioned, missing_data
from codelm_jax.report.wording import megabytes

_PACKAGES_SHOWN = 15


def data_section(runs: Sequence[ReportedRun]) -> Section:
    """Splits, licences, packages and left-out files."""
    blocks: list[Block] = []
    for run in runs:
        if not run.manifest:
            directory = run.config.get("data", {}).get("prepared_dir") or "config.data.prepared_dir"
            what = f"the manifest of the data it was trained on is not in {directory}."
            blocks.append(missing_data(run, runs, what))
            continue
        blocks += _data_tables(run, runs)
    return Section(
        id="data",
        title="Data",
        says="What it learned from. The validation split holds files of packages that training has seen, the test split "
        "whole packages that it has not; licences come from package metadata.",
        blocks=blocks,
    )


def _data_tables(run: ReportedRun, runs: Sequence[ReportedRun]) -> list[Block]:
    manifest = run.manifest
    blocks: list[Block] = [
        Table(captioned(run, runs, "the splits"), ["split", "files", "size", "tokens"], splits_rows(manifest))
    ]
    licences = licence_table(manifest)
    if licences:
        total = sum(size for *_, size in licences)
        rows = [
            [name, number(packages), number(files), megabytes(size), percent(size / total)]
            for name, packages, files, size in licences
        ]
        blocks.append(
            Table(
                captioned(run, runs, "licences of the training files"),
                ["licence", "packages", "files", "size", "share"],
                rows,
            )
        )
        blocks.append(_packages_table(run, runs))
    skipped = [[reason, number(count)] for reason, count in manifest.get("skipped", {}).items()]
    if skipped:
        blocks.append(
            Table(captioned(run, runs, "files left out, and why"), ["reason", "files"], skipped, folded=True)
        )
    return blocks


def _packages_table(run: ReportedRun, runs: Sequence[ReportedRun]) -> Table:
    sizes: Counter[tuple[str, str, str]] = Counter()
    for file in run.manifest["files"]:
        if file["split"] == "train":
            sizes[file["package"], file["version"], file["licence"]] += file["bytes"]
    rows = [[*names, megabytes(size)] for names, size in sizes.most_common(_PACKAGES_SHOWN)]
    return Table(
        captioned(run, runs, f"the largest {len(rows)} of {len(sizes)} packages in training"),
        ["package", "version", "licence", "size"],
        rows,
        folded=True,
    )
