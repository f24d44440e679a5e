"""The study's results as Markdown tables, written together with the charts."""

from collections.abc import Sequence
from pathlib import Path

from mask_study.charts import charts
from mask_study.results import INTERVALS, MASK, SUITES, Result, collapsed, mask_name, percent

from codelm_jax.atomic import write_atomically
from codelm_jax.report.chart import png

_RULES = {"collapsed": "our rule", "legacy_collapse": "the reference's rule"}


def write(results: Sequence[Result], directory: Path) -> str:
    """Writes `findings.md` and the charts as PNG into `directory`; returns the tables."""
    text = f"{table(results)}\n{collapse_table(results)}\n{INTERVALS}\n"
    write_atomically(directory / "findings.md", text.encode())
    for chart in charts(results):
        write_atomically(directory / f"{chart.name}.png", png(chart))
    return text


def table(results: Sequence[Result]) -> str:
    """One Markdown row a training."""
    lines = [
        "| mask | smoothing | dropout | seed | held-out NLL | of last positions | smoothed loss, above its floor | "
        "bits/byte | short prompts collapse | few-shot collapse | leak guard |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for result in results:
        cell, held_out = result["cell"], result["held_out"]
        above = held_out["smoothed_loss"] - held_out["smoothed_loss_floor"]
        lines.append(
            f"| {MASK[cell['masked']]} | {cell['label_smoothing']:g} | {cell['dropout']:g} | {cell['seed']} | "
            f"{held_out['nll']:.3f} | {held_out['last']['nll']:.3f} | "
            f"{held_out['smoothed_loss']:.3f}, {above:.3f} | {held_out['bits_per_byte']:.3f} | "
            f"{percent(collapsed(result, 'short_prompt'))} | {percent(collapsed(result, 'few_shot'))} | "
            f"{'refuses it' if result['guard'] else 'lets it train'} |"
        )
    return "\n".join(lines) + "\n"


def collapse_table(results: Sequence[Result]) -> str:
    """One Markdown row a training: collapse by both suites and both rules."""
    columns = [(suite, rule) for suite in SUITES for rule in _RULES]
    names = " | ".join(f"{SUITES[suite]}, {_RULES[rule]}" for suite, rule in columns)
    lines = [f"| mask | smoothing | dropout | seed | {names} |", "|---" * (4 + len(columns)) + "|"]
    for result in results:
        cell = result["cell"]
        rates = " | ".join(percent(result[suite]["summary"][rule]) for suite, rule in columns)
        lines.append(
            f"| {mask_name(result)} | {cell['label_smoothing']:g} | {cell['dropout']:g} | {cell['seed']} | {rates} |"
        )
    return "\n".join(lines) + "\n"
