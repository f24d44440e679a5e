"""Results on a terminal: one table a suite."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from codelm_jax.evals.samples import FLAGS
from codelm_jax.evals.statistics import interval_by_cluster
from codelm_jax.text.band import METRICS

Row = Sequence[str]


def table(result: Mapping[str, Any]) -> Table:
    """The table of one suite's result, whatever the suite."""
    heads, rows = _LAYOUTS.get(result["suite"], _tasks)(result)
    drawn = Table(title=result["suite"], title_justify="left")
    for number, head in enumerate(heads):
        drawn.add_column(head, justify="left" if number == 0 else "right", overflow="fold")
    for row in rows:
        drawn.add_row(*row)
    return drawn


def percent(value: float | None) -> str:
    """A share in per cent; a dash where there is none."""
    return "-" if value is None else f"{100 * value:.1f} %"


def interval(rate: Mapping[str, Any]) -> str:
    """A rate with its Wilson interval, as `8/55 = 14.5 % [7.6, 26.2]`."""
    return f"{rate['count']}/{rate['n']} = {percent(rate['rate'])} {_brackets(rate['low'], rate['high'])}"


def _brackets(low: float, high: float) -> str:
    # Escaped: rich would take a bracket for markup.
    return rf"\[{100 * low:.1f}, {100 * high:.1f}]"


def _clustered(rate: Mapping[str, Any]) -> str:
    by_prompt = interval_by_cluster(rate)
    return _brackets(*by_prompt) if by_prompt else "-"


def _samples(result: Mapping[str, Any]) -> tuple[Row, list[Row]]:
    summary = result["summary"]
    rows: list[Row] = [
        (
            flag,
            interval(summary[flag]),
            _clustered(summary[flag]),
        )
        for flag in FLAGS
    ]
    rows.append(("collapsed, real code", percent(summary["human_collapsed"]), ""))
    rows.append(("parses, real code cut as short", percent(summary["human_parses"]), ""))
    for name in METRICS:
        found = summary[name]
        rows.append((name, f"{found['mean']:.3f}", rf"\[{found['low']:.3f}, {found['high']:.3f}]"))
        rows.append((f"{name}, real code", f"{found['human_mean']:.3f}", ""))
    rows.append(("distinct_4", f"{summary['distinct_4']:.3f}", ""))
    # Results from before the interval have the mean alone.
    copies = summary.get("duplicated")
    rows.append(
        ("duplicates", interval(copies), _clustered(copies))
        if copies
        else ("duplicates", percent(summary["duplicates"]), "")
    )
    rows += [(f"collapsed: {key}", interval(found), "") for key, found in result["by_category"].items()]
    return ("", "share and 95 % interval", "by prompt"), rows


def _heldout(result: Mapping[str, Any]) -> tuple[Row, list[Row]]:
    names = ("nll", "perplexity", "bits_per_byte", "smoothed_loss", "smoothed_loss_floor", "tokens", "bytes")
    sets = result["sets"]
    rows: list[Row] = [(name, *(_number(found[name]) for found in sets.values())) for name in names]
    for program in ("xz", "zstd", "gzip"):
        for way in ("by_file", "joined"):
            cells = [
                _number(((found.get("compressors") or {}).get(program) or {}).get(way))
                for found in sets.values()
            ]
            if set(cells) != {"-"}:
                rows.append((f"{program}, {way.replace('_', ' ')}, bits per byte", *cells))
    return ("", *sets), rows


def _context(result: Mapping[str, Any]) -> tuple[Row, list[Row]]:
    heads = ("examples", "tokens", "entropy", "new line", "):", "most probable")
    rows: list[Row] = [
        (
            str(row["examples"]),
            str(row["tokens"]),
            f"{row['entropy']:.2f}",
            percent(row["newline"]),
            percent(row["legacy"]),
            ", ".join(f"{top['token']!r} {100 * top['probability']:.0f}" for top in row["top"][:3]).replace(
                "[", r"\["
            ),
        )
        for row in result["rows"]
    ]
    return heads, rows


def _token_frequency(result: Mapping[str, Any]) -> tuple[Row, list[Row]]:
    kinds = [result["corpus"], result["samples"]]
    rows: list[Row] = [
        ("tokens", *(f"{found['tokens']:,}" for found in kinds)),
        ("unique", *(f"{found['unique']:,}" for found in kinds)),
        ("characters per token", *(f"{found['characters_per_token']:.2f}" for found in kinds)),
        *(
            (repr(name), *(f"{100 * found['shares'][name]:.2f} %" for found in kinds))
            for name in kinds[0]["shares"]
        ),
        ("KL from the corpus, nats", _number(result["kl_baseline"]), _number(result["kl"])),
    ]
    return ("", "corpus", "samples"), rows


def _confidence(result: Mapping[str, Any]) -> tuple[Row, list[Row]]:
    heads = ("", "positions", "top-1", "accuracy", "entropy", "ECE")
    kinds = [kind for kind in ("all", "after_colon", "after_parenthesis") if kind in result]
    rows: list[Row] = []
    for kind in kinds:
        found = result[kind]
        positions, sure, accuracy, entropy, error = (
            _number(found.get(name))
            for name in ("positions", "top1_prob", "accuracy", "entropy", "calibration_error")
        )
        if correct := found.get("correct"):
            accuracy = f"{accuracy} {_brackets(correct['low'], correct['high'])}"
        rows.append((kind, positions, sure, accuracy, entropy, error))
    return heads, rows


def _memorisation(result: Mapping[str, Any]) -> tuple[Row, list[Row]]:
    names = ("n", "mean", "median", "p90", "longest")
    held_out = result.get("held_out") or {}
    rows: list[Row] = [(name, _number(result[name]), _number(held_out.get(name))) for name in names]
    rows.append(("whole_samples", *(_whole(found) for found in (result, held_out))))
    return ("longest run, tokens", "samples", "held-out code"), rows


def _whole(found: Mapping[str, Any]) -> str:
    return interval(found["whole"]) if "whole" in found else _number(found.get("whole_samples"))


def _tasks(result: Mapping[str, Any]) -> tuple[Row, list[Row]]:
    rows: list[Row] = []
    for name, key, count in (("all", "score", "tasks"), ("answerable", "answerable_score", "answerable")):
        for measure, found in result[key].items():
            bounds = _brackets(found["low"], found["high"])
            rows.append((f"{measure}, {name} {result[count]}", f"{percent(found['value'])} {bounds}"))
    rows += [(rung, interval(found)) for rung, found in result["ladder"].items()]
    rows += [(f"failed: {name}", str(count)) for name, count in result["failures"].items()]
    return ("", f"{result['samples_per_task']} samples a task, {result['overflowing']} tasks overflow"), rows


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,}" if isinstance(value, int) else f"{value:.4f}"


_LAYOUTS = {
    "few_shot": _samples,
    "short_prompt": _samples,
    "heldout": _heldout,
    "context": _context,
    "token_frequency": _token_frequency,
    "confidence": _confidence,
    "memorisation": _memorisation,
}
