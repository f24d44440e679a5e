"""Completions in the form of the interface: token probabilities and figures of repetition."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from codelm_jax.data.tokenizer import CodeTokenizer
from codelm_jax.generation.transcript import Completion, FinishReason, ScoredToken
from codelm_jax.serving.protocol import Collapse, Logprobs
from codelm_jax.text.band import collapsed, human_percentile, threshold
from codelm_jax.text.repetition import loop, rep_line, seq_rep_n


def finish_reason(reason: FinishReason | None) -> Literal["stop", "length"] | None:
    """In the interface's words, <|endoftext|> is a stop."""
    return "length" if reason == "length" else None if reason is None else "stop"


def token_name(tokenizer: CodeTokenizer, token_id: int) -> str:
    """The token's text; where that is no whole character, its bytes as OpenAI writes them."""
    if token_id >= tokenizer.vocab_size:
        return f"<unused {token_id}>"
    piece = tokenizer.decode_bytes([token_id], skip_special=False)
    try:
        return piece.decode()
    except UnicodeDecodeError:
        return "bytes:" + "".join(f"\\x{byte:02x}" for byte in piece)


def logprobs(
    tokenizer: CodeTokenizer,
    before: Sequence[ScoredToken],
    tokens: Sequence[ScoredToken],
    offset: int,
    top_logprobs: int,
) -> Logprobs:
    """Tokens as the interface's four columns.

    Args:
        tokenizer: names the tokens.
        before: tokens of the prompt, where it is part of the text.
        tokens: of the completion.
        offset: characters of the choice's text before the completion.
        top_logprobs: how many of the most likely tokens to show per position; the token itself is always shown.
    """
    shown = [*before, *tokens]
    names = [token_name(tokenizer, token.token_id) for token in shown]
    top = [
        None
        if token.logprob is None
        else {
            token_name(tokenizer, each.token_id): each.logprob for each in token.top_logprobs[:top_logprobs]
        }
        | {name: token.logprob}
        for name, token in zip(names, shown, strict=True)
    ]
    return Logprobs(
        tokens=names,
        token_logprobs=[token.logprob for token in shown],
        top_logprobs=top if top_logprobs else None,
        text_offset=[token.offset for token in before] + [offset + token.offset for token in tokens],
    )


def collapse(completion: Completion, band: Mapping[str, Any]) -> Collapse:
    """How much a completion repeats itself."""
    ids, text = completion.token_ids, completion.text
    return Collapse(
        collapsed=collapsed(ids, text, band),
        is_empty=not text.strip(),
        ends_in_loop=loop(ids),
        seq_rep_4=seq_rep_n(ids, 4),
        threshold=threshold(band, max(1, len(ids))),
        human_seq_rep_4=human_percentile(band, "seq_rep_4", max(1, len(ids))),
        rep_line=rep_line(text),
        tokens=len(ids),
    )
