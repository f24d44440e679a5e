"""What a missing causal mask does: the same small model with and without it, over label smoothing and dropout.

    python scripts/experiments/missing_mask.py --config=configs/tiny.py --config.max_steps=1000 --out=runs/missing_mask

Trains every combination of mask {causal, none} x label smoothing {0, 0.1} x dropout {0, 0.2}, and writes a JSON file per
combination, charts and tables into --out. Run the same command again to resume; with all results there, it only writes
charts and tables. The command above took 54 minutes on two cores. `docs/mode_collapse.md` has the results. The package
itself has no unmasked model, and its leak guard would refuse this one; each result has the guard's message.

It computes in float32, with plain attention, and takes each batch whole, on a GPU as well.
"""

from pathlib import Path

from absl import flags
from mask_study import findings
from mask_study.study import run_study

from codelm_jax import cli

_CONFIG = cli.define_config()
_OUT = flags.DEFINE_string("out", "runs/missing_mask", "Directory of the results.")
_SEEDS = flags.DEFINE_integer("seeds", 1, "Trainings of each combination.", lower_bound=1)
_SAMPLES = flags.DEFINE_integer("samples", 10, "Samples per prompt.", lower_bound=1)


def main() -> None:
    """Runs the missing combinations, then writes charts and tables of all."""
    out = Path(_OUT.value)
    results = run_study(_CONFIG.value.to_dict(), out, seeds=_SEEDS.value, samples=_SAMPLES.value)
    print(findings.write(results, out))


def run() -> None:
    """Entry point of `scripts/experiments/missing_mask.py`."""
    cli.run(main)
