"""The figures of a directory in pretrained/, taken on its own files: what a release writes and a test takes again."""

from pathlib import Path
from typing import Any

from codelm_jax.evals.interfaces import Sampling
from codelm_jax.evals.suites.held_out import held_out_figures
from codelm_jax.evaluation_inputs.corpus import text_data
from codelm_jax.evaluation_inputs.model import evaluated_model
from codelm_jax.release.directory import HELD_OUT
from codelm_jax.weights import load_weights

# Nats a token, in float32 on a CPU: sums in another order, as other compilers and processors take them, differ by less.
TOLERANCE = 1e-4
PROMPT = "def add(a, b):"
_NEW_TOKENS = 40


def measure(directory: Path) -> dict[str, Any]:
    """Held-out figures on the text that lies in `directory`, and one greedy completion.

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
