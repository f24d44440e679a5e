"""Trains a list of configs one after another, several seeds each, and tabulates what differs from the first.

    python scripts/experiments/ablations.py --size=cpu
    python scripts/experiments/ablations.py --configs=configs/strongreg.py,my_variant.py --seeds=3 --out=runs/mine

Every run is an ordinary one in `OUT/NAME/seed_K`, made by train.py and evaluate.py. Stopped, the same command goes on;
what is finished is looked at again, for seconds a run: a run with other settings than those asked for is refused.
Exit status: 0 done, 2 a mistake, else that of the command that failed.
"""

from pathlib import Path
from typing import Any

from absl import flags
from codelm_jax.scripts.experiments.ablation_figures import SUITES, Found, read  # pyright: ignore[reportMissingImports]
from codelm_jax.scripts.experiments.ablation_table import report  # pyright: ignore[reportMissingImports]

from codelm_jax import cli
from codelm_jax.atomic import write_atomically, write_json
from codelm_jax.config_files import configs_directory
from codelm_jax.errors import UserError

_NAMES = (
    "baseline",
    "no_label_smoothing",
    "no_dropout",
    "no_weight_decay",
    "unregularised",
    "smaller",
    "smaller_weak",
)

_CONFIGS = flags.DEFINE_list(
    "configs", None, "Config files; the first is the baseline. Default: configs/ablations."
)
_SIZE = flags.DEFINE_enum("size", "full", ("full", "cpu"), "Of the default configs.")
_SEEDS = flags.DEFINE_integer("seeds", 3, "Runs of each config.", lower_bound=2)
_SET = flags.DEFINE_multi_string("set", [], "KEY=VALUE, laid over every config, e.g. --set=max_steps=200.")
_SAMPLES = flags.DEFINE_integer("samples", 20, "Samples of each of the prompts.", lower_bound=1)
_OUT = flags.DEFINE_string(
    "out", None, "Directory of all the runs; default: runs/ablations/SIZE, runs/ablations/own with --configs."
)


def main() -> int:
    """Makes the runs that are missing and writes the table; returns the exit status."""
    files = _files()
    _check_overrides()
    out = Path(_OUT.value or f"runs/ablations/{_SIZE.value if _CONFIGS.value is None else 'own'}")
    runs = {name: [out / name / f"seed_{seed}" for seed in range(_SEEDS.value)] for name in files}
    # Seed by seed: what is stopped half-way has seen every config.
    for seed in range(_SEEDS.value):
        for name, file in files.items():
            status = _make(file, seed, runs[name][seed])
            if status:
                return status
    found = read(runs, _SAMPLES.value)
    text = report(found)
    write_atomically(out / "table.md", text.encode())
    write_json(out / "figures.json", _as_json(found))
    print(text)
    return 0


def _files() -> dict[str, str]:
    """Name -> config file with its argument."""
    if _CONFIGS.value is None:
        folder = configs_directory() / "ablations"
        return {name: f"{folder / name}.py:{_SIZE.value}" for name in _NAMES}
    files = {Path(file.partition(":")[0]).stem: file for file in _CONFIGS.value}
    if len(files) < 2 or len(files) < len(_CONFIGS.value):
        raise UserError(f"--configs={','.join(_CONFIGS.value)}: name at least two files, each name once")
    return files


def _check_overrides() -> None:
    for entry in _SET.value:
        if entry.partition("=")[0] == "seed":
            raise UserError(f"--set={entry}: each config gets the seeds 0, 1, ...; --seeds says how many")


def _make(file: str, seed: int, run: Path) -> int:
    """Trains and evaluates one run, or goes on with it; returns the exit status of what failed."""
    overrides = [f"--config.{entry}" for entry in _SET.value]
    # A finished run, too, goes through train.py, which refuses it where its settings or its data are others.
    train = ("train", f"--config={file}", f"--workdir={run}", f"--config.seed={seed}", *overrides)
    evaluate = ("evaluate", f"--checkpoint={run}", f"--suite={','.join(SUITES)}", f"--n={_SAMPLES.value}")
    return cli.call(*train) or cli.call(*evaluate)


def _as_json(found: Found) -> dict[str, Any]:
    return {
        config: [{name: measured._asdict() for name, measured in figures.items()} for figures in seeds]
        for config, seeds in found.items()
    }


def run() -> None:
    """Entry point."""
    cli.run(main)


if __name__ == "__main__":
    run()
