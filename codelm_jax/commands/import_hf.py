"""Imports a directory in the Hugging Face format: an export, or one that was trained further elsewhere.

    python scripts/import_hf.py --model=exports/tiny --out=runs/back
    python scripts/sample.py --checkpoint=runs/back --prompt="def add(a, b):"
    python scripts/train.py --config=configs/tiny.py --init_from=runs/back --workdir=runs/further

The checkpoint holds weights, tokenizer and metadata, but no optimizer state: a run can start from it (--init_from), but
not resume it. docs/interop.md has the details.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
from absl import flags

from codelm_jax import cli
from codelm_jax.checkpoint.locate import CHECKPOINTS, QUARANTINE, saved_steps
from codelm_jax.checkpoint.lock import RunLock
from codelm_jax.checkpoint.store import CheckpointStore
from codelm_jax.data.tokenizer import CodeTokenizer
from codelm_jax.errors import UserError
from codelm_jax.interop.hf_import import read_hf
from codelm_jax.run_files import read_object, write_object

_MODEL = flags.DEFINE_string("model", None, "The directory to read.", required=True)
_OUT = flags.DEFINE_string("out", None, "The run directory to make.", required=True)


def main() -> None:
    """Writes the checkpoint."""
    # Importing needs no accelerator.
    jax.config.update("jax_platforms", "cpu")
    imported = read_hf(Path(_MODEL.value))
    CodeTokenizer.from_json(imported.meta.tokenizer_json)  # checks that a checkpoint may have it
    step = imported.step or 0
    out = Path(_OUT.value)
    with RunLock(out):
        # Checked before the store is opened, which would remove files of another run. The settings are written first:
        # an import that was killed before it saved the step can be repeated.
        if _is_another_run(out, imported.meta.config):
            raise UserError(f"--out={out}: holds a run already; choose another directory")
        write_object(out / "config.json", imported.meta.config)
        with CheckpointStore(out / CHECKPOINTS) as store:
            store.save(step, state={"params": imported.params}, data={}, meta=imported.meta)
            store.wait()
            store.verify(step)
    origin = "; where it comes from is not known" if imported.step is None else ""
    print(f"{_OUT.value}: step {step} of {_MODEL.value}{origin}")


def _is_another_run(out: Path, config: Mapping[str, Any]) -> bool:
    """Whether `out` holds steps, sound or not, or other settings than this import writes."""
    checkpoints, settings = out / CHECKPOINTS, out / "config.json"
    if saved_steps(checkpoints) or (checkpoints / QUARANTINE).exists():
        return True
    try:
        return read_object(settings) != json.loads(json.dumps(config))
    except FileNotFoundError:
        return False
    except UserError:
        return True


def run() -> None:
    """Entry point of `codelm-import-hf`."""
    cli.run(main)


if __name__ == "__main__":
    run()
