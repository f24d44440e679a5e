"""Where a run begins: what its checkpoints say of it, whether it is the same run, and other runs' weights."""

import os
from collections.abc import Mapping
from typing import Any

import flax
import jax
import optax

import codelm_jax
from codelm_jax.checkpoint.store import load_checkpoint
from codelm_jax.errors import UserError

# Keys that say how a run is watched and saved, not what it computes: they may change when it goes on.
_FREE_KEYS = frozenset(
    {
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
) -> dict[str, Any]:
    """All that sampling and resuming need to know besides the arrays; plain JSON."""
    return {
        "config": dict(resolved_config),
        "tokenizer_json": tokenizer_json,
        "human_band": dict(human_band),
        "data_fingerprint": data_fingerprint,
        "vocab_size": resolved_config["model"]["vocab_size"],
        "versions": {
            "codelm_jax": codelm_jax.__version__,
            "jax": jax.__version__,
            "flax": flax.__version__,
            "optax": optax.__version__,
        },
        "device_kind": jax.devices()[0].device_kind,
        "device_count": jax.device_count(),
        "xla_flags": os.environ.get("XLA_FLAGS", ""),
    }


def check_same_run(saved_meta: Mapping[str, Any], meta: Mapping[str, Any], workdir: object) -> None:
    """Refuses to go on with a run under other settings or on other data.

    Raises:
        UserError: names the first key that differs, with both values.
    """
    saved, now = (_flat(m["config"]) for m in (saved_meta, meta))
    for key in sorted(saved.keys() | now.keys()):
        if key in _FREE_KEYS or key.startswith("data."):
            continue
        if saved.get(key) != now.get(key):
            raise UserError(
                f"config.{key} is {now.get(key)!r}, but the run in {workdir} has {saved.get(key)!r}: use the same "
                "value to resume it, another --workdir for a new run, or --init_from to start from its weights"
            )
    for key, name in (("data_fingerprint", "training data"), ("tokenizer_json", "tokenizer")):
        if saved_meta[key] != meta[key]:
            raise UserError(
                f"the {name} differ(s) from what the run in {workdir} was trained with: restore it to resume, or "
                "choose another --workdir"
            )


def initial_weights(checkpoint: str, model: Mapping[str, Any]) -> tuple[Any, str]:
    """Another run's best weights and the text of its tokenizer.json, to start a new run from.

    Args:
        checkpoint: run directory, checkpoints directory or step.
        model: the new run's `config.model`; it may differ in its dropout rates alone.

    Raises:
        UserError: there is no sound checkpoint, or its model is another one; names the first key that differs.
    """
    loaded = load_checkpoint(checkpoint)
    for key, value in loaded.meta["config"]["model"].items():
        if model[key] != value and not key.endswith("_dropout"):
            raise UserError(
                f"config.model.{key} is {model[key]!r}, but --init_from={checkpoint} has {value!r}: "
                f"add --config.model.{key}={value}"
            )
    return loaded.params, loaded.meta["tokenizer_json"]


def _flat(config: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in config.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[prefix + key] = list(value) if isinstance(value, tuple) else value
    return flat
