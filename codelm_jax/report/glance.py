"""The page's first section: the few figures that say how good the model is, each with a comparison."""

from codelm_jax.evals import registry
from codelm_jax.evals.view import Headline
from codelm_jax.evals.wording import NONE, number
from codelm_jax.report.runs import ReportedRun


def headlines(run: ReportedRun) -> list[Headline]:
    """The run's figures at a glance; a dash where nothing was measured."""
    shown = []
    for suite in registry.SUITES:
        view = run.view(suite)
        measured = {headline.title: headline for headline in (view.headlines if view else ())}
        missing = {title: Headline(title, NONE, "Not measured yet.") for title in suite.headlines}
        shown += (missing | measured).values()
    return [*shown, _speed(run)]


def _speed(run: ReportedRun) -> Headline:
    value = run.summary.get("tokens_per_second", run.last("train/tokens_per_second"))
    device = run.summary.get("device_kind", "")
    return Headline(
        "Tokens learned a second", number(value, 0), f"On {device}." if device else "While training."
    )
