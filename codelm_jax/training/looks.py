"""Evaluations and monitors of a run: when each is due, and what the last evaluation found."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from codelm_jax.training.config import TrainConfig
from codelm_jax.training.interrupt import StopRequest
from codelm_jax.training.run_log import RunLog
from codelm_jax.training.throughput import Stopwatch


class Monitor(Protocol):
    """Looks at the live parameters during training, e.g. by sampling from them."""

    every: int

    def __call__(self, params: Any) -> tuple[Mapping[str, float], Mapping[str, str]]:
        """Returns figures for the metrics and texts to show beside them."""
        ...


class Looks:
    """Looks at the parameters of a step; a signal abandons the look under way.

    Attributes:
        held_out: figures of the last evaluation and its `step`; empty before the first.
        time: seconds spent looking.
    """

    def __init__(
        self,
        config: TrainConfig,
        evaluate: Callable[[Any], Mapping[str, float]],
        monitors: Sequence[Monitor],
        held_out: Mapping[str, Any],
        stop: StopRequest,
        log: RunLog,
    ):
        self.held_out, self.time = dict(held_out), Stopwatch()
        self._config, self._stop, self._log = config, stop, log
        self._evaluate, self._monitors = evaluate, monitors

    def at(self, step: int, params: Any, *, saving: bool) -> None:
        """Evaluates and monitors what is due; a step that is saved is evaluated, so that it can become the best one."""
        if step % self._config.eval_every == 0 or saving:
            with self.time:
                held_out = self._stop.look(partial(self._evaluate, params))
            if held_out is not None:
                self.held_out = {**held_out, "step": step}
                self._log.held_out(step, held_out)
        for monitor in self._monitors:
            if step % monitor.every == 0 or step == self._config.max_steps:
                with self.time:
                    seen = self._stop.look(partial(monitor, params))
                if seen is not None:
                    self._log.write(step, *seen)

    def held_out_of(self, step: int) -> dict[str, Any] | None:
        """Figures of this step; None where it was not evaluated."""
        return self.held_out if self.held_out.get("step") == step else None
