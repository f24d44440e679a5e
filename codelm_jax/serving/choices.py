"""Completions as the interface shows them: texts, tokens with their probabilities, figures of repetition."""

import codecs
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from codelm_jax.data.tokenizer import CodeTokenizer
from codelm_jax.generation.job import Job, Ranked
from codelm_jax.generation.transcript import FinishReason
from codelm_jax.serving.decoder import Token
from codelm_jax.serving.protocol import Collapse, Logprobs
from codelm_jax.text.band import collapsed, human_percentile, threshold
from codelm_jax.text.repetition import loop, rep_line, seq_rep_n


def finish_reason(reason: FinishReason | None) -> Literal["stop", "length"] | None:
    """The interface's word: the end of the text is a stop like any other."""
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


def tokens_of_prompt(
    tokenizer: CodeTokenizer, ranked: Sequence[Ranked], *, brings_endoftext: bool
) -> tuple[Token, ...]:
    """The tokens of a prompt as if they were those of a completion.

    Args:
        tokenizer: gives their bytes.
        ranked: those after the first <|endoftext|>.
        brings_endoftext: whether that one is the client's; it has no probability, since nothing precedes it.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    tokens = [Token(tokenizer.endoftext_id, 0, None, ())] if brings_endoftext else []
    offset = 0
    for each in ranked:
        tokens.append(Token(each.token_id, offset, each.logprob, each.ranking))
        offset += len(decoder.decode(tokenizer.token_bytes(each.token_id)))
    return tuple(tokens)


def logprobs(
    tokenizer: CodeTokenizer, before: Sequence[Token], tokens: Sequence[Token], offset: int, alternatives: int
) -> Logprobs:
    """Tokens in the interface's four columns.

    Args:
        tokenizer: names the tokens.
        before: tokens of the prompt that is shown.
        tokens: of the completion.
        offset: characters of the choice's text before the completion.
        alternatives: how many to show at each place; the token itself is shown, too.
    """
    shown = [*before, *tokens]
    names = [token_name(tokenizer, token.token_id) for token in shown]
    top = [
        None
        if token.logprob is None
        else {token_name(tokenizer, each.token_id): each.logprob for each in token.ranking[:alternatives]}
        | {name: token.logprob}
        for name, token in zip(names, shown, strict=True)
    ]
    return Logprobs(
        tokens=names,
        token_logprobs=[token.logprob for token in shown],
        top_logprobs=top if alternatives else None,
        text_offset=[token.offset for token in before] + [offset + token.offset for token in tokens],
    )


def collapse(job: Job, band: Mapping[str, Any]) -> Collapse:
    """How much a finished completion repeats itself."""
    completion = job.transcript.completion()
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
