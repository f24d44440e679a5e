"""The run: steps, figures, held-out evaluations and checkpoints, until `max_steps` or a signal."""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh

from codelm_jax.atomic import remove_leftovers
from codelm_jax.checkpoint.metadata import RunMeta
from codelm_jax.checkpoint.store import CheckpointStore
from codelm_jax.data.batches import train_batches
from codelm_jax.data.tokens import TokenFile
from codelm_jax.errors import NO_ROOM, UserError
from codelm_jax.model.transformer import count_params
from codelm_jax.run_files import read_metrics, read_object, write_object
from codelm_jax.training.compile import compile_train_step
from codelm_jax.training.config import TrainConfig
from codelm_jax.training.guard import check_causality, implausible
from codelm_jax.training.interrupt import StopRequest
from codelm_jax.training.mesh import backend_of, put_batch, put_replicated, replicated
from codelm_jax.training.metrics import MetricsWriter
from codelm_jax.training.optimizer import learning_rate_schedule
from codelm_jax.training.progress import TrainProgress
from codelm_jax.training.resume import check_same_run, rounding_note
from codelm_jax.training.step import TrainState, init_state
from codelm_jax.training.throughput import Stopwatch, model_flops_utilisation

# Steps handed to the device before the last one that is known to be done: enough to keep it busy.
_STEPS_AHEAD = 2


class Monitor(Protocol):
    """Looks at the live parameters during training, e.g. by sampling from them."""

    every: int

    def __call__(self, params: Any) -> tuple[Mapping[str, float], Mapping[str, str]]:
        """Returns figures for the metrics and texts to show beside them."""
        ...


@dataclass(frozen=True)
class Run:
    """Everything a run needs besides its parameters.

    Attributes:
        config: its settings.
        mesh: the devices it runs on, see `mesh.make_mesh`.
        workdir: its directory; the caller holds the lock.
        train_tokens: what it learns from.
        meta: goes into every checkpoint.
        evaluate_held_out: from parameters to `nll`, `perplexity`, `bits_per_byte`, `smoothed_loss` and
            `smoothed_loss_floor` on the held-out set.
        monitors: further looks at the live parameters.
        initial_params: start from these instead of fresh ones.
        stop_after: save and stop after this step, as a signal would have it; None goes on to `max_steps`.
    """

    config: TrainConfig
    mesh: Mesh
    workdir: Path
    train_tokens: TokenFile
    meta: RunMeta
    evaluate_held_out: Callable[[Any], Mapping[str, float]]
    monitors: Sequence[Monitor] = ()
    initial_params: Any | None = None
    stop_after: int | None = None


def train(run: Run) -> dict[str, Any]:
    """Trains, or goes on where the run's last sound checkpoint stands, to `max_steps` or until a signal.

    A signal abandons the evaluation or the look of a monitor that is under way, and no other is begun: the step is saved
    without held-out figures, so it is no candidate for the best one, and the run that goes on does not make up for them.
    The state goes on bit for bit all the same.

    Returns:
        The summary, also written to `summary.json`; its `stopped_by` names the signal, or is None.

    Raises:
        UserError: a leak, other settings or data than the run began with, a loss that stays non-finite, or a full disk.
        Exception: whatever an evaluation or a monitor raised; the step is saved first.
        KeyboardInterrupt: a signal came after the last step was handed to the disk; it is verified, and the summary is
            written.
    """
    try:
        remove_leftovers(run.workdir)
        with CheckpointStore(run.workdir / "checkpoints", keep_steps=run.config.keep_steps) as store:
            return _Loop(run, store).run()
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        refused = UserError(
            f"{run.workdir}: {error.strerror}: complete checkpoints are safe; make room, then run the same command again"
        )
        for note in getattr(error, "__notes__", []):
            refused.add_note(note)
        raise refused from error


class _StaysNonFinite(UserError):
    """The parameters have not changed for many steps: there is nothing to save."""


