"""The loop: steps, logging, evaluations and checkpoints, until `max_steps` or a signal."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jax.sharding import Mesh

from codelm_jax.atomic import remove_leftovers
from codelm_jax.checkpoint.metadata import RunMeta
from codelm_jax.checkpoint.store import CheckpointStore
from codelm_jax.data.tokens import TokenFile
from codelm_jax.data.training_sets import TrainingData
from codelm_jax.errors import NO_ROOM, UserError
from codelm_jax.run_files import write_object
from codelm_jax.training.config import TrainConfig
from codelm_jax.training.guard import check_causality
from codelm_jax.training.interrupt import StopRequest
from codelm_jax.training.looks import Looks, Monitor
from codelm_jax.training.mesh import backend_of
from codelm_jax.training.run_log import RunLog
from codelm_jax.training.saving import Saver
from codelm_jax.training.start import find_start
from codelm_jax.training.stepping import Stepper
from codelm_jax.training.summary import finish


@dataclass(frozen=True)
class TrainingRun:
    """Everything a run needs besides its parameters.

    Attributes:
        config: its settings.
        mesh: the devices it runs on, see `mesh.make_mesh`.
        workdir: its directory; the caller holds the lock.
        train_data: the training data.
        meta: saved with every checkpoint.
        evaluate_held_out: from parameters to `nll`, `perplexity`, `bits_per_byte`, `smoothed_loss` and
            `smoothed_loss_floor` on the held-out set.
        monitors: further looks at the live parameters.
        initial_params: start from these instead of random ones.
        stop_after: save and stop after this step; None trains to `max_steps`.
    """

    config: TrainConfig
    mesh: Mesh
    workdir: Path
    train_data: TokenFile | TrainingData
    meta: RunMeta
    evaluate_held_out: Callable[[Any], Mapping[str, float]]
    monitors: Sequence[Monitor] = ()
    initial_params: Any | None = None
    stop_after: int | None = None


def train(run: TrainingRun) -> dict[str, Any]:
    """Trains from the run's last sound checkpoint, or from the start, to `max_steps` or until a signal.

    A signal abandons the evaluation or monitor under way, and no other is started. The step is then saved without
    held-out figures: it is no candidate for the best step, and resuming does not evaluate it later. The state resumes
    bit for bit.

    Returns:
        The summary, also written to `summary.json`; its `stopped_by` names the signal, or is None.

    Raises:
        UserError: a leak, other settings or data than the run began with, a loss that stays non-finite, or a full disk.
        Exception: whatever an evaluation or a monitor raised; the step is saved first.
        KeyboardInterrupt: a signal came after the last step was handed to the disk; the step is verified, and the summary
            is written.
    """
    try:
        remove_leftovers(run.workdir)
        with CheckpointStore(run.workdir / "checkpoints", keep_steps=run.config.keep_steps) as store:
            return _train(run, store)
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        refused = UserError(
            f"{run.workdir}: {error.strerror}: complete checkpoints are safe; make room, then run the same command again"
        )
        for note in getattr(error, "__notes__", []):
            refused.add_note(note)
        raise refused from error


def _train(run: TrainingRun, store: CheckpointStore) -> dict[str, Any]:
    config, stop = run.config, StopRequest()
    start = find_start(
        config, run.mesh, store, meta=run.meta, workdir=run.workdir, initial_params=run.initial_params
    )
    stepper = Stepper(config, run.mesh, run.train_data, start.state, start.data)
    log = RunLog(run.workdir, config, stepper)
    looks = Looks(config, run.evaluate_held_out, run.monitors, start.held_out, stop, log)
    saver = Saver(config, store, run.meta, stepper, looks)
    write_object(run.workdir / "config.json", run.meta.config)
    end = min(config.max_steps, run.stop_after or config.max_steps)
    with stop, log:
        check_causality(config, backend_of(config, run.mesh), stepper.state.params)
        if stepper.first_step:
            log.say(f"resuming {run.workdir} from step {stepper.first_step}")
        for note in start.notes:
            log.warn(note)
        while stepper.step < end and not stop:
            stepper.take()
            with saver.saves_first():
                if stepper.step % config.log_every == 0 or stepper.stays_non_finite():
                    log.steps()
                save = saver.due()
                looks.at(stepper.step, stepper.state.params, saving=save)
            if save:
                saver.save()
        with saver.saves_first():
            log.steps()
        saver.save()
        stopped_by = stop.name or ("--stop_after" if stepper.step < config.max_steps else None)
        summary = finish(
            run.workdir,
            config,
            run.meta,
            stopped_by=stopped_by,
            stepper=stepper,
            looks=looks,
            saver=saver,
            log=log,
        )
    if stop and not stopped_by:
        # The run is complete, and its summary says so; the signal asks that nothing more is done.
        raise KeyboardInterrupt
    return summary
