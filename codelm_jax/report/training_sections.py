"""The page's sections on the training: at a glance, learning, collapse, speed, data, settings."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from codelm_jax.report import reference
from codelm_jax.report.runs import COMPRESSORS, Run, licence_table
from codelm_jax.report.section import (
    Block,
    Section,
    Table,
    captioned,
    missing_data,
    missing_suite,
    missing_training,
    plots,
)
from codelm_jax.report.training_charts import (
    AS_GOOD_MARGIN,
    collapse_chart,
    compression_chart,
    gradient_chart,
    nll_chart,
    objective_chart,
    repetition_chart,
    speed_chart,
    valid_chart,
)
from codelm_jax.report.wording import (
    HELD_OUT,
    NONE,
    by_prompt,
    duration,
    interval,
    megabytes,
    number,
    percent,
    sampling_in_words,
)
from codelm_jax.schema import flattened
from codelm_jax.text.band import human_rate

_FEW_SHOT_TOKENS = 60
_PACKAGES_SHOWN = 15


def learning_section(runs: Sequence[Run]) -> Section:
    """Loss, bits per byte, and both beside compressors."""
    blocks = plots(nll_chart(runs), objective_chart(runs), compression_chart(runs))
    blocks += [
        missing_training(run, runs, "no figures of a training yet.") for run in runs if not run.metrics
    ]
    for run in runs:
        if evaluation := run.evaluation("heldout"):
            blocks.append(_held_out_table(run, runs, evaluation.step, evaluation.result["sets"]))
    blocks += missing_suite(
        runs, "heldout", "the whole held-out set and the compressors beside it were not measured."
    )
    return Section(
        id="learning",
        title="Learning",
        says="Training means guessing the next token of real code, over and over. These charts show how far that got, "
        "on code the model has not trained on.",
        blocks=blocks,
    )


def collapse_section(runs: Sequence[Run]) -> Section:
    """Collapse over the steps, and the full evaluations' rates."""
    human = [_human_collapse(run) for run in runs]
    blocks = plots(collapse_chart(runs, human), repetition_chart(runs), valid_chart(runs))
    blocks += [
        missing_training(
            run, runs, "the collapse monitor has written nothing.", " --config.monitor_every=500"
        )
        for run in runs
        if not run.series("monitor/few_shot_collapsed")[0]
    ]
    suites = {"few_shot": "After worked examples", "short_prompt": "After a bare signature"}
    results = {suite: found for suite in suites if (found := _results(runs, suite))}
    blocks += [_rates_table(suites[suite], suite, found) for suite, found in results.items()]
    blocks += [_groups_table(suites[suite], found) for suite, found in results.items()]
    for suite, title in suites.items():
        blocks += missing_suite(runs, suite, f"“{title}” was not evaluated.")
    return Section(
        id="collapse",
        title="Collapse",
        says="A small model easily gets stuck and repeats itself. A sample counts as collapsed when it is empty, ends in "
        "a loop, or repeats more than 99 % of real code of its length does; by that rule "
        f"{_of_each(runs, human)} of real code looks collapsed too. “As good as people” means at most 2 points more than that, "
        "and is not decided where the interval lies on both sides of that limit.",
        blocks=blocks,
    )


def speed_section(runs: Sequence[Run]) -> Section:
    """What the training cost."""
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
    blocks: list[Block] = plots(speed_chart(runs), gradient_chart(runs))
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


def data_section(runs: Sequence[Run]) -> Section:
    """What the model learned from, with licences."""
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


def settings_section(runs: Sequence[Run]) -> Section:
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


def _held_out_table(run: Run, runs: Sequence[Run], step: int, sets: Mapping[str, Mapping[str, Any]]) -> Table:
    figures = {
        "bits per byte": lambda found: number(found["bits_per_byte"]),
        "NLL, nats per token": lambda found: number(found["nll"]),
        "perplexity": lambda found: number(found["perplexity"], 2),
        "smoothed loss (floor)": lambda found: (
            f"{number(found['smoothed_loss'])} ({number(found['smoothed_loss_floor'])})"
        ),
        "tokens": lambda found: number(found["tokens"]),
    }
    rows = [[name, *(get(found) for found in sets.values())] for name, get in figures.items()]
    for program, name in COMPRESSORS.items():
        for way, how in (("by_file", "each file by itself"), ("joined", "all files joined")):
            measured = [(found.get("compressors") or {}).get(program) for found in sets.values()]
            if any(measured):
                rows.append([f"{name}, {how}", *(number(each[way]) if each else NONE for each in measured)])
    return Table(
        captioned(run, runs, f"the held-out sets (step {step:,})"),
        ["", *(f"{name}: {HELD_OUT[name]}" if name in HELD_OUT else name for name in sets)],
        rows,
        note="Compressors in bits per byte of the same files.",
    )


