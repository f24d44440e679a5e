"""Makes the runs of a list of configs, several seeds each, with the commands `train` and `evaluate`."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from ablation_study.figures import SUITES

from codelm_jax import cli
from codelm_jax.config_files import configs_directory
from codelm_jax.errors import UserError

NAMES = (
    "baseline",
    "no_label_smoothing",
    "no_dropout",
    "no_weight_decay",
    "unregularised",
    "smaller",
    "smaller_weak",
)


def config_files(given: Sequence[str] | None, size: str) -> dict[str, str]:
    """Name -> config file with its argument; `configs/ablations` at `size` if none is given.

    Raises:
        UserError: fewer than two files, or two of the same name.
    """
    if given is None:
        folder = configs_directory() / "ablations"
        return {name: f"{folder / name}.py:{size}" for name in NAMES}
    files = {Path(file.partition(":")[0]).stem: file for file in given}
    if len(files) < 2 or len(files) < len(given):
        raise UserError(f"--configs={','.join(given)}: name at least two files, each name once")
    return files


def make(
    files: Mapping[str, str], runs: Mapping[str, Sequence[Path]], overrides: Sequence[str], samples: int
) -> int:
    """Makes or resumes every run; returns the exit status of the command that failed, or 0.

    Args:
        files: name -> config file with its argument.
        runs: name -> the directory of each seed.
        overrides: KEY=VALUE for every config.
        samples: samples per prompt in the evaluation.

    Raises:
        UserError: an override sets the seed.
    """
    for entry in overrides:
        if entry.partition("=")[0] == "seed":
            raise UserError(f"--set={entry}: each config gets the seeds 0, 1, ...; --seeds says how many")
    # Seed by seed: a study that is stopped half-way has runs of every config.
    for seed in range(len(next(iter(runs.values())))):
        for name, file in files.items():
            run = runs[name][seed]
            given = [f"--config.{entry}" for entry in overrides]
            # Also for a finished run: train.py refuses it if its settings or its data differ.
            train = ("train", f"--config={file}", f"--workdir={run}", f"--config.seed={seed}", *given)
            evaluate = ("evaluate", f"--checkpoint={run}", f"--suite={','.join(SUITES)}", f"--n={samples}")
            if status := cli.call(*train) or cli.call(*evaluate):
                return status
    return 0
