"""The model card: what a model is, what it learned from, how good it was measured to be, and how to use it.

Markdown with the front matter that the Hugging Face Hub reads. It states what the run's files state and nothing else.
"""

import json
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codelm_jax.atomic import write_atomically
from codelm_jax.errors import UserError
from codelm_jax.report.runs import TASK_SUITES, Run, licence_table, monitored_rate
from codelm_jax.report.templating import environment
from codelm_jax.report.wording import (
    NONE,
    bounds,
    by_prompt,
    interval,
    megabytes,
    number,
    percent,
    sampling_in_words,
    task_scores,
    visible,
)

MODEL_CARD = "MODEL_CARD.md"
# What the front matter says where the publisher has named no licence.
NO_LICENCE = "other"

_TEMPLATE = '''def add(a, b):
    """Return the sum of a and b."""
    return a + b


def is_positive(n):
    """Return whether n is greater than zero."""
    return n > 0


def factorial(n):
'''
_MODEL_KEYS = (
    "arch_type", "num_layers", "hidden_dim", "num_heads", "ffn_multiplier", "normalization", "activation",
    "position_encoding", "attention_dropout", "residual_dropout", "vocab_size", "max_seq_length",
)  # fmt: skip
_TRAINING_KEYS = (
    "max_steps", "batch_size", "learning_rate", "final_learning_rate", "warmup_steps", "weight_decay", "grad_clip",
    "label_smoothing", "compute_dtype", "seed",
)  # fmt: skip
_SOURCES = {
    "packages": "Packages of a pinned list, each under a permissive licence by its own metadata.",
    "python-env": "Python's standard library and the packages installed beside it, as they were on the training machine.",
    "directories": "Python files of the publisher's choice.",
    "text": "Text files of the publisher's choice.",
}
_LEVELS = {
    1: "Level 1: files of its own corpus that share 30 code tokens with a task were left out.",
    2: "Level 2: files of its own corpus that share 30 code tokens with a task were left out, and functions with a task's "
    "name, wording or, but for names, solution were cut out of the others.",
}
_BLANKS = re.compile(r"[ \t\r\n]+")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~$&])")


@dataclass(frozen=True)
class _Part:
    """One heading of the evaluation, with the command that measures it where it has no rows."""

    title: str
    command: str
    says: str = ""
    heads: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()


def write_model_card(run: Run, licence: str = NO_LICENCE) -> Path:
    """Writes `MODEL_CARD.md` into the run's directory.

    Args:
        run: the run.
        licence: under which its publisher puts the weights, as the Hub names it, e.g. `apache-2.0`.

    Returns:
        The card's path.

    Raises:
        UserError: it can't be written there.
    """
    path = run.directory / MODEL_CARD
    try:
        write_atomically(path, model_card(run, licence).encode())
    except OSError as error:
        raise UserError(f"{path}: cannot be written ({error.strerror}); mend that and run it again") from None
    return path


def model_card(run: Run, licence: str = NO_LICENCE) -> str:
    """The card as Markdown."""
    made = environment(autoescape=False)
    made.filters |= {"words": _words, "json": _json, "fenced": _fenced, "shell": shlex.quote}
    made.globals["table"] = _table
    few_shot = run.evaluation("few_shot")
    prompts: Mapping[str, str] = few_shot.result["prompts"] if few_shot else {}
    return made.get_template("model_card.md.jinja").render(
        front_matter=_front_matter(run, licence),
        name=run.name,
        step=number(run.summary["step"]) if run.summary else None,
        parameters=_count(run, "num_params"),
        tokens=_count(run, "tokens_seen"),
        device=f"{run.summary['device_count']} × {run.summary['device_kind']}" if run.summary else "",
        checkpoint=str(run.directory),
        template=next(iter(prompts.values()), _TEMPLATE),
        template_measured=bool(prompts),
        source=_SOURCES.get(run.config.get("data", {}).get("source", ""), ""),
        splits=_splits(run.manifest),
        licences=[
            (name, number(packages), number(files), megabytes(size))
            for name, packages, files, size in licence_table(run.manifest)
        ],
        filters=_filters(run),
        began_from=run.summary.get("began_from"),
        settings=_settings(run.config),
        evaluations=_evaluations(run),
        limits=_limits(run),
        licence=licence,
    )


def _count(run: Run, key: str) -> str | None:
    return number(run.summary[key]) if key in run.summary else None


