"""Saving: when a checkpoint is due, and that no trained step is lost to an error in looking at it."""

import contextlib
import time
from collections.abc import Iterator
from typing import Any

import jax
import jax.numpy as jnp

from codelm_jax.checkpoint.metadata import RunMeta
from codelm_jax.checkpoint.store import CheckpointStore
from codelm_jax.errors import UserError
from codelm_jax.training.config import TrainConfig
from codelm_jax.training.looks import Looks
from codelm_jax.training.stepping import StaysNonFinite, Stepper
from codelm_jax.training.throughput import Stopwatch


class Saver:
    """Saves the steps of a run.

    Attributes:
        saved_step: the last one.
        time: seconds spent saving.
    """

    def __init__(
        self,
        config: TrainConfig,
        store: CheckpointStore,
        meta: RunMeta,
        stepper: Stepper,
        looks: Looks,
    ):
        self.saved_step, self.time = stepper.first_step, Stopwatch()
        self._config, self._store, self._meta = config, store, meta
        self._stepper, self._looks = stepper, looks
        self._saved_at = time.monotonic()

    def due(self) -> bool:
        """Whether the current step is to be saved."""
        step, config = self._stepper.step, self._config
        overdue = time.monotonic() - self._saved_at > 60 * config.checkpoint_minutes
        return (
            step % config.checkpoint_every == 0
            or step in config.keep_steps
            or overdue
            or step == config.max_steps
        )

    def save(self) -> None:
        """Saves the current step, unless it is saved already.

        Raises:
            UserError: the state is not finite.
        """
        step = self._stepper.step
        if self.saved_step == step:
            return
        if not _all_finite(self._stepper.state):
            raise UserError(
                f"config.learning_rate: step {step} left parameters or optimizer state that are not finite, though loss and "
                "gradient were; the step is not saved, the checkpoints before it are sound; lower it"
            )
        with self.time:
            self._store.save(
                step,
                state=self._stepper.state,
                data=self._stepper.data_state,
                meta=self._meta,
                metrics=self._looks.held_out_of(step),
            )
        self.saved_step, self._saved_at = step, time.monotonic()

    def verify(self) -> None:
        """Waits for the saved step to be on disk, and reads it back."""
        with self.time:
            self._store.verify(self.saved_step)

    def best_step(self) -> int | None:
        """The saved step with the lowest held-out loss; None where none was evaluated."""
        return self._store.best_step()

    @contextlib.contextmanager
    def saves_first(self) -> Iterator[None]:
        """Saves the step before an error of the block is raised."""
        try:
            yield
        except StaysNonFinite:
            raise
        except BaseException as error:
            step = self._stepper.step
            try:
                self.save()
                self._store.wait()
                error.add_note(f"step {step} is saved: run the same command again to resume")
            except Exception as failure:
                error.add_note(f"and step {step} could not be saved: {failure}")
            raise


@jax.jit
def _finite_leaves(leaves: list[jax.Array]) -> jax.Array:
    return jnp.stack([jnp.isfinite(leaf).all() for leaf in leaves]).all()


def _all_finite(state: Any) -> bool:
    return bool(_finite_leaves([x for x in jax.tree.leaves(state) if jnp.issubdtype(x.dtype, jnp.inexact)]))
