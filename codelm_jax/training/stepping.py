"""Stepping: hands batches to the device, and fetches the figures of the steps only when they are needed."""

from collections.abc import Mapping, Sequence
from typing import Any

import jax
from jax.sharding import Mesh

from codelm_jax.data.batches import train_batches
from codelm_jax.data.tokens import TokenFile
from codelm_jax.data.training_sets import TrainingData
from codelm_jax.errors import UserError
from codelm_jax.training.compile import compile_train_step
from codelm_jax.training.config import TrainConfig
from codelm_jax.training.mesh import put_batch
from codelm_jax.training.step import TrainState
from codelm_jax.training.throughput import Stopwatch

# Steps handed to the device before the last one that is known to be done: enough to keep it busy.
_STEPS_AHEAD = 2


class StaysNonFinite(UserError):
    """The parameters have not changed for many steps: there is nothing to save."""


class Stepper:
    """Takes the steps of a run.

    Attributes:
        state: after the last step that was handed to the device.
        step: number of that step.
        first_step: number of the step that this start of the run resumed from.
        first_step_time: seconds of the first step, which compiles.
        step_time: seconds of all others.
    """

    def __init__(
        self,
        config: TrainConfig,
        mesh: Mesh,
        data: TokenFile | TrainingData,
        state: TrainState,
        data_state: Mapping[str, Any],
    ):
        self.state, self.step, self.first_step = state, int(state.step), int(state.step)
        self.first_step_time, self.step_time = Stopwatch(), Stopwatch()
        self._clock = self.first_step_time
        self._mesh, self._limit = mesh, config.max_nonfinite_steps
        self._take = compile_train_step(config, mesh)
        self._batches = train_batches(
            data,
            batch_size=config.batch_size,
            seq_length=config.model.max_seq_length,
            seed=config.seed,
            start_index=data_state["next_index"],
            process_index=jax.process_index(),
            process_count=jax.process_count(),
        )
        self._pending: list[dict[str, jax.Array]] = []  # metrics still on the device

    @property
    def data_state(self) -> dict[str, Any]:
        """Position in the data, from which another start of the run goes on."""
        return self._batches.get_state()

    def take(self) -> None:
        """Takes the next step; returns before the device has finished it."""
        first = self.step == self.first_step
        self._clock = self.first_step_time if first else self.step_time
        with self._clock:
            self.state, metrics = self._take(self.state, put_batch(self._mesh, next(self._batches)))
            self._pending.append(metrics)
            # CPU devices share one pool of threads. With hundreds of steps queued, those that wait for another device's
            # half of a sum can hold every thread, and the run hangs until XLA aborts it.
            ahead = 0 if first else _STEPS_AHEAD
            if len(self._pending) > ahead:
                jax.block_until_ready(self._pending[-1 - ahead])
        self.step += 1

    def stays_non_finite(self) -> bool:
        """Whether so many steps in a row were not finite; looks rarely, at a step that is done, so nothing waits."""
        if len(self._pending) <= _STEPS_AHEAD or len(self._pending) % self._limit:
            return False
        return int(self._pending[-1 - _STEPS_AHEAD]["nonfinite_steps"]) >= self._limit

    def fetch(self) -> list[dict[str, float]]:
        """Figures of every step since the last call.

        Raises:
            StaysNonFinite: the last of these steps changed nothing, for a non-finite loss or gradient.
        """
        with self._clock:
            pending: Any = jax.device_get(self._pending)
        self._pending = []
        fetched = [{name: float(x) for name, x in metrics.items()} for metrics in pending]
        self._check_finite(fetched)
        return fetched

    def _check_finite(self, fetched: Sequence[Mapping[str, float]]) -> None:
        worst = max(range(len(fetched)), key=lambda i: fetched[i]["nonfinite_steps"], default=0)
        in_a_row = int(fetched[worst]["nonfinite_steps"]) if fetched else 0
        if in_a_row >= self._limit:
            last = self.step - len(fetched) + 1 + worst
            norms = list(dict.fromkeys(f"{m['grad_norm']:.3g}" for m in fetched[: worst + 1][-in_a_row:]))
            shown = ", ".join(norms[:3]) + (", ..." if len(norms) > 3 else "")
            raise StaysNonFinite(
                f"config.max_nonfinite_steps: the last {in_a_row} steps to step {last} had a non-finite loss or "
                f"gradient (batches {last - in_a_row} to {last - 1}, gradient norms {shown}); nothing non-finite was "
                "saved; lower config.learning_rate, or look at these batches"
            )
