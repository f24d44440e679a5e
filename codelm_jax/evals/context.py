"""How the next-token distribution sharpens with context: one prompt after more and more worked examples."""

from typing import Any

import numpy as np

from codelm_jax.evals.interfaces import Codec, NextTokenDistribution
from codelm_jax.evals.templates import ContextTemplate

_TOP = 10
_LEGACY_TOKEN = b"):"


def context(
    next_token: NextTokenDistribution, codec: Codec, template: ContextTemplate, *, context_length: int
) -> dict[str, Any]:
    """One row for each number of examples, from 0 up to what fits in the context.

    Args:
        next_token: text -> probabilities of the token after it, [V].
        codec: the tokenizer.
        template: the prompt and its examples.
        context_length: tokens that the text and the `<|endoftext|>` before it may have together.

    Returns:
        `{"suite", "prompt", "rows": [{"examples", "tokens", "top": [{"token", "token_id", "probability"}],
        "entropy", "newline", "legacy"}]}`. `tokens` counts the whole text; `entropy` is in nats; `newline` is the
        probability that the next token starts a new line; `legacy` that of `):`, None where that is no token.
    """
    spellings = [codec.token_bytes(token) for token in range(codec.vocab_size)]
    starts_line = np.array([starts_new_line(spelling) for spelling in spellings])
    legacy = spellings.index(_LEGACY_TOKEN) if _LEGACY_TOKEN in spellings else None
    rows = []
    for count in range(len(template.examples) + 1):
        text = "".join(template.examples[:count]) + template.prompt
        tokens = len(codec.encode(text))
        if 1 + tokens > context_length:
            break
        probabilities = np.asarray(next_token(text), np.float64)
        top = np.argsort(-probabilities, kind="stable")[:_TOP]
        rows.append(
            {
                "examples": count,
                "tokens": tokens,
                "top": [
                    {
                        "token": codec.decode([int(token)], skip_special=False),
                        "token_id": int(token),
                        "probability": float(probabilities[token]),
                    }
                    for token in top
                ],
                "entropy": float(-np.sum(probabilities * np.log(np.maximum(probabilities, 1e-300)))),
                "newline": float(probabilities[starts_line].sum()),
                "legacy": None if legacy is None else float(probabilities[legacy]),
            }
        )
    return {"suite": "context", "prompt": template.prompt, "rows": rows}


def starts_new_line(spelling: bytes) -> bool:
    """Whether a token begins with a line end, blanks before it aside."""
    return spelling.lstrip(b" \t\f").startswith((b"\n", b"\r"))
