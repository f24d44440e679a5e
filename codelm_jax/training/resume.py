"""Where a run begins: what its checkpoints say of it, whether it is the same run, and other runs' weights."""

import contextlib
import dataclasses
import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import flax
import jax
import optax

import codelm_jax
from codelm_jax.checkpoint.digest import Damaged
from codelm_jax.checkpoint.locate import CHECKPOINTS, saved_steps
from codelm_jax.checkpoint.metadata import Parent, RunMeta
from codelm_jax.checkpoint.saved_step import SavedStep
from codelm_jax.errors import UserError
from codelm_jax.schema import flattened
from codelm_jax.training.config import LATER_KEYS
from codelm_jax.weights import load_weights

# Keys that set how a run is executed, watched and saved, not what it computes: they may change when it resumes.
_FREE_KEYS = frozenset(
    {
        "attention",
        "deterministic",
        "log_every",
        "eval_every",
        "eval_tokens",
        "final_eval_tokens",
        "monitor_every",
        "monitor_samples",
        "checkpoint_every",
        "checkpoint_minutes",
        "keep_steps",
        "max_nonfinite_steps",
    }
)


def run_meta(
    resolved_config: Mapping[str, Any],
    *,
    tokenizer_json: str,
    human_band: Mapping[str, Any],
    data_fingerprint: str,
    decontaminated: Sequence[str],
    began_from: Parent | None,
    attention_path: str,
    mixture: Mapping[str, Any] | None = None,
) -> RunMeta:
    """The metadata of a run on this machine.

    Args:
        resolved_config: the whole config dictionary, as JSON has it.
        tokenizer_json: text of the tokenizer file.
        human_band: of the prepared data.
        data_fingerprint: of the prepared data.
        decontaminated: benchmark files that neither this corpus holds nor one that its initial weights were trained on.
        began_from: origin of the initial weights; None if they are random.
        attention_path: implementation of attention.
        mixture: record of the training sets.
    """
    return RunMeta(
        config=dict(resolved_config),
        tokenizer_json=tokenizer_json,
        human_band=dict(human_band),
        data_fingerprint=data_fingerprint,
        mixture=dict(mixture or {}),
        decontaminated=tuple(decontaminated),
        began_from=began_from,
        versions={
            "codelm_jax": codelm_jax.__version__,
            "jax": jax.__version__,
            "flax": flax.__version__,
            "optax": optax.__version__,
        },
        device_kind=jax.devices()[0].device_kind,
        device_count=jax.device_count(),
        cpu_count=_usable_cores(),
        xla_flags=os.environ.get("XLA_FLAGS", ""),
        attention_path=attention_path,
    )


def saved_meta(workdir: Path) -> RunMeta | None:
    """What the newest sound checkpoint of a run says about it; None where it has none."""
    checkpoints = workdir / CHECKPOINTS
    for step in reversed(saved_steps(checkpoints) if checkpoints.is_dir() else []):
        with contextlib.suppress(Damaged):
            return SavedStep(checkpoints / str(step)).meta()
    return None


def check_same_settings(saved_meta: RunMeta, config: Mapping[str, Any], workdir: object) -> None:
    """Refuses to resume a run with other settings; of the data section, the prepared data is compared, not the keys.

    Raises:
        UserError: names the first key that differs, with both values.
    """
    saved, now = flattened({**LATER_KEYS, **saved_meta.config}), flattened({**LATER_KEYS, **config})
    for key in sorted(saved.keys() | now.keys()):
        if key in _FREE_KEYS or key.startswith("data."):
            continue
        if saved.get(key) != now.get(key):
            raise UserError(
                f"config.{key} is {now.get(key)!r}, but the run in {workdir} has {saved.get(key)!r}: use the same "
                "value to resume it, another --workdir for a new run, or --init_from to start from its weights"
            )


def check_same_run(saved_meta: RunMeta, meta: RunMeta, workdir: object) -> None:
    """Refuses to resume a run with other settings or other data.

    Raises:
        UserError: names the first key, or the data, that differs.
    """
    check_same_settings(saved_meta, meta.config, workdir)
    for key, name in (("data_fingerprint", "training data"), ("tokenizer_json", "tokenizer")):
        if getattr(saved_meta, key) != getattr(meta, key):
            raise UserError(
                f"config.data.prepared_dir = {meta.prepared_dir!r}: its {name} is not what the run in {workdir} was trained "
                "with: restore that to resume, or choose another --workdir"
            )
    for key in sorted(saved_meta.mixture.keys() | meta.mixture.keys()):
        saved, now = saved_meta.mixture.get(key), meta.mixture.get(key)
        if saved != now:
            raise UserError(
                f"config.data.sets, mixture, windows: their {key} are {now}, but the run in {workdir} has {saved}: restore that"
                " to resume, or choose another --workdir"
            )


