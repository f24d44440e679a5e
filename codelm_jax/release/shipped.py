"""The figures of a directory in pretrained/, taken on its own files: what a release writes and a test takes again."""

from pathlib import Path
from typing import Any

from codelm_jax.evals.heldout import heldout
from codelm_jax.evaluation_inputs import evaluated
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
    model = evaluated.model(loaded)
    corpus, _ = evaluated.text_corpus(loaded, model, str(directory / HELD_OUT), None)
    found = heldout(
        model.score,
        corpus.held_out["text"].batches(),
        byte_lengths=model.byte_lengths,
        label_smoothing=model.label_smoothing,
    )
    ((completion,),) = model.generate(
        [PROMPT], 1, temperature=0.0, top_k=0, top_p=1.0, max_new_tokens=_NEW_TOKENS, stop=(), seed=0
    )
    return {
        "step": loaded.step,
        "heldout": {key: found[key] for key in ("nll", "bits_per_byte", "tokens", "bytes")},
        "greedy": {"prompt": PROMPT, "max_new_tokens": _NEW_TOKENS, "text": completion.text},
    }
