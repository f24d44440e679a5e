"""Runs the cells of the missing-mask study that have no result yet."""

import itertools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mask_study.cell import Cell, check_honoured, run_cell
from mask_study.model import check_supported

from codelm_jax import compilation_cache, devices, host_memory
from codelm_jax.atomic import write_atomically
from codelm_jax.checkpoint.lock import RunLock
from codelm_jax.data.prepared import PreparedData
from codelm_jax.data.progress import console_report
from codelm_jax.errors import UserError
from codelm_jax.evals.results import digest
from codelm_jax.evals.suites.few_shot import FEW_SHOT, NEW_TOKENS, room
from codelm_jax.evals.templates import Templates, load_templates
from codelm_jax.preparation.config import parse_data_config
from codelm_jax.preparation.prepare import prepare
from codelm_jax.training.config import TrainConfig, parse_train_config
from codelm_jax.training.mesh import make_mesh

_SMOOTHING = (0.0, 0.1)
_DROPOUT = (0.0, 0.2)


def run_study(asked: dict[str, Any], out: Path, *, seeds: int, samples: int) -> list[dict[str, Any]]:
    """The results of all cells, from `out` or computed now; one JSON file per cell.

    Raises:
        UserError: the config asks for something that this study does not do, or a result has other settings.
    """
    base = parse_train_config(asked)
    check_supported(base.model)
    check_honoured(base)
    data_config = parse_data_config(asked["data"])
    if base.deterministic:
        devices.deterministic_gpu_operations()
    host_memory.keep_freed_memory()
    devices.one_cpu_device_per_core(base.batch_size)
    devices.warn_if_gpu_unused()
    mesh = make_mesh(base)
    compilation_cache.enable()
    templates = load_templates()
    with RunLock(out):
        with console_report() as report:
            prepared = prepare(data_config, vocab_size=base.model.vocab_size, report=report)
        _check_room(base, prepared, templates)
        settings = {
            "config": json.loads(json.dumps(asked)),
            "data_fingerprint": prepared.fingerprint,
            "samples": samples,
        }
        results: list[dict[str, Any]] = []
        for cell in _cells(base.seed, seeds):
            path = out / f"{cell.name}.json"
            result = _finished(path, settings)
            if result is None:
                found = run_cell(
                    cell, base, mesh, prepared, templates, samples_per_prompt=samples, report=print
                )
                result = {"settings": settings, **found}
                write_atomically(path, (json.dumps(result) + "\n").encode())
            results.append(result)
    return results


def _check_room(base: TrainConfig, prepared: PreparedData, templates: Templates) -> None:
    prompts = list(FEW_SHOT.prompts_of(templates).values())
    if room(prompts, prepared.tokenizer, base.model.max_seq_length) < NEW_TOKENS:
        raise UserError(
            f"config.model.max_seq_length = {base.model.max_seq_length}: too short for the few-shot prompts and "
            f"{NEW_TOKENS} new tokens"
        )


def _cells(seed: int, seeds: int) -> list[Cell]:
    # The two masks of a combination follow each other, so that an interrupted study can be compared.
    return [
        Cell(masked, smoothing, dropout, seed + i)
        for i, smoothing, dropout, masked in itertools.product(
            range(seeds), _SMOOTHING, _DROPOUT, (True, False)
        )
    ]


def _finished(path: Path, settings: Mapping[str, Any]) -> dict[str, Any] | None:
    """An earlier result, or None.

    Raises:
        UserError: it was made with other settings.
    """
    if not path.exists():
        return None
    result = json.loads(path.read_text(encoding="utf-8"))
    if digest(result["settings"]) != digest(settings):
        raise UserError(f"{path}: made with other settings; give the same ones, or another --out")
    return result
