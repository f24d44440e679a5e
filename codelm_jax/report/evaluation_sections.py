"""The page's sections on evaluations: context, tasks, token frequencies, confidence, memorisation."""

from collections.abc import Mapping, Sequence
from typing import Any

from codelm_jax.report import reference
from codelm_jax.report.evaluation_charts import (
    RUNGS,
    calibration_chart,
    context_chart,
    frequency_chart,
    ladder_chart,
    memorisation_chart,
)
from codelm_jax.report.runs import TASK_SUITES, Evaluation, Run
from codelm_jax.report.section import Block, Section, Table, captioned, missing_suite, plots
from codelm_jax.report.wording import (
    NONE,
    bounds,
    interval,
    number,
    percent,
    sampling_in_words,
    task_scores,
    token_name,
)

_TOP_SHOWN = 5
_KINDS = {"all": "everywhere", "after_colon": "after “:”", "after_parenthesis": "after “)”"}
_COPIES_SHOWN = 5


def context_section(runs: Sequence[Run]) -> Section:
    """The next-token distribution against the length of the context."""
    blocks = plots(context_chart(runs))
    for run in runs:
        if evaluation := run.evaluation("context"):
            blocks.append(_context_table(evaluation, run, runs))
    blocks += missing_suite(runs, "context", "the next-token distribution was not measured.")
    return Section(
        id="context",
        title="Context",
        says="What the model would write next after one and the same signature, with more and more worked examples "
        "before it.",
        blocks=blocks,
    )


def tasks_section(runs: Sequence[Run]) -> Section:
    """The validity ladder and pass@k of every set of tasks."""
    blocks: list[Block] = []
    for suite, title in TASK_SUITES.items():
        blocks += plots(ladder_chart(runs, suite, title))
        for run in runs:
            for evaluation in _of_last_step(run, suite):
                blocks.append(_tasks_table(title, evaluation, run, runs))
        blocks += missing_suite(runs, suite, f"“{title}” was not run.", _NEEDED_FILE.get(suite, ""))
    return Section(
        id="tasks",
        title="Programs that run",
        says="Each task is a signature with a description; what the model writes is run, in a sandbox, against tests it "
        "has not seen. pass@k is the chance that at least one of k samples passes. The 2025 reference solved "
        f"{interval(reference.TASKS_PASSED)} of twenty simple tasks of its own.",
        blocks=blocks,
    )


def tokens_section(runs: Sequence[Run]) -> Section:
    """Token frequencies, corpus against samples."""
    blocks = plots(frequency_chart(runs))
    for run in runs:
        if evaluation := run.evaluation("token_frequency"):
            blocks.append(_frequency_table(evaluation, run, runs))
    blocks += missing_suite(runs, "token_frequency", "token frequencies were not counted.")
    return Section(
        id="tokens",
        title="Token frequencies",
        says="A token is the piece of text a model reads and writes at a time. Text the model makes up freely should "
        "use each about as often as its training data does.",
        blocks=blocks,
    )


def confidence_section(runs: Sequence[Run]) -> Section:
    """Calibration on held-out code."""
    blocks = plots(calibration_chart(runs))
    for run in runs:
        if evaluation := run.evaluation("confidence"):
            blocks.append(_confidence_table(evaluation, run, runs))
    blocks += missing_suite(runs, "confidence", "confidence was not measured.")
    return Section(
        id="confidence",
        title="Confidence",
        says="The reference put its collapse down to overconfidence after “:” and “)”. Here is how sure the model is on "
        "real code, and whether it is right as often.",
        blocks=blocks,
    )


def memorisation_section(runs: Sequence[Run]) -> Section:
    """Copies from the training data."""
    blocks = plots(memorisation_chart(runs))
    for run in runs:
        if evaluation := run.evaluation("memorisation"):
            blocks += _memorisation_tables(evaluation, run, runs)
    blocks += missing_suite(runs, "memorisation", "nobody looked for samples in the training data.")
    return Section(
        id="memorisation",
        title="Memorisation",
        says="Whether samples are the model's own or pieces of its training files. Real code that it never saw shows "
        "how much agreement is ordinary.",
        blocks=blocks,
    )


_NEEDED_FILE = {"humaneval": " --humaneval=HumanEval.jsonl.gz", "mbpp": " --mbpp=mbpp.jsonl"}


def _context_table(evaluation: Evaluation, run: Run, runs: Sequence[Run]) -> Table:
    rows = [
        [
            str(row["examples"]),
            number(row["tokens"]),
            number(row["entropy"], 2),
            percent(row["newline"]),
            percent(row["legacy"]),
            ", ".join(
                f"{token_name(top['token'])} {percent(top['probability'], 0)}"
                for top in row["top"][:_TOP_SHOWN]
            ),
        ]
        for row in evaluation.result["rows"]
    ]
    heads = [
        "examples",
        "tokens",
        "entropy, nats",
        "a new line",
        "“):”",
        "most probable (↵ line end, ␣ blank)",
    ]
    said = f"what follows “{evaluation.result['prompt']}” (step {evaluation.step:,})"
    return Table(captioned(run, runs, said), heads, rows)


