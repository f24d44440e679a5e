"""Trains a list of configs one after another, several seeds each, and tabulates the differences from the first.

    python scripts/experiments/ablations.py --size=cpu
    python scripts/experiments/ablations.py --configs=configs/strongreg.py,my_variant.py --seeds=3 --out=runs/mine

Every run is an ordinary one in `OUT/NAME/seed_K`, made by train.py and evaluate.py. Run the same command again to resume;
finished runs are only checked, for seconds each: a run with other settings than the given ones is refused.
Exit status: 0 done, 2 a mistake, else that of the command that failed.
"""

from pathlib import Path

from ablation_study import figures, runs, table
from absl import flags

from codelm_jax import cli

_CONFIGS = flags.DEFINE_list(
    "configs", None, "Config files; the first is the baseline. Default: configs/ablations."
)
_SIZE = flags.DEFINE_enum("size", "full", ("full", "cpu"), "Of the default configs.")
_SEEDS = flags.DEFINE_integer("seeds", 3, "Runs of each config.", lower_bound=2)
_SET = flags.DEFINE_multi_string("set", [], "KEY=VALUE for every config, e.g. --set=max_steps=200.")
_SAMPLES = flags.DEFINE_integer("samples", 20, "Samples per prompt.", lower_bound=1)
_OUT = flags.DEFINE_string(
    "out", None, "Directory of all the runs; default: runs/ablations/SIZE, runs/ablations/own with --configs."
)


def main() -> int:
    """Makes the missing runs and writes the table; returns the exit status."""
    files = runs.config_files(_CONFIGS.value, _SIZE.value)
    out = Path(_OUT.value or f"runs/ablations/{_SIZE.value if _CONFIGS.value is None else 'own'}")
    made = {name: [out / name / f"seed_{seed}" for seed in range(_SEEDS.value)] for name in files}
    status = runs.make(files, made, _SET.value, _SAMPLES.value)
    if not status:
        print(table.write(figures.read(made, _SAMPLES.value), out))
    return status


def run() -> None:
    """Entry point of `scripts/experiments/ablations.py`."""
    cli.run(main)
