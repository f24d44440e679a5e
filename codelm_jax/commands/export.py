"""Exports a checkpoint to a directory that Hugging Face's tools open; docs/interop.md has the details.

    python scripts/export.py --checkpoint=runs/tiny --out=exports/tiny
    python scripts/export.py --checkpoint=runs/tiny --out=exports/tiny-bf16 --dtype=bfloat16 --which=latest --max_shard_mb=16

`README.md` is the run's MODEL_CARD.md (scripts/report.py writes it, with your licence), or is made from the run's files
if it has none. An exported export keeps its card.
"""

from pathlib import Path
from typing import Any

import jax
from absl import flags

from codelm_jax import cli
from codelm_jax.checkpoint.locate import run_directory
from codelm_jax.interop.hf_export import DTYPES, Exported, export_hf
from codelm_jax.interop.hf_files import CARD, is_export
from codelm_jax.release.directory import without_check
from codelm_jax.report.model_card import MODEL_CARD, model_card
from codelm_jax.report.runs import load_runs
from codelm_jax.weights import load_weights

_CHECKPOINT = flags.DEFINE_string(
    "checkpoint", None, "A run, its checkpoints, one step, or an export.", required=True
)
_OUT = flags.DEFINE_string("out", None, "The directory to make.", required=True)
_FORMAT = flags.DEFINE_enum(
    "format", "hf", ["hf"], "hf: the Hugging Face format, as the architecture that equals the model."
)
_DTYPE = flags.DEFINE_enum("dtype", "float32", DTYPES, "Type of the weights; only float32 is exact.")
_MAX_SHARD_MB = flags.DEFINE_integer(
    "max_shard_mb", None, "Largest weights file in megabytes (10^6 bytes); default: one file.", lower_bound=1
)
_WHICH = flags.DEFINE_string("which", "best", "best, latest or a step number.")
_FOR_CTRANSLATE2 = flags.DEFINE_bool(
    "for_ctranslate2", False, "Writes zero attention biases and an unk_token, which its converter needs."
)
_CALLED = flags.DEFINE_string(
    "called",
    None,
    "Path or name in the card's commands, e.g. a name on the Hub; default: the last part of --out.",
)
_OVERWRITE = flags.DEFINE_bool("overwrite", False, "Replaces an older export in --out.")

# For an export without its card.
_NO_CARD = "# model\n\nNothing is known of this model's data, training and figures.\n"


def main() -> None:
    """Writes the directory."""
    # A training run may use the accelerator, and exporting needs none.
    jax.config.update("jax_platforms", "cpu")
    which: Any = int(_WHICH.value) if _WHICH.value.isdecimal() else _WHICH.value
    loaded = load_weights(_CHECKPOINT.value, which=which)
    exported = Exported(loaded.step, jax.device_get(loaded.params), loaded.meta, _card(_CHECKPOINT.value))
    out = Path(_OUT.value)
    name = export_hf(
        exported,
        out,
        dtype=_DTYPE.value,
        max_shard_bytes=_MAX_SHARD_MB.value and _MAX_SHARD_MB.value * 10**6,
        called=_CALLED.value,
        overwrite=_OVERWRITE.value,
        for_ctranslate2=_FOR_CTRANSLATE2.value,
    )
    print(f"{out}: step {loaded.step} of {_CHECKPOINT.value} as {name}, {_DTYPE.value}")


def _card(checkpoint: str) -> str:
    directory = Path(checkpoint)
    if is_export(directory):
        card = directory / CARD
        return without_check(card.read_text(encoding="utf-8")) if card.exists() else _NO_CARD
    run = run_directory(checkpoint)
    written = run / MODEL_CARD
    return written.read_text(encoding="utf-8") if written.exists() else model_card(load_runs([run])[0])


def run() -> None:
    """Entry point of `codelm-export`."""
    cli.run(main)


if __name__ == "__main__":
    run()
