"""Where the results of a checkpoint go, and the held-out evaluation at the end of a training."""

from pathlib import Path

from codelm_jax.checkpoint.load import load_checkpoint
from codelm_jax.checkpoint.locate import run_directory
from codelm_jax.data.prepared import PreparedData
from codelm_jax.data.progress import Advance, console_report
from codelm_jax.errors import UserError
from codelm_jax.evals.registry import choose
from codelm_jax.evals.results import ResultFiles
from codelm_jax.evals.runner import SuiteRunner
from codelm_jax.evals.suites.held_out import HELD_OUT
from codelm_jax.evals.view import View
from codelm_jax.evaluation_inputs.corpus import prepared_data
from codelm_jax.evaluation_inputs.model import evaluated_model
from codelm_jax.interop.hf_files import is_export


def results_directory(checkpoint: str, step: int, chosen: str | None) -> Path:
    """Where results go: `chosen`, or `evals/step_N` of the run.

    Raises:
        UserError: nothing was chosen for an exported directory, which holds only what its record describes.
    """
    if chosen is not None:
        return Path(chosen)
    if is_export(Path(checkpoint)):
        raise UserError(f"--checkpoint={checkpoint}: an export keeps no results; add --out=DIRECTORY")
    return run_directory(checkpoint) / "evals" / f"step_{step}"


def evaluate_held_out(run: str | Path, prepared: PreparedData, max_tokens: int) -> View:
    """Evaluates a run's best checkpoint on the held-out sets of its data; the result file is among the run's results."""
    loaded = load_checkpoint(run)
    model = evaluated_model(loaded)
    data = prepared_data(prepared, model, max_tokens)
    files = ResultFiles(results_directory(str(run), loaded.step, None))
    with console_report() as report:
        runner = SuiteRunner(
            model, data, choose([HELD_OUT], seed=0), files, lambda _: [], lambda *done: report(Advance(*done))
        )
        return HELD_OUT.view(runner.run(HELD_OUT))
