"""Logging: a run's figures go to `metrics.jsonl`, to TensorBoard and to the terminal."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from codelm_jax.training.config import TrainConfig
from codelm_jax.training.guard import implausible
from codelm_jax.training.metrics import MetricsWriter
from codelm_jax.training.progress import TrainProgress
from codelm_jax.training.schedules import make_schedule
from codelm_jax.training.stepping import Stepper
from codelm_jax.training.throughput import model_flops_utilisation


class RunLog:
    """Use it as a context manager."""

    def __init__(self, workdir: Path, config: TrainConfig, stepper: Stepper):
        self._config, self._stepper = config, stepper
        self._schedule = make_schedule(config)
        self._progress = TrainProgress(config.max_steps, stepper.first_step)
        self._writer = MetricsWriter(workdir, stepper.first_step, self._progress.warn)
        self.say, self.warn, self.write = self._progress.say, self._progress.warn, self._writer.write
        # The first step compiles and does not count for the speed.
        self._timed_step, self._timed_seconds = stepper.first_step + 1, 0.0

    def __enter__(self) -> "RunLog":
        self._writer.__enter__()
        self._progress.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self._progress.__exit__(*exception)
        self._writer.__exit__(*exception)

    def steps(self) -> None:
        """Fetches the figures of the steps since the last call, and reports their means."""
        fetched, step = self._stepper.fetch(), self._stepper.step
        if not fetched:
            return
        finite = [metrics for metrics in fetched if metrics["nonfinite_steps"] == 0]
        skipped = len(fetched) - len(finite)
        if skipped:
            first = step - len(fetched) + 1
            self.warn(f"{skipped} of steps {first} to {step} skipped: non-finite loss or gradient")
        figures = {"skipped_steps": skipped, "learning_rate": float(np.asarray(self._schedule(step - 1)))}
        if finite:
            figures |= {name: _mean(finite, name) for name in ("loss", "nll", "grad_norm")}
        figures |= self._speed(step)
        self.write(step, {f"train/{name}": value for name, value in figures.items()})
        self._progress.update(step, figures)

    def held_out(self, step: int, figures: Mapping[str, float]) -> None:
        """Reports an evaluation on the held-out set, and warns where it is too good to be true."""
        self.write(step, {f"val/{name}": value for name, value in figures.items()})
        self.say(
            f"step {step} held out: nll {figures['nll']:.4f} perplexity {figures['perplexity']:.2f} "
            f"bits_per_byte {figures['bits_per_byte']:.4f} smoothed_loss {figures['smoothed_loss']:.4f} "
            f"(floor {figures['smoothed_loss_floor']:.4f})"
        )
        warning = implausible(
            figures["bits_per_byte"], figures["smoothed_loss"], figures["smoothed_loss_floor"]
        )
        if warning:
            self.warn(warning)

    def _speed(self, step: int) -> dict[str, float]:
        total = self._stepper.step_time.seconds
        steps, seconds = step - self._timed_step, total - self._timed_seconds
        self._timed_step, self._timed_seconds = step, total
        if steps < 1:
            return {}
        tokens_per_second = steps * self._config.tokens_per_step / seconds
        mfu = model_flops_utilisation(self._config, tokens_per_second)
        return {"tokens_per_second": tokens_per_second} | ({} if mfu is None else {"mfu": mfu})


def _mean(metrics: Sequence[Mapping[str, float]], name: str) -> float:
    return float(np.mean([m[name] for m in metrics]))
