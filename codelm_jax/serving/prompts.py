"""Prompts as clients send them, and how many tokens may follow each."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from codelm_jax.generation.generator import Generator
from codelm_jax.serving.errors import ApiError
from codelm_jax.serving.protocol import ServedOverflow


@dataclass(frozen=True)
class SentPrompt:
    """A prompt of a request.

    Attributes:
        name: what messages call it.
        content: what the client sent, a text or token ids.
        text: its text.
        added: tokens that the server puts before it: <|endoftext|>, unless the client sent that.
        count: tokens without those, as `usage` counts.
        limit: the most tokens of prompt and completion together, counted in the same way.
    """

    name: str
    content: str | list[int]
    text: str
    added: int
    count: int
    limit: int

    def require_room_for_scores(self) -> None:
        """Checks that every token of the prompt can get its probability.

        Raises:
            ApiError: the prompt alone exceeds the context.
        """
        if self.count > self.limit:
            raise _exceeded(
                f"{self.name} has {self.count} tokens; echo with logprobs scores all of them, and the context takes "
                f"{self.limit}: shorten it",
                "prompt",
            )

    def most_tokens(self, max_tokens: int, overflow: ServedOverflow) -> int:
        """How many tokens may follow, of the at least one that is asked for.

        Raises:
            ApiError: `overflow` allows none, or fewer than it must.
        """
        if overflow == "slide":
            return max_tokens
        if overflow == "truncate_left":
            # However much is asked for, something must be left to complete: as much as fits in half the context.
            half = (self.limit + self.added) // 2 - self.added
            return min(max_tokens, self.limit - max(0, min(self.count, half)))
        room = self.limit - self.count
        if room < 1:
            raise _exceeded(
                f"{self.name} has {self.count} tokens, and the context takes {self.limit}, those of the completion "
                'included: shorten it, or set overflow to "truncate_left" or "slide"',
                "prompt",
            )
        if overflow == "error" and max_tokens > room:
            raise _exceeded(
                f"{self.name} has {self.count} tokens and max_tokens is {max_tokens}, together "
                f"{self.count + max_tokens}; the context takes {self.limit}: lower max_tokens to {room}, or set "
                'overflow to "cap", "truncate_left" or "slide"',
                "max_tokens",
            )
        return min(max_tokens, room)


def read_prompts(generator: Generator, contents: Sequence[str | list[int]]) -> list[SentPrompt]:
    """Measures the prompts of a request.

    Raises:
        UserError: an id is no token, or a text no Unicode.
    """
    prompts = []
    for number, content in enumerate(contents):
        ids = generator.token_ids(content)
        added = 1 if isinstance(content, str) else len(ids) - len(content)
        prompts.append(
            SentPrompt(
                name=f"prompt[{number}]" if len(contents) > 1 else "the prompt",
                content=content,
                text=content if isinstance(content, str) else generator.tokenizer.decode(content),
                added=added,
                count=len(ids) - added,
                limit=generator.context_length - added,
            )
        )
    return prompts


def _exceeded(message: str, param: str) -> ApiError:
    return ApiError(HTTPStatus.BAD_REQUEST, message, param=param, code="context_length_exceeded")