def _front_matter(run: Run, licence: str) -> dict[str, Any]:
    """What the Hub reads; only scores that it has a name for."""
    matter: dict[str, Any] = {
        "language": ["code"],
        "license": licence,
        "pipeline_tag": "text-generation",
        "library_name": "codelm-jax",
        "tags": ["code", "python", "jax", "flax"],
    }
    if licence == NO_LICENCE:
        matter["license_name"] = "not-stated"
    results = []
    for suite, title in TASK_SUITES.items():
        evaluation = run.evaluation(suite)
        scores = evaluation.result["score"] if evaluation else {}
        metrics = [
            {"type": measure, "name": measure, "value": round(100 * found["value"], 2)}
            for measure, found in scores.items()
        ]
        if metrics:
            results.append(
                {
                    "task": {"type": "text-generation"},
                    "dataset": {"type": suite, "name": title},
                    "metrics": metrics,
                }
            )
    if results:
        matter["model-index"] = [{"name": run.name, "results": results}]
    return matter


def _splits(manifest: Mapping[str, Any]) -> list[tuple[str, ...]]:
    return [
        (name, number(split["documents"]), megabytes(split["bytes"]), number(split["tokens"]))
        for name, split in manifest.get("splits", {}).items()
    ]


def _filters(run: Run) -> str:
    skipped = run.manifest.get("skipped", {})
    left_out = ", ".join(f"{_words(reason)} ({count:,})" for reason, count in skipped.items())
    # What the summary says follows the weights; the manifest knows of this run's own corpus alone.
    benchmarks = run.summary.get("decontaminated", ())
    against = ", ".join(f"`{Path(name).name}`" for name in benchmarks)
    allowed = run.manifest.get("settings", {}).get("config.data.licenses")
    return "\n".join(
        [
            *(
                [f"Only packages that state one of these licences were taken: {', '.join(allowed)}."]
                if allowed
                else []
            ),
            f"Files left out: {left_out or 'none'}.",
            f"Decontaminated against {against}."
            if against
            else "It was not decontaminated against any benchmark.",
            *([_LEVELS[level]] if benchmarks and (level := _level(run)) in _LEVELS else []),
        ]
    )


def _level(run: Run) -> int | None:
    """None where the manifest is not at hand or has no level."""
    return run.manifest.get("decontamination", {}).get("level")


def _settings(config: Mapping[str, Any]) -> list[tuple[str, str]]:
    model = config.get("model", {})
    rows = [(f"model.{key}", str(model[key])) for key in _MODEL_KEYS if key in model]
    return rows + [(key, str(config[key])) for key in _TRAINING_KEYS if key in config]


def _evaluations(run: Run) -> list[_Part]:
    return [
        _held_out(run),
        _collapse(run, "few_shot", "Samples after worked examples"),
        _collapse(run, "short_prompt", "Samples after a bare signature"),
        *(_tasks(run, suite, title) for suite, title in TASK_SUITES.items()),
        _memorisation(run),
    ]


def _held_out(run: Run) -> _Part:
    title, command = "Held-out code", _command(run, "heldout")
    evaluation = run.evaluation("heldout")
    if evaluation is None:
        return _Part(title, command)
    sets = evaluation.result["sets"]
    rows = [
        ["bits per byte", *(number(found["bits_per_byte"]) for found in sets.values())],
        ["NLL, nats per token", *(number(found["nll"]) for found in sets.values())],
        ["perplexity", *(number(found["perplexity"], 2) for found in sets.values())],
        ["tokens", *(number(found["tokens"]) for found in sets.values())],
    ]
    measured = [(found.get("compressors") or {}).get("xz") for found in sets.values()]
    if any(measured):
        rows.append(
            [
                "for comparison: xz -9e, bits per byte",
                *(number(xz["by_file"]) if xz else NONE for xz in measured),
            ]
        )
    said = f"Step {evaluation.step:,}. val: files of packages seen in training; test: packages never seen."
    return _Part(title, command, said, ["", *sets], rows)


def _collapse(run: Run, suite: str, title: str) -> _Part:
    evaluation = run.evaluation(suite)
    if evaluation is None:
        return _monitored(run, suite, title)
    summary = evaluation.result["summary"]
    rows = [
        ["collapsed", interval(summary["collapsed"])],
        ["… interval by prompt", by_prompt(summary["collapsed"])],
        ["real code that the same rule flags", percent(summary["human_collapsed"])],
        ["collapsed by the reference's rule", interval(summary["legacy_collapse"])],
        ["… interval by prompt", by_prompt(summary["legacy_collapse"])],
        ["valid Python", interval(summary["parses"])],
        ["real code cut as short that is valid", percent(summary["human_parses"])],
        ["ended by itself", interval(summary["ended"])],
    ]
    said = f"Step {evaluation.step:,}; {sampling_in_words(evaluation.result['sampling'])}."
    return _Part(title, _command(run, suite), said, ["", "share and interval"], rows)


