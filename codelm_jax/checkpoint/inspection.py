"""Verifies, shows and repairs the checkpoints of a run, without its data or its device."""

import dataclasses
import hashlib
import json
import math
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from codelm_jax.checkpoint.digest import Damaged, Digests
from codelm_jax.checkpoint.leftovers import remove_leftovers
from codelm_jax.checkpoint.locate import locate, run_directory
from codelm_jax.checkpoint.lock import RunLock
from codelm_jax.checkpoint.metadata import RunMeta
from codelm_jax.checkpoint.quarantine import quarantine
from codelm_jax.checkpoint.retention import best_step
from codelm_jax.checkpoint.saved_step import SavedStep
from codelm_jax.errors import UserError
from codelm_jax.run_files import json_digest

_PARAMS = "params/"


@dataclasses.dataclass(frozen=True)
class StepFinding:
    """The result of reading a whole step.

    Attributes:
        directory: the directory of the step.
        damage: the fault, or None.
        summary: content of a sound step, in one line.
    """

    directory: Path
    damage: Damaged | None
    summary: str = ""

    def __str__(self) -> str:
        return f"damaged  {self.damage}" if self.damage else f"sound    {self.directory}: {self.summary}"


def verify(path: str | os.PathLike[str]) -> Iterator[StepFinding]:
    """Reads every step at `path` (a run, its checkpoints, or one step) and compares it with its digests.

    Raises:
        UserError: there is no checkpoint at `path`, or it may not be read.
    """
    for directory in _step_directories(path):
        try:
            saved = SavedStep(directory)
            saved.verify()
            yield StepFinding(directory, None, _summary(saved))
        except Damaged as damage:
            if directory.exists():  # otherwise a running training removed it meanwhile
                yield StepFinding(directory, damage)


def show(path: str | os.PathLike[str]) -> str:
    """Describes the steps at `path`, and the newest readable one in full.

    The values come from verified metadata; the arrays themselves are not read (`verify` does that).

    Raises:
        UserError: there is no checkpoint at `path`, or none can be read.
    """
    lines, readable, damages = [], {}, []
    for directory in _step_directories(path):
        try:
            saved = SavedStep(directory)
            readable[saved.digests.step] = (saved, saved.meta())
        except Damaged as damage:
            damages.append(damage)
            if not directory.exists():  # a running training removed it meanwhile
                continue
            lines.append(f"damaged  {damage}")
    if not readable:
        raise UserError(str(damages[0]))
    best = best_step({step: saved.digests.nll for step, (saved, _) in readable.items()})
    for step, (saved, _) in readable.items():
        figures = ", ".join(f"{name} {value}" for name, value in (saved.digests.metrics or {}).items())
        lines.append(
            f"step {step}: {_size(saved.digests)}, sha256 {_own_digest(saved)}{', ' if figures else ''}{figures}{' (best)' * (step == best)}"
        )
    newest = max(readable)
    saved, meta = readable[newest]
    return "\n".join(
        [*lines, "", f"step {newest} in full", *_meta_lines(meta), "", *_parameter_table(saved.digests)]
    )


def repair(path: str | os.PathLike[str], *, yes: bool = False) -> list[str]:
    """Moves every damaged step of a run to quarantine and removes unfinished saves; returns what was done.

    Args:
        path: a run or its checkpoints.
        yes: also if no sound step remains.

    Raises:
        UserError: a run is using the directory; `path` is not a run or its checkpoints; or no sound step would remain and
            `yes` is not given: names the steps, and nothing is changed.
    """
    directory, steps = locate(path)
    if steps is None:
        raise UserError(f"{path}: is one step; repair takes a run directory or its checkpoints")
    with RunLock(run_directory(path)):
        findings = list(verify(directory))
        damages = [finding.damage for finding in findings if finding.damage]
        if damages and len(damages) == len(findings) and not yes:
            raise UserError(
                f"{directory}: no sound step would remain; repair would move {'; and '.join(map(str, damages))}; "
                "nothing was changed: add --yes to move them"
            )
        done = [f"removed {directory / name}" for name in remove_leftovers(directory)]
        for finding in findings:
            if finding.damage:
                done.append(f"moved {finding.directory} to {quarantine(finding.directory, finding.damage)}")
    return done


def _step_directories(path: str | os.PathLike[str]) -> list[Path]:
    directory, steps = locate(path)
    return [directory] if steps is None else [directory / str(step) for step in steps]


def _size(digests: Digests) -> str:
    megabytes = (
        sum(math.prod(leaf.shape) * np.dtype(leaf.dtype).itemsize for leaf in digests.leaves.values()) / 1e6
    )
    return f"{len(digests.leaves)} arrays, {megabytes:,.1f} MB"


def _summary(saved: SavedStep) -> str:
    meta = saved.meta()
    return ", ".join(
        [
            _size(saved.digests),
            f"sha256 {_own_digest(saved)}",
            *(f"{name} {value}" for name, value in _fingerprints(meta).items()),
        ]
    )


def _own_digest(saved: SavedStep) -> str:
    """The digest of the table of digests, which covers everything in the step."""
    return saved.digests.to_json()["sha256"]


def _fingerprints(meta: RunMeta) -> dict[str, str]:
    return {
        "config": json_digest(meta.config)[:12],
        "tokenizer": hashlib.sha256(meta.tokenizer_json.encode()).hexdigest()[:12],
        "data": meta.data_fingerprint[:12],
    }


def _meta_lines(meta: RunMeta) -> list[str]:
    # The tokenizer is half a megabyte of text: only its fingerprint is shown.
    rest = {name: value for name, value in meta.to_json().items() if name not in ("config", "tokenizer_json")}
    return [
        *(f"{name} fingerprint: {value}" for name, value in _fingerprints(meta).items()),
        *(f"{name}: {json.dumps(value, sort_keys=True)}" for name, value in sorted(rest.items())),
        f"config: {json.dumps(meta.config, indent=2, sort_keys=True)}",
    ]


def _parameter_table(digests: Digests) -> list[str]:
    rows = [(name, leaf) for name, leaf in sorted(digests.leaves.items()) if name.startswith(_PARAMS)]
    width = max((len(name) for name, _ in rows), default=0)
    lines = [f"{name:<{width}}  {leaf!s:<24} {math.prod(leaf.shape):>14,}" for name, leaf in rows]
    total = sum(math.prod(leaf.shape) for _, leaf in rows)
    return [*lines, f"{'total':<{width}}  {'':<24} {total:>14,}"]
