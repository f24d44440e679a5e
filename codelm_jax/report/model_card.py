"""The model card: description, training data, measured quality, and use of a model.

Markdown with the front matter that the Hugging Face Hub reads. Everything in it is taken from the run's files.
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
from codelm_jax.evals import registry
from codelm_jax.evals.suites.few_shot import FEW_SHOT
from codelm_jax.evals.view import Table
from codelm_jax.evals.wording import number, visible
from codelm_jax.report.manifest_tables import licence_table, splits_rows
from codelm_jax.report.runs import ReportedRun, evaluate_command
from codelm_jax.report.templating import environment
from codelm_jax.report.wording import megabytes

MODEL_CARD = "MODEL_CARD.md"
# In the front matter, where the publisher has named no licence.
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
    "python-env": "Python's standard library and the packages installed with it, as they were on the training machine.",
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
class _CardPart:
    """One heading of the evaluation; without tables, the command that measures it is shown."""

    title: str
    command: str
    says: str = ""
    tables: Sequence[Table] = ()


def write_model_card(run: ReportedRun, licence: str = NO_LICENCE) -> Path:
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


def model_card(run: ReportedRun, licence: str = NO_LICENCE) -> str:
    """The card as Markdown."""
    made = environment(autoescape=False)
    made.filters |= {"words": _words, "json": _json, "fenced": _fenced, "shell": shlex.quote}
    made.globals["table"] = _table
    few_shot = run.result(FEW_SHOT)
    prompts = few_shot.prompts if few_shot else {}
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
        splits=splits_rows(run.manifest),
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


def _count(run: ReportedRun, key: str) -> str | None:
    return number(run.summary[key]) if key in run.summary else None


def _front_matter(run: ReportedRun, licence: str) -> dict[str, Any]:
    """The fields that the Hub reads, with the scores that it has a name for."""
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
    for suite in registry.SUITES:
        found = run.newest(suite.name)
        metrics = [
            {"type": measure, "name": measure, "value": round(100 * value, 2)}
            for measure, value in ((found.view.scores or {}) if found else {}).items()
        ]
        if metrics:
            results.append(
                {
                    "task": {"type": "text-generation"},
                    "dataset": {"type": suite.name, "name": suite.title},
                    "metrics": metrics,
                }
            )
    if results:
        matter["model-index"] = [{"name": run.name, "results": results}]
    return matter


def _filters(run: ReportedRun) -> str:
    skipped = run.manifest.get("skipped", {})
    left_out = ", ".join(f"{_words(reason)} ({count:,})" for reason, count in skipped.items())
    # The summary speaks of the weights; the manifest knows only the run's own corpus.
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


def _level(run: ReportedRun) -> int | None:
    """None where the manifest is not at hand or has no level."""
    return run.manifest.get("decontamination", {}).get("level")


def _settings(config: Mapping[str, Any]) -> list[tuple[str, str]]:
    model = config.get("model", {})
    rows = [(f"model.{key}", str(model[key])) for key in _MODEL_KEYS if key in model]
    return rows + [(key, str(config[key])) for key in _TRAINING_KEYS if key in config]


def _evaluations(run: ReportedRun) -> list[_CardPart]:
    parts = []
    for suite in registry.SUITES:
        if not suite.on_card:
            continue
        found, view, command = run.newest(suite.name), run.view(suite), evaluate_command(run, suite)
        tables = [table for table in view.tables if not table.folded] if view else []
        notes = " ".join(table.note for table in tables if table.note)
        says = f"Step {found.step:,}. {notes}".strip() if found else f"{notes} {command}"
        parts.append(_CardPart(suite.title, command, says, tables))
    return parts


def _limits(run: ReportedRun) -> list[str]:
    limits = []
    model = run.config.get("model", {})
    if "max_seq_length" in model:
        limits.append(
            f"It sees at most {model['max_seq_length']} tokens at once, prompt and completion together."
        )
    if run.config.get("data", {}).get("source", "text") != "text":
        limits.append("It was trained on Python files alone.")
    for suite in registry.SUITES:
        found = run.newest(suite.name)
        limits += found.view.limits if found else [suite.unmeasured()]
    return [limit for limit in limits if limit]


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
