"""What a caller may choose about sampling."""

import dataclasses
import keyword
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, get_args

from pydantic import Field, field_validator
from pydantic.dataclasses import dataclass

from codelm_jax.errors import UserError, did_you_mean
from codelm_jax.schema import STRICT, parse

StopPreset = Literal["function", "statement", "line"]
STOP_PRESETS: tuple[str, ...] = get_args(StopPreset)
MAX_NGRAM = 16

# One type a parameter, with its limits and its description: the record below, the flags of the sampling command and
# the keys of the server's requests share them.
Temperature = Annotated[float, Field(ge=0.0, le=1e6, description="Logits are divided by it; 0 is greedy.")]
TopK = Annotated[
    int,
    Field(
        ge=0, lt=2**31, description="Keep the k most likely tokens and those tied with the k-th; 0 keeps all."
    ),
]
TopP = Annotated[
    float,
    Field(
        gt=0.0,
        le=1.0,
        description="Keep the most likely tokens that together reach this probability (Holtzman 2020); 1 keeps all.",
    ),
]
MinP = Annotated[
    float,
    Field(
        ge=0.0,
        le=1.0,
        description="Keep tokens with at least this share of the highest probability (Nguyen 2024); 0 keeps all.",
    ),
]
RepetitionPenalty = Annotated[
    float,
    Field(
        ge=1e-3,
        le=1e3,
        description="Positive logits of tokens in the context are divided by it, negative ones multiplied "
        "(Keskar 2019); 1 is off.",
    ),
]
NoRepeatNgram = Annotated[
    int, Field(ge=0, le=MAX_NGRAM, description="No n tokens in a row occur twice (Paulus 2018); 0 is off.")
]
SpareSyntax = Annotated[
    bool,
    Field(
        description="The repetition controls leave white space, punctuation, keywords and `self` alone; without it "
        "they break Python."
    ),
]
MaxNewTokens = Annotated[int, Field(ge=1, lt=2**31, description="Maximum number of new tokens.")]
Stop = Annotated[
    tuple[str, ...] | StopPreset,
    Field(
        description="Strings that end a completion and are not part of it; or the name of a rule, which ends it with "
        "the function or class, the statement or the line that the prompt begins."
    ),
]
Seed = Annotated[
    int, Field(ge=0, lt=2**32, description="Random seed; the same seed always gives the same text.")
]
Count = Annotated[int, Field(ge=1, description="Completions per prompt.")]
Heal = Annotated[
    bool, Field(description="Token healing: the first new token may complete the last token of the prompt.")
]
Overflow = Literal["error", "truncate_left", "slide"]
ContextOverflow = Annotated[
    Overflow,
    Field(
        description="If prompt and new tokens exceed the context: refuse, drop the beginning of the prompt, or use a "
        "sliding window."
    ),
]


@dataclass(frozen=True, config=STRICT)
class SamplingParams:
    """How to choose the next token, and when to stop; the types above describe the fields.

    Logits pass through the repetition controls, temperature, top-k, top-p and min-p, in this order. Changing a
    parameter never compiles a program, and the rows of a batch may differ in all of them. A completion depends on its
    seed, its number among the `n` and its position, not on its batch.
    """

    temperature: Temperature = 1.0
    top_k: TopK = 0
    top_p: TopP = 1.0
    min_p: MinP = 0.0
    repetition_penalty: RepetitionPenalty = 1.0
    no_repeat_ngram: NoRepeatNgram = 0
    spare_syntax: SpareSyntax = True
    max_new_tokens: MaxNewTokens = 64
    stop: Stop = ()
    seed: Seed = 0
    n: Count = 1
    heal: Heal = True
    overflow: ContextOverflow = "error"

    @field_validator("stop", mode="before")
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
    """Reads the words that a user gave for `stop`: the name of a rule where it is the only word, else strings.

    Args:
        words: one or several.
        name: of the option in messages, e.g. `--stop`.

    Raises:
        UserError: a single word resembles a rule's name; as a string it would never occur.
    """
    strings = tuple(words)
    if len(strings) != 1:
        return strings
    (word,) = strings
    if word in STOP_PRESETS:
        return word
    # A keyword is a plausible stop string, however much it resembles a rule.
    mistyped = word.isidentifier() and not keyword.iskeyword(word)
    if mistyped and (hint := did_you_mean(word.lower(), STOP_PRESETS)):
        raise UserError(f"{name} {word}: no such rule{hint}; to stop at this text itself, give it twice")
    return strings