def _monitored(run: Run, suite: str, title: str) -> _Part:
    """The training monitor's last look, where nobody evaluated; without rows where it never looked either."""
    command, steps = _command(run, suite), run.series(f"monitor/{suite}_collapsed")[0]
    if not steps:
        return _Part(title, command)
    rows = []
    for name, words, people in (
        ("collapsed", "collapsed", "real code that the same rule flags"),
        ("parses", "valid Python", "real code cut as short that is valid"),
    ):
        if found := monitored_rate(run, f"{suite}_{name}"):
            rows.append([words, _with_what_is_known(found)])
            rows.append([people, percent(run.last(f"monitor/{suite}_{name}_human"))])
    each = run.config.get("monitor_samples")
    drawn = f" of {each} samples a prompt" if each else ""
    said = (
        f"By the collapse monitor's last look{drawn} during training, at step {steps[-1]:,}; the full evaluation was "
        f"not run: {command}"
    )
    return _Part(title, command, said, ["", "share and interval"], rows)


def _with_what_is_known(found: Mapping[str, Any]) -> str:
    if "low" not in found:
        return percent(found["rate"])
    return interval(found) if "n" in found else f"{percent(found['rate'])} {bounds(found)}"


def _tasks(run: Run, suite: str, title: str) -> _Part:
    evaluation = run.evaluation(suite)
    if evaluation is None:
        return _Part(title, _command(run, suite))
    result = evaluation.result
    rows = task_scores(result)
    rows += [[rung, interval(found)] for rung, found in result["ladder"].items()]
    said = (
        f"Step {evaluation.step:,}; {result['tasks']} tasks, of which {result['overflowing']} overflow the context and "
        f"count as failed; {sampling_in_words(result['sampling'])}."
    )
    return _Part(title, _command(run, suite), said, ["", "share and interval"], rows)


def _memorisation(run: Run) -> _Part:
    title, command = "Memorisation", _command(run, "memorisation")
    evaluation = run.evaluation("memorisation")
    if evaluation is None:
        return _Part(title, command)
    result, held_out = evaluation.result, evaluation.result.get("held_out") or {}
    keys = {
        "mean": "mean",
        "median": "median",
        "90th percentile": "p90",
        "longest": "longest",
        "whole ones": "whole_samples",
    }
    rows = [[name, number(result[key], 1), number(held_out.get(key), 1)] for name, key in keys.items()]
    said = f"Step {evaluation.step:,}; longest run of tokens that also stands in the training data."
    return _Part(title, command, said, ["tokens", "samples", "held-out code"], rows)


def _limits(run: Run) -> list[str]:
    limits = []
    model = run.config.get("model", {})
    if "max_seq_length" in model:
        limits.append(
            f"It sees at most {model['max_seq_length']} tokens at once, prompt and completion together."
        )
    if run.config.get("data", {}).get("source", "text") != "text":
        limits.append("It was trained on Python files alone.")
    few_shot = run.evaluation("few_shot")
    if few_shot:
        parses = few_shot.result["summary"]["parses"]
        limits.append(f"{percent(1 - parses['rate'])} of its few-shot samples were not valid Python.")
    memorisation = run.evaluation("memorisation")
    if memorisation:
        longest = memorisation.result["longest"]
        limits.append(
            f"It can repeat its training data: the longest copy found was {longest} tokens. The licence of what it "
            "copies applies to the copy."
        )
    else:
        limits.append(
            "Whether it repeats its training data was not measured. The licence of a copy applies to the copy."
        )
    unmeasured = [title for suite, title in TASK_SUITES.items() if run.evaluation(suite) is None]
    if unmeasured:
        limits.append(f"Whether its programs work was not measured with: {', '.join(unmeasured)}.")
    return limits


def _command(run: Run, suite: str) -> str:
    file = {"humaneval": " --humaneval=HumanEval.jsonl.gz", "mbpp": " --mbpp=mbpp.jsonl"}.get(suite, "")
    return f"python scripts/evaluate.py --checkpoint={shlex.quote(str(run.directory))} --suite={suite}{file}"


def _words(text: str) -> str:
    """Foreign text on one line in which nothing is markup."""
    return _MARKDOWN.sub(r"\\\1", visible(_BLANKS.sub(" ", str(text)).strip()))


def _json(value: Any) -> str:
    """JSON is YAML and, for a string, Python too."""
    return json.dumps(value)


def _fenced(text: str, language: str) -> str:
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{visible(text).strip()}\n{fence}"


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads)]
    body = [[_words(cell) for cell in row] for row in rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in [*lines, *body])
