"""Prompts as clients send them, and how many tokens may follow each."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from codelm_jax.generation.prompts import EncodedPrompt, encode_prompt
from codelm_jax.generation.text_model import TextModel
from codelm_jax.serving.errors import ApiError
from codelm_jax.serving.protocol import ServedOverflow


@dataclass(frozen=True)
class SentPrompt:
    """A prompt of a request.

    Attributes:
        name: used in messages.
        encoded: its tokens, encoded once for the whole request.
        size: characters or tokens that the client sent.
        context: maximum number of tokens of prompt and completion together.
    """

    name: str
    encoded: EncodedPrompt
    size: int
    context: int

    @property
    def count(self) -> int:
        """Tokens as the client sent them, as `usage` counts them."""
        return len(self.encoded.ids) - self.encoded.added

    @property
    def limit(self) -> int:
        """Maximum number of tokens of prompt and completion together, counted in the same way."""
        return self.context - self.encoded.added

    def require_room_for_scores(self) -> None:
        """Checks that every token of the prompt can be scored.

        Raises:
            ApiError: the prompt alone exceeds the context.
        """
        if self.count > self.limit:
            raise _exceeded(
                f"{self.name} has {self.count} tokens; echo with logprobs scores all of them, and the context takes "
                f"{self.limit}: shorten it",
                "prompt",
            )

    def max_new_tokens(self, asked: int, overflow: ServedOverflow) -> int:
        """How many of the tokens asked for, at least one, may follow.

        Raises:
            ApiError: `overflow` allows none, or fewer than it must.
        """
        if overflow == "slide":
            return asked
        if overflow == "truncate_left":
            # However much is asked for, as much of the prompt is left as fits in half the context.
            half = self.context // 2 - self.encoded.added
            return min(asked, self.limit - max(0, min(self.count, half)))
        room = self.limit - self.count
        if room < 1:
            raise _exceeded(
                f"{self.name} has {self.count} tokens, and the context takes {self.limit}, those of the completion "
                'included: shorten it, or set overflow to "truncate_left" or "slide"',
                "prompt",
            )
        if overflow == "error" and asked > room:
            raise _exceeded(
                f"{self.name} has {self.count} tokens and max_tokens is {asked}, together {self.count + asked}; the "
                f"context takes {self.limit}: lower max_tokens to {room}, or set overflow to "
                '"cap", "truncate_left" or "slide"',
                "max_tokens",
            )
        return min(asked, room)


def encode_prompts(model: TextModel, contents: Sequence[str | list[int]]) -> list[SentPrompt]:
    """Encodes the prompts of a request.

    Raises:
        UserError: an id is no token, or a text is not Unicode.
    """
    return [
        SentPrompt(
            name=f"prompt[{number}]" if len(contents) > 1 else "the prompt",
            encoded=encode_prompt(model.tokenizer, content),
            size=len(content),
            context=model.context_length,
        )
        for number, content in enumerate(contents)
    ]


def _exceeded(message: str, param: str) -> ApiError:
    return ApiError(HTTPStatus.BAD_REQUEST, message, param=param, code="context_length_exceeded")
