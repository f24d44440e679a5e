"""What a missing causal mask does: the same small model with and without it, over label smoothing and dropout.

    python scripts/experiments/missing_mask.py --config=configs/tiny.py --config.max_steps=1000 --out=runs/missing_mask

Trains every combination of mask {causal, none} x label smoothing {0, 0.1} x dropout {0, 0.2}, and writes into --out a
JSON file a combination, charts, and tables. Stopped, the same command goes on with the combinations that are missing;
with none missing it writes charts and tables anew. The command above took 54 minutes on two cores.
`docs/mode_collapse.md` tells what came out. The package itself has no unmasked model, and its leak guard would refuse
this one; each result says so in the guard's own words.

It computes in float32, with plain attention, and takes each batch whole, on a GPU as well.
"""

import itertools
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # this checkout's code, whatever is installed

import mask_findings
from absl import flags
from explicit_mask import (
    check_supported,
)
from mask_cell import (
    Cell,
    check_honoured,
    run_cell,
)

from codelm_jax import cli, compilation_cache, devices, host_memory
from codelm_jax.atomic import write_atomically
from codelm_jax.checkpoint.lock import RunLock
from codelm_jax.data.progress import console_report
from codelm_jax.errors import UserError
from codelm_jax.evals.few_shot import REFERENCE_PROTOCOL, prompts_of, room
from codelm_jax.evals.results import digest
from codelm_jax.evals.templates import load_templates
from codelm_jax.preparation.config import parse_data_config
from codelm_jax.preparation.prepare import prepare
from codelm_jax.training.config import parse_train_config
from codelm_jax.training.mesh import make_mesh

_CONFIG = cli.define_config()
_OUT = flags.DEFINE_string("out", "runs/missing_mask", "Directory of the results.")
_SEEDS = flags.DEFINE_integer("seeds", 1, "Trainings of each combination.", lower_bound=1)
_SAMPLES = flags.DEFINE_integer("samples", 10, "Samples of each of the prompts.", lower_bound=1)

_SMOOTHING = (0.0, 0.1)
_DROPOUT = (0.0, 0.2)


def main() -> None:
    """Runs the combinations that are missing, then writes charts and tables of all."""
    asked = _CONFIG.value.to_dict()
    base = parse_train_config(asked)
    check_supported(base.model)
    check_honoured(base)
    data_config = parse_data_config(asked["data"])
    if base.deterministic:
        devices.deterministic_gpu_operations()
    host_memory.keep_freed_memory()
    devices.one_cpu_device_per_core(base.batch_size)
    devices.warn_if_gpu_unused()
    mesh = make_mesh(base)
    compilation_cache.enable()
    out = Path(_OUT.value)
    templates = load_templates()
    with RunLock(out):
        with console_report() as report:
            prepared = prepare(data_config, vocab_size=base.model.vocab_size, report=report)
        prompts = list(prompts_of("few_shot", templates).values())
        if room(prompts, prepared.tokenizer, base.model.max_seq_length) < REFERENCE_PROTOCOL.max_new_tokens:
            raise UserError(
                f"config.model.max_seq_length = {base.model.max_seq_length}: too short for the few-shot prompts and "
                f"{REFERENCE_PROTOCOL.max_new_tokens} new tokens"
            )
        settings = {
            "config": json.loads(json.dumps(asked)),
            "data_fingerprint": prepared.fingerprint,
            "samples": _SAMPLES.value,
        }
        results = []
        for cell in _cells(base.seed):
            path = out / f"{cell.name}.json"
            result = _finished(path, settings)
            if result is None:
                found = run_cell(
                    cell, base, mesh, prepared, templates, samples_per_prompt=_SAMPLES.value, report=print
                )
                result = {"settings": settings, **found}
                write_atomically(path, (json.dumps(result) + "\n").encode())
            results.append(result)
        print(mask_findings.write(results, out))


def _cells(seed: int) -> list[Cell]:
    # Both masks of a combination follow each other: stopped early, what is there can be compared.
    return [
        Cell(masked, smoothing, dropout, seed + i)
        for i, smoothing, dropout, masked in itertools.product(
            range(_SEEDS.value), _SMOOTHING, _DROPOUT, (True, False)
        )
    ]


def _finished(path: Path, settings: dict) -> dict | None:
    """An earlier result.

    Raises:
        UserError: it was made with other settings.
    """
    if not path.exists():
        return None
    result = json.loads(path.read_text(encoding="utf-8"))
    if digest(result["settings"]) != digest(settings):
        raise UserError(f"{path}: made with other settings; give the same ones, or another --out")
    return result


def run() -> None:
    """Entry point."""
    cli.run(main)


if __name__ == "__main__":
    run()
