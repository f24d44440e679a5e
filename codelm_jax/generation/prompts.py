"""From a prompt to the requests that complete it: encoded once, fitted into the context, its end healed."""

import dataclasses
from collections.abc import Sequence

from codelm_jax.data.tokenizer import CodeTokenizer
from codelm_jax.errors import UserError
from codelm_jax.generation.healing import NO_HEALING, heal
from codelm_jax.generation.params import SamplingParams
from codelm_jax.generation.request import DecodeRequest, Prompt
from codelm_jax.generation.stopping import stop_rule
from codelm_jax.generation.text_model import TextModel
from codelm_jax.generation.transcript import Transcript


@dataclasses.dataclass(frozen=True)
class EncodedPrompt:
    """A prompt as tokens.

    Attributes:
        ids: its tokens, which begin with <|endoftext|>.
        text: its text.
        is_text: whether it was given as text; token ids are not healed.
        added: tokens put before what was given: 1, or 0 for token ids that bring their own <|endoftext|>.
    """

    ids: tuple[int, ...]
    text: str
    is_text: bool
    added: int


def encode_prompt(tokenizer: CodeTokenizer, prompt: str | Sequence[int]) -> EncodedPrompt:
    """Encodes a text, or takes token ids as they are.

    Raises:
        UserError: an id is no token, or the text is not Unicode.
    """
    endoftext = tokenizer.endoftext_id
    if isinstance(prompt, str):
        try:
            prompt.encode()
        except UnicodeEncodeError as error:
            raise UserError(
                f"a text holds half a surrogate pair at character {error.start}, which is no Unicode text: remove it"
            ) from None
        return EncodedPrompt((endoftext, *tokenizer.encode(prompt)), prompt, is_text=True, added=1)
    for token in prompt:
        if not 0 <= token < tokenizer.vocab_size:
            raise UserError(f"token id {token}: the tokenizer knows 0 to {tokenizer.vocab_size - 1}")
    begins = () if list(prompt[:1]) == [endoftext] else (endoftext,)
    return EncodedPrompt((*begins, *prompt), tokenizer.decode(prompt), is_text=False, added=len(begins))


def require_list(texts: Sequence[str], name: str) -> None:
    """Refuses a single text, which is a sequence of texts of one character each.

    Raises:
        TypeError: `texts` is a single text.
    """
    if isinstance(texts, str):
        raise TypeError(f"{name} must be a list of texts; for a single one give [{texts[:20]!r}]")


def decode_requests(
    model: TextModel,
    prompt: EncodedPrompt,
    params: SamplingParams,
    *,
    number: int = 0,
    top_logprobs: int = 0,
) -> list[DecodeRequest]:
    """The `params.n` completions of a prompt, for a `BatchScheduler`.

    Args:
        model: to complete it.
        prompt: encoded.
        params: of the sampling.
        number: of the prompt in errors.
        top_logprobs: how many of the most likely tokens to record per position, up to `MAX_TOP_LOGPROBS`.

    Raises:
        UserError: prompt and new tokens exceed the context and `params.overflow` does not allow it.
    """
    dropped = _tokens_to_drop(len(prompt.ids), params, model.context_length, number)
    ids = prompt.ids[dropped:]
    # The first token stays: healing needs one before the tokens it chooses.
    heals = params.heal and prompt.is_text
    healing = heal(prompt.text, [model.token_bytes[i] for i in ids[1:]]) if heals else NO_HEALING
    start = Prompt(ids, healing, dropped)
    return [
        DecodeRequest(
            start, params, sample, Transcript(stop_rule(params, prompt.text)), top_logprobs=top_logprobs
        )
        for sample in range(params.n)
    ]


def _tokens_to_drop(tokens: int, params: SamplingParams, context: int, number: int) -> int:
    """How many tokens of the prompt's beginning do not fit."""
    needed = tokens + params.max_new_tokens
    if needed <= context:
        return 0
    if params.overflow == "slide":
        return tokens - context // 2 if tokens >= context else 0
    if params.overflow == "error":
        raise UserError(
            f"prompt {number}: its {tokens} tokens and max_new_tokens = {params.max_new_tokens} exceed the context of "
            f'{context} tokens; shorten one or set overflow to "truncate_left" or "slide"'
        )
    if params.max_new_tokens >= context:
        raise UserError(
            f"max_new_tokens = {params.max_new_tokens} leaves no room for a prompt in the context of {context} tokens; "
            'lower it or set overflow to "slide"'
        )
    return needed - context
