"""The page's sections on evaluations: the views of all suites, of one run or of several side by side."""

import dataclasses
from collections.abc import Sequence
from typing import Any

from codelm_jax.evals import registry
from codelm_jax.evals.suite import Suite
from codelm_jax.evals.view import PageSection, Table
from codelm_jax.evals.wording import NONE
from codelm_jax.report.plots import plot
from codelm_jax.report.runs import ReportedRun, StoredResult
from codelm_jax.report.section import Block, Plot, Section, captioned, missing_suite


def sections() -> list[PageSection]:
    """The sections of all suites, in the order of the registry."""
    return list(dict.fromkeys(suite.section for suite in registry.SUITES))


def evaluation_section(runs: Sequence[ReportedRun], section: PageSection) -> Section:
    """Charts, tables and what is missing of every suite of a section."""
    blocks: list[Block] = []
    for suite in registry.SUITES:
        if suite.section == section:
            blocks += [*_plots(runs, suite), *_tables(runs, suite)]
    for suite in registry.SUITES:
        if suite.section == section:
            blocks += missing_suite(runs, suite)
    return Section(section.id, section.title, section.says, blocks)


def _plots(runs: Sequence[ReportedRun], suite: Suite[Any]) -> list[Block]:
    newest = {i: found.view for i, run in enumerate(runs) if (found := run.newest(suite.name))}
    charts = {chart.name: {} for view in newest.values() for chart in view.charts}
    for i, view in newest.items():
        for chart in view.charts:
            charts[chart.name][i] = chart
    return [Plot(plot([run.name for run in runs], of_name)) for of_name in charts.values()]


def _tables(runs: Sequence[ReportedRun], suite: Suite[Any]) -> list[Block]:
    shown = [run.of_last_step(suite) for run in runs]
    results = [(run, stored) for run, found in zip(runs, shown, strict=True) for stored in found]
    if len(results) > 1 and all(len(found) < 2 for found in shown):
        tables = [stored.view.tables for _, stored in results]
        if len({tuple(map(_shape, each)) for each in tables}) == 1 and all(
            _has_one_value(t) for t in tables[0]
        ):
            return [_side_by_side(results, place) for place in range(len(tables[0]))]
    return [
        _titled(table, captioned(run, runs, f"{table.caption} (step {stored.step:,})"))
        for run, stored in results
        for table in stored.view.tables
    ]


def _titled(table: Table, caption: str) -> Table:
    return dataclasses.replace(table, caption=caption)


def _shape(table: Table) -> tuple[str, int]:
    return table.caption, len(table.heads)


def _has_one_value(table: Table) -> bool:
    return len(table.heads) == 2


def _side_by_side(results: Sequence[tuple[ReportedRun, StoredResult]], place: int) -> Table:
    """One table with a column for each run; rows that a run lacks show a dash."""
    tables = [stored.view.tables[place] for _, stored in results]
    cells = [{row[0]: row[1] for row in table.rows} for table in tables]
    names = list(dict.fromkeys(name for column in cells for name in column))
    note = tables[0].note
    if any(table.note != note for table in tables):
        note = " ".join(f"{run.name}: {table.note}" for (run, _), table in zip(results, tables, strict=True))
    return Table(
        tables[0].caption,
        [tables[0].heads[0], *(f"{run.name}, step {stored.step:,}" for run, stored in results)],
        [[name, *(column.get(name, NONE) for column in cells)] for name in names],
        note,
        tables[0].folded,
    )