class _Loop:
    def __init__(self, run: Run, store: CheckpointStore):
        self.spec, self.config, self.store = run, run.config, store
        self.mesh = run.mesh
        self.stop = StopRequest()
        self.notes: list[str] = []
        self.held_out: dict[str, Any] = {}
        self.state, data_state = self._first_state()
        self.first_step = int(self.state.step)
        self.batches = train_batches(
            run.train_tokens,
            batch_size=run.config.batch_size,
            seq_length=run.config.model.max_seq_length,
            seed=run.config.seed,
            start_index=data_state["next_index"],
            process_index=jax.process_index(),
            process_count=jax.process_count(),
        )
        self.step_fn = compile_train_step(run.config, self.mesh)
        self.schedule = learning_rate_schedule(run.config)
        self.progress = TrainProgress(run.config.max_steps, self.first_step)
        self.writer = MetricsWriter(run.workdir, self.first_step, self.progress.warn)

        self.pending: list[dict[str, jax.Array]] = []  # metrics still on the device
        self.first_step_time, self.step_time = Stopwatch(), Stopwatch()
        self.eval_time, self.save_time = Stopwatch(), Stopwatch()
        self.logged_step, self.logged_seconds = self.first_step + 1, 0.0
        self.saved_step, self.saved_at = self.first_step, time.monotonic()

    def run(self) -> dict[str, Any]:
        write_object(self.spec.workdir / "config.json", self.spec.meta.config)
        with self.stop, self.writer, self.progress:
            check_causality(self.config, backend_of(self.config, self.mesh), self.state.params)
            if self.first_step:
                self.progress.say(f"resuming {self.spec.workdir} from step {self.first_step}")
            for note in self.notes:
                self.progress.warn(note)
            step, end = self.first_step, self.config.max_steps
            if self.spec.stop_after is not None:
                end = min(end, self.spec.stop_after)
            while step < end and not self.stop:
                # The first step compiles: it is timed by itself and left out of the speed.
                with self.first_step_time if step == self.first_step else self.step_time:
                    self._step(block=step == self.first_step)
                    step += 1
                    if step % self.config.log_every == 0 or self._stays_non_finite():
                        with self._saved_in_any_case(step):
                            self._log(step)
                self._what_is_due(step)
            with self._saved_in_any_case(step):
                self._log(step)
            if self.saved_step != step:
                self._save(step)
            stopped_by = self.stop.name or ("--stop_after" if step < self.config.max_steps else None)
            summary = self._finish(step, stopped_by)
        if self.stop and not stopped_by:
            # The run is complete, and says so; whoever sent the signal wants nothing more to be done now.
            raise KeyboardInterrupt
        return summary

    def _step(self, block: bool) -> None:
        windows_BT = put_batch(self.mesh, next(self.batches))
        self.state, metrics = self.step_fn(self.state, windows_BT)
        self.pending.append(metrics)
        # Several CPU devices share one pool of threads: with hundreds of steps under way, those that wait for the other
        # device's half of a sum can hold every thread, and the run stands still until XLA aborts it.
        ahead = 0 if block else _STEPS_AHEAD
        if len(self.pending) > ahead:
            jax.block_until_ready(self.pending[-1 - ahead])

    def _stays_non_finite(self) -> bool:
        """Looks every `max_nonfinite_steps` steps, at a step that is done already: the device waits for nothing."""
        limit = self.config.max_nonfinite_steps
        if len(self.pending) <= _STEPS_AHEAD or len(self.pending) % limit:
            return False
        return int(self.pending[-1 - _STEPS_AHEAD]["nonfinite_steps"]) >= limit

    def _what_is_due(self, step: int) -> None:
        config = self.config
        last = step == config.max_steps
        overdue = time.monotonic() - self.saved_at > 60 * config.checkpoint_minutes
        save = step % config.checkpoint_every == 0 or step in config.keep_steps or overdue or last
        with self._saved_in_any_case(step):
            # A checkpoint needs held-out figures to be a candidate for the best one.
            if step % config.eval_every == 0 or save:
                self._evaluate(step)
            for monitor in self.spec.monitors:
                if step % monitor.every == 0 or last:
                    self._monitor(step, monitor)
        if save:
            self._save(step)

    @contextlib.contextmanager
    def _saved_in_any_case(self, step: int) -> Iterator[None]:
        """An error in looking at a step, or in writing down what was seen, is raised after the step is saved."""
        try:
            yield
        except _StaysNonFinite:
            raise
        except BaseException as error:
            try:
                if self.saved_step != step:
                    self._save(step)
                self.store.wait()
                error.add_note(f"step {step} is saved: run the same command again to resume")
            except Exception as failure:
                error.add_note(f"and step {step} could not be saved: {failure}")
            raise

    def _log(self, step: int) -> None:
        """Fetches the figures since the last log, all at once, and reports their means."""
        if not self.pending:
            return
        fetched = [{name: float(x) for name, x in metrics.items()} for metrics in _fetch(self.pending)]
        first = step - len(self.pending) + 1
        self.pending = []
        self._check_finite(fetched, first)
        finite = [metrics for metrics in fetched if metrics["nonfinite_steps"] == 0]
        skipped = len(fetched) - len(finite)
        if skipped:
            self.progress.warn(f"{skipped} of steps {first} to {step} skipped: non-finite loss or gradient")
        figures = {"skipped_steps": skipped, "learning_rate": float(np.asarray(self.schedule(step - 1)))}
        if finite:
            figures |= {name: _mean(finite, name) for name in ("loss", "nll", "grad_norm")}
        figures |= self._speed(step)
        self.writer.write(step, {f"train/{name}": value for name, value in figures.items()})
        self.progress.update(step, figures)

    def _speed(self, step: int) -> dict[str, float]:
        steps, seconds = step - self.logged_step, self.step_time.seconds - self.logged_seconds
        self.logged_step, self.logged_seconds = step, self.step_time.seconds
        if steps < 1:
            return {}
        tokens_per_second = steps * self.config.tokens_per_step / seconds
        mfu = model_flops_utilisation(self.config, tokens_per_second)
        return {"tokens_per_second": tokens_per_second} | ({} if mfu is None else {"mfu": mfu})

    def _check_finite(self, fetched: Sequence[Mapping[str, float]], first: int) -> None:
        worst = max(range(len(fetched)), key=lambda i: fetched[i]["nonfinite_steps"])
        in_a_row = int(fetched[worst]["nonfinite_steps"])
        if in_a_row >= self.config.max_nonfinite_steps:
            last = first + worst
            norms = _at_most_3([f"{m['grad_norm']:.3g}" for m in fetched[: worst + 1][-in_a_row:]])
            raise _StaysNonFinite(
                f"config.max_nonfinite_steps: the last {in_a_row} steps to step {last} had a non-finite loss or "
                f"gradient (batches {last - in_a_row} to {last - 1}, gradient norms {norms}); nothing non-finite was "
                "saved; lower config.learning_rate, or look at these batches"
            )

    def _evaluate(self, step: int) -> None:
        with self.eval_time:
            held_out = self.stop.look(lambda: dict(self.spec.evaluate_held_out(self.state.params)))
        if held_out is None:
            return
        self.held_out = {**held_out, "step": step}
        self.writer.write(step, {f"val/{name}": value for name, value in held_out.items()})
        self.progress.say(
            f"step {step} held out: nll {held_out['nll']:.4f} perplexity {held_out['perplexity']:.2f} "
            f"bits_per_byte {held_out['bits_per_byte']:.4f} smoothed_loss {held_out['smoothed_loss']:.4f} "
            f"(floor {held_out['smoothed_loss_floor']:.4f})"
        )
        warning = implausible(
            held_out["bits_per_byte"], held_out["smoothed_loss"], held_out["smoothed_loss_floor"]
        )
        if warning:
            self.progress.warn(warning)

    def _monitor(self, step: int, monitor: Monitor) -> None:
        with self.eval_time:
            seen = self.stop.look(lambda: monitor(self.state.params))
        if seen is not None:
            self.writer.write(step, *seen)

    def _save(self, step: int) -> None:
        if not _all_finite(self.state):
            raise UserError(
                f"config.learning_rate: step {step} left parameters or optimizer state that are not finite, though loss and "
                "gradient were; the step is not saved, the checkpoints before it are sound; lower it"
            )
        metrics = self.held_out if self.held_out.get("step") == step else None
        with self.save_time:
            self.store.save(
                step, state=self.state, data=self.batches.get_state(), meta=self.spec.meta, metrics=metrics
            )
        self.saved_step, self.saved_at = step, time.monotonic()

    def _finish(self, step: int, stopped_by: str | None) -> dict[str, Any]:
        summary = {
            "step": step,
            "max_steps": self.config.max_steps,
            "stopped_by": stopped_by,
            "held_out": self.held_out,
            "best_step": None,
            "tokens_seen": step * self.config.tokens_per_step,
            "num_params": count_params(self.config.model),
            "data_fingerprint": self.spec.meta.data_fingerprint,
            "decontaminated": self.spec.meta.decontaminated,
            "began_from": self.spec.meta.began_from and asdict(self.spec.meta.began_from),
            "device_kind": jax.devices()[0].device_kind,
            "device_count": jax.device_count(),
        }
        steps_timed = step - self.first_step - 1
        if steps_timed >= 0:
            with self.save_time:
                self.store.verify(step)
            summary |= {
                "first_step_seconds": self.first_step_time.seconds,
                "step_seconds": self.step_time.seconds,
                "eval_seconds": self.eval_time.seconds,
                "save_seconds": self.save_time.seconds,
            }
        if steps_timed > 0:
            summary["tokens_per_second"] = steps_timed * self.config.tokens_per_step / self.step_time.seconds
        summary["best_step"] = self.store.best_step()
        # A run that has nothing left to do keeps the summary it wrote, unless a kill came before it did.
        path = self.spec.workdir / "summary.json"
        if steps_timed >= 0 or (self.saved_step and not _is_summary_of(step, path)):
            write_object(path, summary)
        if self.saved_step == 0:
            self.progress.say("stopped before the first step: there is nothing to save")
            return summary
        best = "" if summary["best_step"] is None else f" (best: step {summary['best_step']})"
        self.progress.say(f"saved and verified: {self.spec.workdir}/checkpoints/{step}{best}")
        return summary

    def _first_state(self) -> tuple[TrainState, dict[str, Any]]:
        everywhere = replicated(self.mesh)
        shapes = jax.eval_shape(partial(init_state, self.config))
        abstract = jax.tree.map(lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=everywhere), shapes)
        restored = self.store.restore(abstract)
        if restored is not None:
            check_same_run(restored.meta, self.spec.meta, self.spec.workdir)
            if note := rounding_note(restored.meta, self.spec.meta):
                self.notes.append(note)
            if restored.metrics:
                self.held_out = {**restored.metrics, "step": restored.step}
            return restored.state, restored.data
        logged = read_metrics(self.spec.workdir / "metrics.jsonl", lambda line: None)
        if logged:
            self.notes.append(
                f"metrics.jsonl reaches step {logged[-1]['step']}, but there is no checkpoint: beginning at step 0"
            )
        fresh = jax.jit(partial(init_state, self.config))(self.spec.initial_params)
        return put_replicated(self.mesh, fresh), {"next_index": 0}


def _is_summary_of(step: int, path: Path) -> bool:
    try:
        return read_object(path).get("step") == step
    except (OSError, UserError):
        return False


@jax.jit
def _finite_leaves(leaves: list[jax.Array]) -> jax.Array:
    return jnp.stack([jnp.isfinite(leaf).all() for leaf in leaves]).all()


def _all_finite(state: Any) -> bool:
    return bool(_finite_leaves([x for x in jax.tree.leaves(state) if jnp.issubdtype(x.dtype, jnp.inexact)]))


def _fetch(metrics: list[dict[str, jax.Array]]) -> Any:
    return jax.device_get(metrics)


def _at_most_3(figures: Sequence[str]) -> str:
    distinct = list(dict.fromkeys(figures))
    return ", ".join(distinct[:3]) + (", ..." if len(distinct) > 3 else "")


def _mean(metrics: Sequence[Mapping[str, float]], name: str) -> float:
    return float(np.mean([m[name] for m in metrics]))
