"""The page: one HTML file that holds everything it shows, and its charts as PNG images next to it.

Text from files is untrusted: it is escaped, and a policy in the page forbids scripts and every address.
"""

import base64
from collections.abc import Sequence
from pathlib import Path

from codelm_jax.atomic import write_atomically
from codelm_jax.errors import UserError
from codelm_jax.evals.suites.few_shot import COLLAPSE
from codelm_jax.evals.suites.held_out import LEARNING
from codelm_jax.report import chart, comparability
from codelm_jax.report.chart import Chart
from codelm_jax.report.data_section import data_section
from codelm_jax.report.evaluation_sections import evaluation_section, sections
from codelm_jax.report.glance import headlines
from codelm_jax.report.runs import ReportedRun
from codelm_jax.report.samples import LEVEL_NAMES, samples_section
from codelm_jax.report.section import Plot, Section
from codelm_jax.report.templating import environment
from codelm_jax.report.training_sections import (
    collapse_section,
    learning_section,
    settings_section,
    speed_section,
)


def write_report(runs: Sequence[ReportedRun], directory: Path) -> Path:
    """Writes `report.html` and one PNG a chart.

    Args:
        runs: one, or several to set side by side.
        directory: where to; made if it isn't there.

    Returns:
        The page's path.

    Raises:
        UserError: too many runs, a result file of another version, or `directory` can't be made or written.
    """
    if len(runs) > chart.MAX_RUNS:
        raise UserError(f"--workdir: {len(runs)} runs; at most {chart.MAX_RUNS} fit side by side")
    sections = page_sections(runs)
    files = {
        f"{block.chart.name}.png": chart.png(block.chart)
        for section in sections
        for block in section.blocks
        if isinstance(block, Plot)
    }
    page = "report.html"
    files[page] = render(runs, sections).encode()
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            write_atomically(directory / name, content)
    except OSError as error:
        raise UserError(
            f"{directory}: the report cannot be written there ({error.strerror}); mend that, or choose another --out"
        ) from None
    return directory / page


def page_sections(runs: Sequence[ReportedRun]) -> list[Section]:
    """All sections, in order.

    Raises:
        UserError: a result lacks a figure, as one written by another version may.
    """
    of_suites = [
        evaluation_section(runs, section) for section in sections() if section not in (LEARNING, COLLAPSE)
    ]
    return [
        learning_section(runs),
        collapse_section(runs),
        samples_section(runs),
        *of_suites,
        data_section(runs),
        speed_section(runs),
        settings_section(runs),
    ]


def render(runs: Sequence[ReportedRun], sections: Sequence[Section]) -> str:
    """The page as text."""
    made = environment(autoescape=True)
    made.filters["image"] = _image
    template = made.get_template("page.html.jinja")
    return template.render(
        title=" and ".join(run.name for run in runs),
        runs=[(run, headlines(run)) for run in runs],
        warnings=comparability.warnings(runs),
        sections=sections,
        levels=LEVEL_NAMES,
        style=_resource("page.css"),
    )


def _image(drawn: Chart, theme: str) -> str:
    document = chart.svg(drawn, chart.DARK if theme == "dark" else chart.LIGHT)
    return "data:image/svg+xml;base64," + base64.b64encode(document.encode()).decode()


def _resource(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
