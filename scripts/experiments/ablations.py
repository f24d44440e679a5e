"""Trains a list of configs one after another, several seeds each, and tabulates what differs from the first.

    python scripts/experiments/ablations.py --size=cpu
    python scripts/experiments/ablations.py --configs=configs/strongreg.py,my_variant.py --seeds=3 --out=runs/mine

Every run is an ordinary one in `OUT/NAME/seed_K`, made by train.py and evaluate.py. Stopped, the same command goes on.
Exit status: 0 done, 2 a mistake, else that of the command that failed.
"""

from pathlib import Path

from absl import flags
from codelm_jax.scripts.experiments.ablation_table import (  # pyright: ignore[reportMissingImports]
    SUITES,
    context_table,
    figures_of,
    table,
)

from codelm_jax import (
    cli,
    configs,  # pyright: ignore[reportAttributeAccessIssue]
)
from codelm_jax.atomic import write_atomically, write_json
from codelm_jax.errors import UserError

_NAMES = ("baseline", "no_label_smoothing", "no_dropout", "no_weight_decay", "unregularised", "smaller")

_CONFIGS = flags.DEFINE_list(
    "configs", None, "Config files; the first is the baseline. Default: configs/ablations."
)
_SIZE = flags.DEFINE_enum("size", "full", ("full", "cpu"), "Of the default configs.")
_SEEDS = flags.DEFINE_integer("seeds", 3, "Runs of each config.", lower_bound=2)
_SET = flags.DEFINE_multi_string("set", [], "KEY=VALUE, laid over every config, e.g. --set=max_steps=200.")
_SAMPLES = flags.DEFINE_integer("samples", 20, "Samples of each of the prompts.", lower_bound=1)
_OUT = flags.DEFINE_string("out", "runs/ablations", "Directory of all the runs.")


def main() -> int:
    """Makes the runs that are missing and writes the table; returns the exit status."""
    files = _files()
    out = Path(_OUT.value)
    found = {}
    for name, file in files.items():
        found[name] = []
        for seed in range(_SEEDS.value):
            run = out / name / f"seed_{seed}"
            status = _make(file, seed, run)
            if status:
                return status
            found[name].append(figures_of(run))
    text = f"{table(found)}\n{context_table(found)}"
    write_atomically(out / "table.md", text.encode())
    write_json(out / "figures.json", found)
    print(text)
    return 0


def _files() -> dict[str, str]:
    """Name -> config file with its argument."""
    if _CONFIGS.value is None:
        folder = Path(next(iter(configs.__path__))) / "ablations"
        return {name: f"{folder / name}.py:{_SIZE.value}" for name in _NAMES}
    files = {Path(file.partition(":")[0]).stem: file for file in _CONFIGS.value}
    if len(files) < 2 or len(files) < len(_CONFIGS.value):
        raise UserError(f"--configs={','.join(_CONFIGS.value)}: name at least two files, each name once")
    return files


def _make(file: str, seed: int, run: Path) -> int:
    """Trains and evaluates one run, or goes on with it; returns the exit status of what failed."""
    overrides = [f"--config.{entry}" for entry in _SET.value]
    train = ("train", f"--config={file}", f"--workdir={run}", f"--config.seed={seed}", *overrides)
    evaluate = ("evaluate", f"--checkpoint={run}", f"--suite={','.join(SUITES)}", f"--n={_SAMPLES.value}")
    for command in (evaluate,) if _trained(run) else (train, evaluate):
        status = cli.call(*command)
        if status:
            return status
    return 0


def _trained(run: Path) -> bool:
    summary = run / "summary.json"
    # The card is the last thing that a training writes.
    return summary.exists() and (run / "MODEL_CARD.md").exists()


def run() -> None:
    """Entry point."""
    cli.run(main)


if __name__ == "__main__":
    run()
