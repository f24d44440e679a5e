"""The figures of a release, measured on its own files: a release records them, and a test measures them again."""

from pathlib import Path
from typing import Any

import jax

import codelm_jax
from codelm_jax.atomic import write_json
from codelm_jax.evals.interfaces import Sampling
from codelm_jax.evals.suites.held_out import held_out_figures
from codelm_jax.evaluation_inputs.corpus import text_data
from codelm_jax.evaluation_inputs.model import evaluated_model
from codelm_jax.interop.hf_record import read_record, seal
from codelm_jax.release.directory import FIGURES, HELD_OUT
from codelm_jax.weights import load_weights

# Nats per token, in float32 on a CPU. Other compilers and processors sum in another order and differ by less.
TOLERANCE = 1e-4
PROMPT = "def add(a, b):"
_NEW_TOKENS = 40


def measure(directory: Path) -> dict[str, Any]:
    """Measures held-out figures on the text in `directory`, and one greedy completion.

    Raises:
        UserError: a file is missing, or not the one that was exported.
    """
    loaded = load_weights(directory)
    model = evaluated_model(loaded)
    data, _ = text_data(loaded, model, str(directory / HELD_OUT), None)
    found = held_out_figures(
        model.score,
        data.held_out["text"].batches(),
        byte_lengths=model.byte_lengths,
        label_smoothing=model.label_smoothing,
    )
    greedy = Sampling(n=1, temperature=0.0, top_k=0, top_p=1.0, max_new_tokens=_NEW_TOKENS)
    ((completion,),) = model.generate([PROMPT], greedy)
    return {
        "step": loaded.step,
        "heldout": {key: getattr(found, key) for key in ("nll", "bits_per_byte", "tokens", "bytes")},
        "greedy": {"prompt": PROMPT, "max_new_tokens": _NEW_TOKENS, "text": completion.text},
    }


def record_figures(out: Path) -> str:
    """Measures a release and adds the figures to it, unless it has them; returns a line about them.

    Raises:
        UserError: a file is missing, or not the one that was exported.
    """
    if (out / FIGURES).exists() and FIGURES in read_record(out).sha256:
        return f"{out}: is there already, with its figures"
    # Whoever checks the figures may have no accelerator.
    jax.config.update("jax_platforms", "cpu")
    figures = {
        **measure(out),
        "tolerance_nll": TOLERANCE,
        "measured_with": {
            "codelm_jax": codelm_jax.__version__,
            "jax": jax.__version__,
            "device": jax.devices()[0].device_kind,
        },
    }
    write_json(out / FIGURES, figures)
    seal(out)
    held_out = figures["heldout"]
    return f"{out}: nll {held_out['nll']:.4f}, {held_out['bits_per_byte']:.4f} bits per byte on its held-out text"