def rounding_note(saved_meta: RunMeta, meta: RunMeta) -> str | None:
    """Why a resumed run is not bit for bit what it would have been: another machine or another JAX; None if it is."""
    saved, now = _place(saved_meta), _place(meta)
    differ = [part for part in now if part in saved and saved[part] != now[part]]
    if not differ:
        return None
    # Always with the devices, without which the rest is hard to read.
    named = [part for part in now if part == "devices" or part in differ]
    before, after = ("".join(place[part] for part in named) for place in (saved, now))
    return f"saved on {before}, resumed on {after}: rounding differs from here on"


def _place(meta: RunMeta) -> dict[str, str]:
    """Everything besides the config that decides how a step is rounded, in words."""
    place = {
        "devices": f"{meta.device_count} x {meta.device_kind}",
        "attention": f" with attention by {meta.attention_path}",
        "jax": f" with jax {meta.versions.get('jax', 'unknown')}",
        "flags": f" with XLA_FLAGS={meta.xla_flags!r}",
    }
    # Unknown in checkpoints of earlier versions and on some platforms. On an accelerator the cores don't matter.
    if meta.device_kind == "cpu" and meta.cpu_count:
        place["cores"] = f" with {meta.cpu_count} cores"
    return place


def _usable_cores() -> int | None:
    """Cores that this process may use, over which a CPU device splits its work; None if unknown."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None


@dataclasses.dataclass(frozen=True)
class Origin:
    """Where a run's weights come from.

    Attributes:
        params: those of another run; None if they are random or in the run's own checkpoints.
        model: `config.model` of the parent, which the run inherits; None without a parent.
        tokenizer_json: of the parent; None without a parent.
        decontaminated: as for `run_meta`.
        began_from: as for `run_meta`.
    """

    params: Any | None
    model: Mapping[str, Any] | None
    tokenizer_json: str | None
    decontaminated: Sequence[str]
    began_from: Parent | None


def find_origin(
    saved_meta: RunMeta | None,
    init_from: str | None,
    decontaminate: Sequence[str],
) -> Origin:
    """The origin of a run that starts or resumes.

    Args:
        saved_meta: of the run's own newest checkpoint; where there is one, `init_from` is not read and may be gone.
        init_from: another run's best checkpoint, or an export.
        decontaminate: benchmark files kept out of the run's own corpus.

    Raises:
        UserError: there is no sound checkpoint, or a resumed run began with fresh weights.
    """
    if saved_meta:
        began_from = saved_meta.began_from
        if init_from and not began_from:
            raise UserError(
                f"--init_from={init_from}: the run in this directory began with fresh weights; leave --init_from out to resume "
                "it, or choose another --workdir"
            )
        model = saved_meta.model if began_from else None
        tokenizer_json = saved_meta.tokenizer_json if began_from else None
        return Origin(None, model, tokenizer_json, saved_meta.decontaminated, began_from)
    if not init_from:
        return Origin(None, None, None, decontaminate, None)
    parent = load_weights(init_from)
    began_from = Parent(init_from, parent.step, parent.meta.data_fingerprint)
    # By name: an exported directory does not say where the files lay.
    names = {Path(path).name for path in parent.meta.decontaminated}
    clean_of = [path for path in decontaminate if Path(path).name in names]
    return Origin(parent.params, parent.meta.model, parent.meta.tokenizer_json, clean_of, began_from)


def inherited_model(
    origin: Origin, model: Mapping[str, Any], asked_for: Collection[str], parent: str
) -> dict[str, Any]:
    """The run's `config.model` with its parent's architecture; dropout rates stay the run's own.

    Args:
        origin: has a model.
        model: the run's `config.model`.
        asked_for: its keys that the user set on the command line.
        parent: how messages name the parent.

    Raises:
        UserError: what the user set differs from the parent's; names all such keys.
    """
    inherited = {key: value for key, value in (origin.model or {}).items() if not key.endswith("_dropout")}
    conflicts = [key for key in sorted(asked_for) if key in inherited and model[key] != inherited[key]]
    if conflicts:
        named = "; ".join(
            f"config.model.{key} is {model[key]!r}, but {parent} has {inherited[key]!r}" for key in conflicts
        )
        raise UserError(f"{named}: leave it out, the run inherits its parent's architecture")
    return {**model, **inherited}
