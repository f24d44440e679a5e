"""Saves training states atomically and restores them.

A step directory holds four items, committed together by one rename (docs/checkpoints.md): `state` (arrays), `data`
(iterator state), `meta` (see `metadata.RunMeta`) and `digests`.
"""

import contextlib
import dataclasses
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orbax.checkpoint as ocp

from codelm_jax.checkpoint import orbax_log
from codelm_jax.checkpoint.digest import (
    Damaged,
    Digests,
    array_digest,
    finite_or_none,
    plain_json,
)
from codelm_jax.checkpoint.leftovers import REMOVED, remove_failed_save, remove_leftovers
from codelm_jax.checkpoint.locate import QUARANTINE, saved_steps
from codelm_jax.checkpoint.metadata import RunMeta
from codelm_jax.checkpoint.quarantine import quarantine
from codelm_jax.checkpoint.restore import Restored, read_state
from codelm_jax.checkpoint.retention import best_step, steps_to_keep
from codelm_jax.checkpoint.saved_step import SavedStep
from codelm_jax.checkpoint.tree import host_copies, nest
from codelm_jax.errors import UserError
from codelm_jax.run_files import json_digest

orbax_log.silence()


class CheckpointStore:
    """The checkpoints of one run: the latest two steps, the best one, and the milestones.

    The caller holds the `RunLock` of the run: two stores in one directory would remove each other's steps.

    Opening removes unfinished saves. It moves steps with a damaged table of digests to quarantine, but only if other
    steps look sound: the last step of a run is never moved.

    >>> import tempfile, jax, jax.numpy as jnp
    >>> meta = RunMeta(config={"model": {}}, tokenizer_json="")
    >>> with tempfile.TemporaryDirectory() as directory, CheckpointStore(directory) as store:
    ...     store.save(7, state={"w": jnp.arange(3.0)}, data={"next_index": 7}, meta=meta, metrics={"nll": 2.5})
    ...     store.wait()
    ...     restored = store.restore({"w": jax.ShapeDtypeStruct((3,), jnp.float32)})
    >>> restored.step, restored.state["w"].tolist(), restored.data
    (7, [0.0, 1.0, 2.0], {'next_index': 7})

    Args:
        directory: of the steps, e.g. `runs/tiny/checkpoints`; created if needed.
        keep_steps: milestones, never removed.
    """

    def __init__(self, directory: str | os.PathLike[str], *, keep_steps: Collection[int] = ()) -> None:
        self.directory = Path(os.path.realpath(directory))
        self.keep_steps = frozenset(keep_steps)
        self._nll_by_step: dict[int, float | None] = {}
        self._pending: int | None = None
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(f"{self.directory}: cannot be created ({error.strerror})") from error
        for step in saved_steps(self.directory):
            if self._path(step).is_symlink():
                raise UserError(
                    f"{self._path(step)}: is a link, and a run removes its old steps: link the whole run directory instead"
                )
        remove_leftovers(self.directory)
        damaged = {}
        for step in saved_steps(self.directory):
            try:
                self._nll_by_step[step] = SavedStep(self._path(step)).digests.nll
            except Damaged as damage:
                damaged[step] = damage
        if self._nll_by_step:
            for step, damage in damaged.items():
                quarantine(self._path(step), damage)
        self._manager = self._open_manager()

    def save(
        self,
        step: int,
        *,
        state: Any,
        data: Mapping[str, Any],
        meta: RunMeta,
        metrics: Mapping[str, float] | None = None,
    ) -> None:
        """Starts saving a step; returns when `state` is copied, so that its buffers may be donated.

        The step is complete after the next `wait`, `save` or `close`, which also report a failure to write it.

        Args:
            step: its number; a step is never overwritten.
            state: a pytree of arrays, such as a train state.
            data: iterator state as of the last consumed batch; plain JSON.
            meta: metadata of the run.
            metrics: held-out metrics; the lowest finite `metrics["nll"]` makes the best step.

        Raises:
            UserError: this step, or the one before it, could not be written.
            TypeError: `data` or `meta` is not JSON, or a leaf of `state` is not an array.
        """
        self.wait()
        if step in self.steps():
            raise UserError(
                f"{self._path(step)}: exists already; choose another run directory, or move it away"
            )
        arrays = host_copies(state)
        data, meta_json = plain_json(data, "data"), plain_json(meta.to_json(), "meta")
        digests = Digests(
            step=step,
            metrics=finite_or_none(metrics),
            leaves={name: array_digest(array) for name, array in arrays.items()},
            data=json_digest(data),
            meta=json_digest(meta_json),
        )
        self._nll_by_step[step] = digests.nll
        items = ocp.args.Composite(
            state=ocp.args.PyTreeSave(nest(arrays)),
            data=ocp.args.JsonSave(data),
            meta=ocp.args.JsonSave(meta_json),
            digests=ocp.args.JsonSave(digests.to_json()),
        )
        self._pending = step
        with self._report_failure():
            # force: whether to save is the caller's decision.
            self._manager.save(step, args=items, force=True)

    def wait(self) -> None:
        """Waits until the last `save` is on disk.

        Raises:
            UserError: it could not be written, e.g. because the disk is full; earlier steps are still there.
        """
        with self._report_failure():
            self._manager.wait_until_finished()
        self._pending = None
        remove_leftovers(self.directory)

    def restore(self, abstract_state: Any, step: int | None = None) -> Restored | None:
        """Returns the newest sound step, or `step`.

        Every byte is verified. If the newest step is damaged, the next older one is tried; once a sound one is found, the
        damaged ones are moved to `quarantine/` with a warning. With `step`, no other step is tried.

        Args:
            abstract_state: a pytree as given to `save`, of arrays or `jax.ShapeDtypeStruct`; each leaf is placed by its
                sharding, or on the default device if it has none, whatever devices it was saved from.
            step: which step; the newest sound one if None.

        Returns:
            None if no save was ever completed.

        Raises:
            Damaged: `step` is damaged.
            UserError: steps were saved and none is sound; or the names, shapes or dtypes of the step differ from
                `abstract_state` (nothing is ever cast).
        """
        self.wait()
        if step is not None:
            if step not in self.steps():
                raise UserError(f"{self._path(step)}: no such step; there are {self.steps()}")
            try:
                return read_state(self._path(step), abstract_state)
            except Damaged as damage:
                raise Damaged(f"{damage}; restore another step, or the newest sound one") from damage
        damaged: dict[int, Damaged] = {}
        for candidate in reversed(self.steps()):
            try:
                restored = read_state(self._path(candidate), abstract_state)
            except Damaged as damage:
                damaged[candidate] = damage
                continue
            for newer, damage in damaged.items():
                self._forget(newer, damage)
            return restored
        if damaged or saved_steps(self.directory / QUARANTINE):
            found = next(iter(damaged.values()), f"see {QUARANTINE}/")
            raise UserError(
                f"{self.directory}: no step is sound ({found}); the last ones were not moved: "
                "restore one from a backup, or choose another run directory to start over"
            )
        return None

    def steps(self) -> list[int]:
        """Returns the complete steps, ascending."""
        return saved_steps(self.directory)

    def latest_step(self) -> int | None:
        """Returns the newest complete step."""
        return max(self.steps(), default=None)

    def best_step(self) -> int | None:
        """Returns the complete step with the lowest finite held-out nll, or None if none was measured."""
        return best_step({step: self._nll_by_step.get(step) for step in self.steps()})

    def verify(self, step: int) -> None:
        """Waits, reads the whole step from disk and compares it with its digests.

        Raises:
            Damaged: it differs or is incomplete.
        """
        self.wait()
        SavedStep(self._path(step)).verify()

    def close(self) -> None:
        """Waits for the last save and frees orbax's threads; raises as `wait`."""
        try:
            self.wait()
        finally:
            self._manager.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _path(self, step: int) -> Path:
        return self.directory / str(step)

    def _open_manager(self) -> ocp.CheckpointManager:
        options = ocp.CheckpointManagerOptions(
            preservation_policy=_Retention(self._nll_by_step, self.keep_steps),
            todelete_subdir=REMOVED,
            save_root_metadata=False,
        )
        return ocp.CheckpointManager(self.directory, options=options)

    def _forget(self, step: int, damage: Damaged) -> None:
        quarantine(self._path(step), damage)
        self._nll_by_step.pop(step, None)
        self._manager.reload()

    @contextlib.contextmanager
    def _report_failure(self) -> Iterator[None]:
        try:
            yield
        except (OSError, ValueError, RuntimeError) as error:
            step, self._pending = self._pending, None
            # A failed manager keeps its error, and a partial directory that would keep a full disk full.
            with contextlib.suppress(Exception):
                self._manager.close()
            remove_failed_save(self.directory)
            self._manager = self._open_manager()
            reason = next(iter(str(error).splitlines()), type(error).__name__)[:300]
            raise UserError(
                f"{self.directory}: step {step} could not be saved ({reason}); the latest complete step is "
                f"{self.latest_step()}: make room or mend the disk, then run the same command again"
            ) from error


@dataclasses.dataclass
class _Retention:
    """orbax's hook for `steps_to_keep`."""

    nll_by_step: Mapping[int, float | None]
    keep_steps: Collection[int]

    def should_preserve(self, checkpoints: Sequence[Any], *, context: Any) -> list[bool]:
        del context
        present = {info.step: self.nll_by_step.get(info.step) for info in checkpoints}
        keep = steps_to_keep(present, self.keep_steps)
        return [info.step in keep for info in checkpoints]
