"""The page's sections on the training: learning, collapse, speed and settings."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from codelm_jax.evals.suites.few_shot import COLLAPSE, FEW_SHOT
from codelm_jax.evals.suites.held_out import LEARNING
from codelm_jax.evals.view import Table
from codelm_jax.evals.wording import NONE, number, percent
from codelm_jax.report import training_charts
from codelm_jax.report.evaluation_sections import evaluation_section
from codelm_jax.report.runs import ReportedRun
from codelm_jax.report.section import Block, Section, missing_training, plots
from codelm_jax.report.training_charts import plotted
from codelm_jax.report.wording import duration
from codelm_jax.schema import flattened


def learning_section(runs: Sequence[ReportedRun]) -> Section:
    """Loss and bits per byte over the steps, and the held-out evaluation."""
    charts = (training_charts.loss, training_charts.objective, training_charts.compression)
    blocks = plots(*(plotted(runs, chart) for chart in charts))
    blocks += [
        missing_training(run, runs, "no figures of a training yet.") for run in runs if not run.metrics
    ]
    evaluated = evaluation_section(runs, LEARNING)
    return dataclasses.replace(evaluated, blocks=[*blocks, *evaluated.blocks])


def collapse_section(runs: Sequence[ReportedRun]) -> Section:
    """Collapse over the steps, and the full evaluations' rates."""
    charts = (training_charts.collapse, training_charts.repetition, training_charts.valid)
    blocks = plots(*(plotted(runs, chart) for chart in charts))
    blocks += [
        missing_training(
            run, runs, "the collapse monitor has written nothing.", " --config.monitor_every=500"
        )
        for run in runs
        if not run.series(FEW_SHOT.metric("collapsed"))[0]
    ]
    human = [training_charts.human_collapse(run) for run in runs]
    if len(set(human)) == 1:
        shares = percent(human[0])
    else:
        shares = ", ".join(f"{percent(share)} ({run.name})" for run, share in zip(runs, human, strict=True))
    evaluated = evaluation_section(runs, COLLAPSE)
    return dataclasses.replace(
        evaluated,
        says=f"{COLLAPSE.says} Of real code, {shares} counts as collapsed by this rule.",
        blocks=[*blocks, *evaluated.blocks],
    )


def speed_section(runs: Sequence[ReportedRun]) -> Section:
    """Time and stability of the training."""
    rows: dict[str, Callable[[Mapping[str, Any]], str]] = {
        "device": lambda s: f"{s['device_count']} × {s['device_kind']}",
        "steps": lambda s: f"{s['step']:,} of {s['max_steps']:,}",
        "tokens seen": lambda s: number(s["tokens_seen"]),
        "tokens per second": lambda s: number(s["tokens_per_second"], 0),
        "time in steps": lambda s: duration(s["step_seconds"]),
        "first step, with compilation": lambda s: duration(s["first_step_seconds"]),
        "time in evaluations": lambda s: duration(s["eval_seconds"]),
        "evaluations' share": lambda s: percent(
            s["eval_seconds"] / max(1e-9, s["step_seconds"] + s["eval_seconds"] + s["save_seconds"])
        ),
        "time in saving": lambda s: duration(s["save_seconds"]),
        "best step": lambda s: number(s["best_step"]),
    }
    blocks: list[Block] = plots(plotted(runs, training_charts.speed), plotted(runs, training_charts.gradient))
    if any(run.summary for run in runs):
        table = [[name, *(_cell(get, run.summary) for run in runs)] for name, get in rows.items()]
        blocks.append(
            Table("Time", ["", *_names(runs)], table, note="By the clock, since the run last started.")
        )
    blocks += [
        missing_training(run, runs, "the training has not ended, so it has no summary.")
        for run in runs
        if not run.summary
    ]
    return Section(
        "speed", "Speed and stability", "What the training cost, and whether it ran calmly.", blocks
    )


def settings_section(runs: Sequence[ReportedRun]) -> Section:
    """The config: what differs first, where there are several."""
    flat = [flattened(run.config) for run in runs]
    keys = list(dict.fromkeys(key for config in flat for key in config))
    rows = [[key, *(str(config.get(key, NONE)) for config in flat)] for key in keys]
    blocks: list[Block] = []
    if len(runs) > 1:
        different = [row for row in rows if len(set(row[1:])) > 1]
        blocks.append(Table("Where the runs differ", ["key", *_names(runs)], different))
    if rows:
        blocks.append(Table("All settings", ["key", *_names(runs)], rows, folded=True))
    blocks += [missing_training(run, runs, "it has no config.json yet.") for run in runs if not run.config]
    return Section("settings", "Settings", "The configuration the training ran with, key by key.", blocks)


def _cell(get: Callable[[Mapping[str, Any]], str], summary: Mapping[str, Any]) -> str:
    """A summary that ended before its second step has no speed, and one not there has nothing."""
    try:
        return get(summary)
    except KeyError:
        return NONE


def _names(runs: Sequence[ReportedRun]) -> list[str]:
    return ["value"] if len(runs) == 1 else [run.name for run in runs]
