"""The summary of a run: `summary.json`, and the last line on the terminal."""

import dataclasses
from pathlib import Path
from typing import Any

import jax

from codelm_jax.checkpoint.metadata import RunMeta
from codelm_jax.errors import UserError
from codelm_jax.model.transformer import count_params
from codelm_jax.run_files import read_object, write_object
from codelm_jax.training.config import TrainConfig
from codelm_jax.training.looks import Looks
from codelm_jax.training.run_log import RunLog
from codelm_jax.training.saving import Saver
from codelm_jax.training.stepping import Stepper


def finish(
    workdir: Path,
    config: TrainConfig,
    meta: RunMeta,
    *,
    stopped_by: str | None,
    stepper: Stepper,
    looks: Looks,
    saver: Saver,
    log: RunLog,
) -> dict[str, Any]:
    """Verifies the last checkpoint, writes the summary and returns it.

    Raises:
        UserError: the checkpoint is damaged.
    """
    step = stepper.step
    steps_taken = step - stepper.first_step
    summary = {
        "step": step,
        "max_steps": config.max_steps,
        "stopped_by": stopped_by,
        "held_out": looks.held_out,
        "best_step": None,
        "tokens_seen": step * config.tokens_per_step,
        "num_params": count_params(config.model),
        "data_fingerprint": meta.data_fingerprint,
        "decontaminated": list(meta.decontaminated),
        "began_from": meta.began_from and dataclasses.asdict(meta.began_from),
        "device_kind": jax.devices()[0].device_kind,
        "device_count": jax.device_count(),
    }
    if steps_taken:
        saver.verify()
        summary |= {
            "first_step_seconds": stepper.first_step_time.seconds,
            "step_seconds": stepper.step_time.seconds,
            "eval_seconds": looks.time.seconds,
            "save_seconds": saver.time.seconds,
        }
    if steps_taken > 1:
        tokens = (steps_taken - 1) * config.tokens_per_step
        summary["tokens_per_second"] = tokens / stepper.step_time.seconds
    summary["best_step"] = saver.best_step()
    # A run that has nothing left to do keeps its summary, unless it was killed before it could write one.
    path = workdir / "summary.json"
    if steps_taken or (saver.saved_step and not _is_summary_of(step, path)):
        write_object(path, summary)
    if saver.saved_step == 0:
        log.say("stopped before the first step: there is nothing to save")
        return summary
    best = "" if summary["best_step"] is None else f" (best: step {summary['best_step']})"
    log.say(f"saved and verified: {workdir}/checkpoints/{step}{best}")
    return summary


def _is_summary_of(step: int, path: Path) -> bool:
    try:
        return read_object(path).get("step") == step
    except (OSError, UserError):
        return False