def _human_collapse(run: Run) -> float:
    """How much real code the rule flags: as evaluation or monitor state it, else from the band of the run's data."""
    if evaluation := run.evaluation("few_shot"):
        return evaluation.result["summary"]["human_collapsed"]
    if (monitored := run.last("monitor/few_shot_collapsed_human")) is not None:
        return monitored
    return human_rate(run.human_band, _FEW_SHOT_TOKENS)


def _of_each(runs: Sequence[Run], shares: Sequence[float]) -> str:
    if len(set(shares)) == 1:
        return percent(shares[0])
    return ", ".join(f"{percent(share)} ({run.name})" for run, share in zip(runs, shares, strict=True))


def _rates_table(title: str, suite: str, results: Mapping[str, tuple[int, Mapping[str, Any]]]) -> Table:
    names = {
        "collapsed": "collapsed",
        "loop": "ends in a loop",
        "legacy_collapse": "collapsed by the reference's rule",
        "parses": "valid Python",
        "ended": "ended by itself",
    }
    summaries = [result["summary"] for _, result in results.values()]
    rows: list[list[str]] = []
    for flag, name in names.items():
        rows.append([name, *(interval(summary[flag]) for summary in summaries)])
        if flag == "collapsed":
            rows.append(["… by prompt", *(by_prompt(summary[flag]) for summary in summaries)])
        if flag == "parses":
            rows.append(["… real code cut as short", *(percent(s["human_parses"]) for s in summaries)])
    rows += [
        ["real code of these lengths, collapsed", *(percent(s["human_collapsed"]) for s in summaries)],
        ["as good as people", *(_as_good_as_people(s) for s in summaries)],
        ["repeated 4-grams (real code)", *(_beside_people(s["seq_rep_4"]) for s in summaries)],
        ["repeated lines (real code)", *(_beside_people(s["rep_line"]) for s in summaries)],
        ["diversity (real code)", *(_beside_people(s["diversity"]) for s in summaries)],
        ["exact duplicates", *(_duplicates(s) for s in summaries)],
    ]
    if suite == "few_shot":
        said = f"The 2025 reference reported {interval(reference.FINAL_COLLAPSE)} by its own rule"
    else:
        said = (
            f"The 2025 reference reported about {percent(reference.SHORT_PROMPT_COLLAPSE, 0)} by its own rule"
        )
    heads = ["", *(f"{name}, step {step:,}" for name, (step, _) in results.items())]
    drawn = sampling_in_words(next(iter(results.values()))[1]["sampling"])
    return Table(
        title,
        heads,
        rows,
        note=f"Share of samples and 95 % interval; {drawn}. “By prompt” is the interval that allows for samples of one "
        f"prompt being alike. {said}.",
    )


def _as_good_as_people(summary: Mapping[str, Any]) -> str:
    # From the bounds and not `as_good_as_people`, which older results took from the rate alone.
    collapsed, limit = summary["collapsed"], summary["human_collapsed"] + AS_GOOD_MARGIN
    if max(collapsed["high"], collapsed["cluster_high"]) <= limit:
        return "yes"
    return "no" if min(collapsed["low"], collapsed["cluster_low"]) > limit else "not decided"


def _duplicates(summary: Mapping[str, Any]) -> str:
    """Results from before the interval have the share alone."""
    return interval(summary["duplicated"]) if "duplicated" in summary else percent(summary["duplicates"])


def _groups_table(title: str, results: Mapping[str, tuple[int, Mapping[str, Any]]]) -> Table:
    found = [result["by_category"] | result["by_prompt"] for _, result in results.values()]
    names = list(dict.fromkeys(name for groups in found for name in groups))
    rows = [
        [name, *(interval(groups[name]) if name in groups else NONE for groups in found)] for name in names
    ]
    return Table(f"{title}: collapsed, by category and prompt", ["", *results], rows, folded=True)


def _beside_people(metric: Mapping[str, float]) -> str:
    return f"{number(metric['mean'])} ({number(metric['human_mean'])})"


def _data_tables(run: Run, runs: Sequence[Run]) -> list[Block]:
    manifest = run.manifest
    splits = [
        [name, number(split["documents"]), megabytes(split["bytes"]), number(split["tokens"])]
        for name, split in manifest["splits"].items()
    ]
    blocks: list[Block] = [
        Table(captioned(run, runs, "the splits"), ["split", "files", "size", "tokens"], splits)
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


def _packages_table(run: Run, runs: Sequence[Run]) -> Table:
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


def _results(runs: Sequence[Run], suite: str) -> dict[str, tuple[int, Mapping[str, Any]]]:
    found = ((run.name, run.evaluation(suite)) for run in runs)
    return {name: (evaluation.step, evaluation.result) for name, evaluation in found if evaluation}


def _cell(get: Callable[[Mapping[str, Any]], str], summary: Mapping[str, Any]) -> str:
    """A summary that ended before its second step has no speed, and one not there has nothing."""
    try:
        return get(summary)
    except KeyError:
        return NONE


def _names(runs: Sequence[Run]) -> list[str]:
    return ["value"] if len(runs) == 1 else [run.name for run in runs]
