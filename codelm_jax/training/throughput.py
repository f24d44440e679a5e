"""Speed of a run, in seconds and as a share of the peak of its devices."""

import time

import jax

from codelm_jax.devices import peak_flops
from codelm_jax.training.config import TrainConfig


class Stopwatch:
    """Adds up the seconds spent inside its `with` blocks."""

    def __init__(self) -> None:
        self._seconds = 0.0
        self._since: float | None = None

    def __enter__(self) -> "Stopwatch":
        self._since = time.perf_counter()
        return self

    def __exit__(self, *exception: object) -> None:
        self._seconds, self._since = self.seconds, None

    @property
    def seconds(self) -> float:
        """The total so far, including a block that is still open."""
        return self._seconds + (0.0 if self._since is None else time.perf_counter() - self._since)


def model_flops_utilisation(config: TrainConfig, tokens_per_second: float) -> float | None:
    """Share of the devices' bfloat16 peak that the model's own FLOPs make up (PaLM, appendix B); None if unknown."""
    device = jax.devices()[0]
    peak = peak_flops(device.device_kind)
    if peak is None:
        return None
    return (
        tokens_per_second
        * config.model.flops_per_token(config.model.max_seq_length)
        / (peak * jax.device_count())
    )
