"""What the caller may ask of a completion."""

import dataclasses
import keyword
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, get_args

import pydantic
from pydantic.dataclasses import dataclass

from codelm_jax.errors import UserError, did_you_mean
from codelm_jax.schema import STRICT, parse

StopPreset = Literal["function", "statement", "line"]
Overflow = Literal["error", "truncate_left", "slide"]

STOP_PRESETS: tuple[str, ...] = get_args(StopPreset)
MAX_NGRAM = 16


@dataclass(frozen=True, config=STRICT)
class SamplingParams:
    """How to choose the next token, and when to stop.

    Logits pass through the repetition controls, temperature, top-k, top-p and min-p, in this order. Changing any of
    these never compiles anything anew, and the rows of a batch may differ in all of them.

    Attributes:
        temperature: logits are divided by it; 0 is greedy.
        top_k: only the k most probable tokens; 0 is all. Tokens that tie with the k-th stay.
        top_p: only the most probable tokens that together reach this probability (Holtzman 2020); 1 is all.
        min_p: only tokens at least this share as probable as the most probable one (Nguyen 2024); 0 is all.
        repetition_penalty: positive logits of tokens that have occurred are divided by it, negative ones multiplied
            (Keskar 2019); 1 is none.
        no_repeat_ngram: no n tokens in a row occur twice (Paulus 2018); 0 is no such rule.
        spare_syntax: indentation, line ends, brackets, punctuation, keywords and `self` are left alone by the two
            repetition controls, which would otherwise break Python.
        max_new_tokens: the most tokens a completion may have.
        stop: strings that end a completion and are not part of it; or the name of a rule: "function" ends with the
            function or class that the prompt begins, "statement" with its statement, "line" with its line.
        seed: the randomness of a completion depends on (seed, which of the `n`, position) alone, not on its batch.
        n: completions a prompt.
        heal: a prompt that ends inside a token is taken back to a safe boundary, and the first tokens are made to
            match what was typed.
        overflow: what to do when prompt and new tokens exceed the context: refuse, drop the beginning of the prompt,
            or go on with a window that slides over the text.
    """

    temperature: Annotated[float, pydantic.Field(ge=0.0, le=1e6)] = 1.0
    top_k: Annotated[int, pydantic.Field(ge=0, lt=2**31)] = 0
    top_p: Annotated[float, pydantic.Field(gt=0.0, le=1.0)] = 1.0
    min_p: Annotated[float, pydantic.Field(ge=0.0, le=1.0)] = 0.0
    repetition_penalty: Annotated[float, pydantic.Field(ge=1e-3, le=1e3)] = 1.0
    no_repeat_ngram: Annotated[int, pydantic.Field(ge=0, le=MAX_NGRAM)] = 0
    spare_syntax: bool = True
    max_new_tokens: Annotated[int, pydantic.Field(ge=1, lt=2**31)] = 64
    stop: tuple[str, ...] | StopPreset = ()
    seed: Annotated[int, pydantic.Field(ge=0, lt=2**32)] = 0
    n: Annotated[int, pydantic.Field(ge=1)] = 1
    heal: bool = True
    overflow: Overflow = "error"

    @pydantic.field_validator("stop", mode="before")
    @classmethod
    def _strings_or_preset(cls, stop: Any) -> Any:
        if isinstance(stop, str):
            if stop not in STOP_PRESETS:
                raise ValueError(
                    f"a rule is one of {', '.join(STOP_PRESETS)}{did_you_mean(stop, STOP_PRESETS)}; put strings in a "
                    f"tuple: ({stop!r},)"
                )
            return stop
        if isinstance(stop, list | tuple):
            if not all(isinstance(entry, str) and entry for entry in stop):
                raise ValueError("every stop string must be a text of at least one character")
            return tuple(stop)
        return stop

    @classmethod
    def parse(cls, values: Mapping[str, Any], prefix: str) -> "SamplingParams":
        """Builds parameters from untrusted values.

        Raises:
            UserError: names the first offending key as `prefix.key`.
        """
        return parse(cls, values, prefix)

    def replace(self, **changes: Any) -> "SamplingParams":
        """A copy with some fields changed, checked again."""
        return dataclasses.replace(self, **changes)


def stop_from_words(words: Sequence[str], name: str) -> str | tuple[str, ...]:
    """What the words that a user gave for `stop` mean: the name of a rule where it is the only word, else strings.

    Args:
        words: one or several.
        name: how the user names the option, e.g. `--stop`.

    Raises:
        UserError: a single word that resembles a rule's name; it would silently become a string that never occurs.
    """
    strings = tuple(words)
    if len(strings) != 1:
        return strings
    (word,) = strings
    if word in STOP_PRESETS:
        return word
    # A keyword is a plausible place to stop, however much it resembles a rule.
    mistyped = word.isidentifier() and not keyword.iskeyword(word)
    if mistyped and (hint := did_you_mean(word.lower(), STOP_PRESETS)):
        raise UserError(f"{name} {word}: no such rule{hint}; to stop at this text itself, give it twice")
    return strings
