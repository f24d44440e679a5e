"""Makes a report of one run, or of several side by side, from the files of training and evaluation.

    python scripts/report.py --workdir=runs/tiny
    python scripts/report.py --workdir=runs/tiny,runs/other

One run: `report/report.html`, one file to open or send, its charts as PNG next to it, and `MODEL_CARD.md` in the run.
Several: `report_with_OTHER/report.html` in the first of them, and no card.
"""

from pathlib import Path

from absl import flags

from codelm_jax import cli
from codelm_jax.errors import UserError
from codelm_jax.interop.hf_files import is_export
from codelm_jax.report.model_card import NO_LICENCE, write_model_card
from codelm_jax.report.page import write_report
from codelm_jax.report.runs import load_runs

_WORKDIR = flags.DEFINE_list("workdir", None, "The run, or several with commas.", required=True)
_OUT = flags.DEFINE_string("out", None, "Directory of the report; default: in the (first) run.")
_LICENCE = flags.DEFINE_string(
    "license", NO_LICENCE, "For the model card: the licence you publish the weights under, e.g. apache-2.0."
)


def main() -> None:
    """Writes the report, and for a single run its model card."""
    for directory in map(Path, _WORKDIR.value):
        if is_export(directory):
            raise UserError(
                f"--workdir={directory}: an export keeps no metrics and no results, and its card is README.md; give the "
                "run that it was made from"
            )
    runs = load_runs(_WORKDIR.value)
    others = "_".join(
        ["", "with", *(run.directory.resolve().name for run in runs[1:])] if len(runs) > 1 else []
    )
    print(write_report(runs, Path(_OUT.value or runs[0].directory / f"report{others}")))
    if len(runs) == 1:
        print(write_model_card(runs[0], _LICENCE.value))


def run() -> None:
    """Entry point of `codelm-report`."""
    cli.run(main)


if __name__ == "__main__":
    run()
