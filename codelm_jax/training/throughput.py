"""How fast a run goes, and how much of the device's peak that is."""

import time
from dataclasses import dataclass, field

import jax

from codelm_jax.devices import peak_flops
from codelm_jax.training.config import TrainConfig


@dataclass
class Stopwatch:
    """Counts the seconds of training steps; evaluations and checkpoints are timed apart by pausing it."""

    seconds: float = 0.0
    _since: float | None = field(default=None)

    def start(self) -> None:
        """Goes on counting."""
        self._since = time.perf_counter()

    def pause(self) -> None:
        """Stops counting."""
        if self._since is not None:
            self.seconds += time.perf_counter() - self._since
            self._since = None

    def lap(self) -> float:
        """Seconds counted so far, while running."""
        running = 0.0 if self._since is None else time.perf_counter() - self._since
        return self.seconds + running


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
