"""Opens a checkpoint for the server."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codelm_jax.checkpoint.locate import CHECKPOINTS
from codelm_jax.generation.buckets import Buckets
from codelm_jax.generation.generator import Generator
from codelm_jax.weights import load_weights

# Few programs, none of which depends on how many requests arrive at the same time: see `Buckets`.
SERVING_BUCKETS = Buckets(growth=4, max_inserts=1)


@dataclass(frozen=True)
class ServedModel:
    """A model, and the band of human code that its texts are compared with."""

    generator: Generator
    band: dict[str, Any]


def load_model(checkpoint: str, *, max_rows: int | None) -> ServedModel:
    """Opens a run, its checkpoints, one step, or an exported directory.

    Args:
        checkpoint: path.
        max_rows: completions decoded at once; None: the default of `Generator`.

    Raises:
        UserError: there is no valid checkpoint or export.
    """
    loaded = load_weights(checkpoint)
    return ServedModel(
        generator=Generator.from_loaded(loaded, max_rows=max_rows, buckets=SERVING_BUCKETS),
        band=loaded.meta.human_band,
    )


def run_name(checkpoint: str) -> str:
    """The name of the run that a path to a checkpoint lies in, or of the exported directory."""
    path = Path(checkpoint).resolve()
    above = [parent for parent in (path, *path.parents) if parent.name == CHECKPOINTS]
    return above[0].parent.name if above else path.name
