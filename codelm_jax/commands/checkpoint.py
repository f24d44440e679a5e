"""Verifies, shows or repairs the checkpoints of a run, on any machine and without its data.

    python scripts/checkpoint.py verify runs/tiny      reads every byte; exit status 1 if a step is damaged
    python scripts/checkpoint.py show runs/tiny        steps, config, fingerprints, device, parameter table
    python scripts/checkpoint.py repair runs/tiny      moves damaged steps to quarantine/, removes interrupted saves;
                                                       --yes: even if no sound step remains

`verify` and `show` also take the directory of one step.
"""

import jax
from absl import flags

from codelm_jax import cli
from codelm_jax.checkpoint import inspection
from codelm_jax.errors import UserError, did_you_mean

EXIT_DAMAGED = 1

_YES = flags.DEFINE_bool("yes", False, "repair: move damaged steps even if no sound one remains.")


def main(arguments: list[str]) -> int:
    """Runs `verify DIR`, `show DIR` or `repair DIR`; returns the exit status."""
    # A training run may use the accelerator, and reading needs none.
    jax.config.update("jax_platforms", "cpu")
    match arguments:
        case ["verify", path]:
            damaged = 0
            for finding in inspection.verify(path):
                print(finding, flush=True)
                damaged += finding.damage is not None
            return EXIT_DAMAGED if damaged else 0
        case ["show", path]:
            print(inspection.show(path))
        case ["repair", path]:
            print("\n".join(inspection.repair(path, yes=_YES.value)) or "nothing to repair")
        case _:
            hint = did_you_mean(arguments[0], ("verify", "show", "repair")) if len(arguments) == 2 else ""
            raise UserError(f"usage: checkpoint.py verify|show|repair DIR{hint}")
    return 0


def run() -> None:
    """Entry point of `codelm-checkpoint`."""
    cli.run(main, positional=True)


if __name__ == "__main__":
    run()