def _tasks_table(title: str, evaluation: Evaluation, run: Run, runs: Sequence[Run]) -> Table:
    result = evaluation.result
    rows = task_scores(result)
    rows.append(["tasks whose prompt overflows the context", number(result["overflowing"])])
    rows += [[f"{RUNGS[rung]}", interval(found)] for rung, found in result["ladder"].items()]
    rows += [[f"failed: {reason}", number(count)] for reason, count in result["failures"].items()]
    drawn = sampling_in_words(result["sampling"])
    kept_out = result.get("settings", {}).get("decontaminated")
    said = (
        "These problems may be in the training data: it was not decontaminated."
        if not kept_out
        else f"Training files that share code with {', '.join(kept_out)} were left out."
    )
    return Table(
        captioned(run, runs, f"{title} (step {evaluation.step:,})"),
        ["", "samples"],
        rows,
        note=f"{drawn[0].upper()}{drawn[1:]}; 95 % intervals. {said}",
    )


def _frequency_table(evaluation: Evaluation, run: Run, runs: Sequence[Run]) -> Table:
    result = evaluation.result
    kinds = [result["corpus"], result["samples"]]
    rows = [
        ["tokens", *(number(kind["tokens"]) for kind in kinds)],
        ["different ones", *(number(kind["unique"]) for kind in kinds)],
        ["characters per token", *(number(kind["characters_per_token"], 2) for kind in kinds)],
        *(
            [
                "share of line ends" if name == "newline" else f"share of “{name}”",
                *(percent(kind["shares"][name], 2) for kind in kinds),
            ]
            for name in kinds[0]["shares"]
        ),
        ["distance from the corpus (KL, nats)", number(result["kl_baseline"]), number(result["kl"])],
    ]
    return Table(
        captioned(run, runs, f"corpus and samples (step {evaluation.step:,})"),
        ["", "corpus", "samples"],
        rows,
        note="Samples are what the model writes without a prompt. The corpus's distance from itself is that of as many "
        "tokens drawn from it.",
    )


def _confidence_table(evaluation: Evaluation, run: Run, runs: Sequence[Run]) -> Table:
    figures = {
        "positions": lambda found: number(found["positions"]),
        "probability of its first choice": lambda found: percent(found["top1_prob"]),
        "how often that is right": _right,
        "calibration error": lambda found: percent(found["calibration_error"]),
        "entropy, nats": lambda found: number(found["entropy"], 2),
    }
    kinds = [evaluation.result[kind] for kind in _KINDS]
    rows = [
        [name, *(get(found) if found["positions"] or name == "positions" else NONE for found in kinds)]
        for name, get in figures.items()
    ]
    return Table(
        captioned(run, runs, f"confidence on held-out code (step {evaluation.step:,})"),
        ["", *_KINDS.values()],
        rows,
    )


def _right(found: Mapping[str, Any]) -> str:
    """Results from before the interval have the share alone."""
    shown = percent(found["accuracy"])
    return f"{shown} {bounds(found['correct'])}" if "correct" in found else shown


def _memorisation_tables(evaluation: Evaluation, run: Run, runs: Sequence[Run]) -> list[Block]:
    result = evaluation.result
    figures = {
        "samples": "n",
        "mean": "mean",
        "median": "median",
        "90th percentile": "p90",
        "longest": "longest",
    }
    held_out = result.get("held_out") or {}
    rows = [[name, number(result[key], 1), number(held_out.get(key), 1)] for name, key in figures.items()]
    rows.append(["whole ones", *(_whole(found) for found in (result, held_out))])
    longest = sorted(result["samples"], key=lambda sample: -sample["run"])[:_COPIES_SHOWN]
    copies = [
        [number(sample["run"]), number(sample["tokens"]), sample["file"]]
        for sample in longest
        if sample["file"]
    ]
    return [
        Table(
            captioned(run, runs, f"the longest run found in the training data (step {evaluation.step:,})"),
            ["tokens", "samples", "held-out code"],
            rows,
            note="Held-out code is real and took no part in training.",
        ),
        Table(
            captioned(run, runs, "the longest copies"),
            ["run, tokens", "sample, tokens", "file"],
            copies,
            folded=True,
        ),
    ]


def _whole(found: Mapping[str, Any]) -> str:
    """Results from before the interval have the count alone."""
    return interval(found["whole"]) if "whole" in found else number(found.get("whole_samples"))


def _of_last_step(run: Run, suite: str) -> list[Evaluation]:
    """All results of the last evaluated step, the newest first: each temperature has its own."""
    found = run.evaluations.get(suite, ())
    return [evaluation for evaluation in reversed(found) if evaluation.step == found[-1].step]
