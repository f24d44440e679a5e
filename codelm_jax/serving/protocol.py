"""Requests and answers of the completions interface, as OpenAI's clients write and read them.

Keys of OpenAI's that this server does not support are accepted where they change nothing, and refused otherwise. Keys
that OpenAI does not have are marked as extensions.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WrapValidator, field_validator
from pydantic_core import PydanticCustomError

from codelm_jax.generation import params
from codelm_jax.generation.next_token import MAX_TOP_LOGPROBS

_MAX_STOPS = 32
_MAX_STOP_CHARACTERS = 256
DEFAULT_MAX_TOKENS = 16
# If prompt and max_tokens exceed the context: "cap" lowers max_tokens, the others are those of SamplingParams.
ServedOverflow = Literal["cap", params.Overflow]
# With a stop rule: characters or tokens of all prompts, times n.
MAX_RULED_LENGTH = 32_768


def _in_words(value: Any, validate: Any) -> Any:
    try:
        return validate(value)
    except ValueError:
        raise PydanticCustomError(
            "prompt_type", "must be a text, a list of texts, a list of token ids, or a list of such lists"
        ) from None


def _stop_in_words(value: Any) -> Any:
    """One message for all types of `stop`; the union's own names only one type."""
    strings = [value] if isinstance(value, str) else value
    if value is None:
        return None
    if not isinstance(strings, list) or not all(isinstance(each, str) for each in strings):
        raise PydanticCustomError("stop_type", "must be a text or a list of texts")
    if len(strings) > _MAX_STOPS:
        raise PydanticCustomError(
            "stop_count", "has {count} texts; at most {most}", {"count": len(strings), "most": _MAX_STOPS}
        )
    for number, each in enumerate(strings):
        if not 1 <= len(each) <= _MAX_STOP_CHARACTERS:
            raise PydanticCustomError(
                "stop_length",
                "text {number} has {count} characters; 1 to {most} are possible",
                {"number": number, "count": len(each), "most": _MAX_STOP_CHARACTERS},
            )
    return value


def _unsupported(reason: str) -> BeforeValidator:
    """Accepts only values that change nothing."""

    def check(value: Any) -> Any:
        if value and isinstance(value, str | dict | int | float):
            raise PydanticCustomError("unsupported", "is not supported here: {reason}", {"reason": reason})
        return value

    return BeforeValidator(check)


TokenId = Annotated[int, Field(ge=0, lt=2**31)]
Prompts = Annotated[str | list[str] | list[TokenId] | list[list[TokenId]], WrapValidator(_in_words)]
# The parameter's own type describes it.
_EXTENSION = Field(description="Extension.")
StopString = Annotated[str, Field(min_length=1, max_length=_MAX_STOP_CHARACTERS)]


class StreamOptions(BaseModel):
    """What a stream contains besides its text."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    include_usage: bool | None = None
    include_obfuscation: Literal[False] | None = None


class CompletionRequest(BaseModel):
    """The body of `POST /v1/completions`; a key that is null has its default."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    model: Annotated[str | None, Field(description="The served model, if given.")] = None
    prompt: Annotated[Prompts, Field(description="A text, token ids, or a list of either.")]
    max_tokens: Annotated[
        int | None, Field(ge=0, lt=2**31, description=f"Default {DEFAULT_MAX_TOKENS}; 0 only with echo.")
    ] = None
    temperature: Annotated[float | None, Field(ge=0, le=2, description="Default 1; 0 is greedy.")] = None
    top_p: params.TopP | None = None
    n: Annotated[int | None, Field(ge=1, le=128, description="Completions a prompt; default 1.")] = None
    seed: Annotated[params.Seed | None, Field(description="Default random.")] = None
    stop: Annotated[
        StopString | Annotated[list[StopString], Field(max_length=_MAX_STOPS)] | None,
        BeforeValidator(_stop_in_words),
        Field(description="Strings that end the text and are not part of it."),
    ] = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    logprobs: Annotated[
        int | None,
        Field(ge=0, le=MAX_TOP_LOGPROBS, description="Number of most likely tokens to return per position."),
    ] = None
    echo: Annotated[bool | None, Field(description="The prompt comes back before the completion.")] = None
    user: Annotated[str | None, Field(description="Changes nothing.")] = None
    best_of: Annotated[int | None, Field(description="Only the same as n.")] = None
    suffix: Annotated[str | None, Field(max_length=0), _unsupported("the model fills no gaps")] = None
    logit_bias: Annotated[
        dict[str, float] | None, Field(max_length=0), _unsupported("take top_k, top_p or min_p")
    ] = None
    frequency_penalty: Annotated[
        float | None, Field(ge=0, le=0), _unsupported("take repetition_penalty or no_repeat_ngram")
    ] = None
    presence_penalty: Annotated[
        float | None, Field(ge=0, le=0), _unsupported("take repetition_penalty or no_repeat_ngram")
    ] = None

    # Extensions.
    top_k: Annotated[params.TopK | None, _EXTENSION] = None
    min_p: Annotated[params.MinP | None, _EXTENSION] = None
    repetition_penalty: Annotated[params.RepetitionPenalty | None, _EXTENSION] = None
    no_repeat_ngram: Annotated[params.NoRepeatNgram | None, _EXTENSION] = None
    spare_syntax: Annotated[params.SpareSyntax | None, _EXTENSION] = None
    stop_rule: Annotated[
        params.StopPreset | None,
        Field(
            description="Extension: ends the text with the function, statement or line that the prompt begins."
        ),
    ] = None
    heal: Annotated[params.Heal | None, _EXTENSION] = None
    overflow: Annotated[
        ServedOverflow | None,
        Field(
            description="Extension: what to do if prompt and max_tokens exceed the context; default as the server."
        ),
    ] = None
    collapse: Annotated[
        bool | None, Field(description="Extension: finished texts come with figures of their repetition.")
    ] = None

    @field_validator("prompt", mode="after")
    @classmethod
    def _some(cls, prompt: Prompts) -> Prompts:
        if isinstance(prompt, list) and not prompt:
            raise PydanticCustomError("prompt_empty", "holds no prompt; an empty text is one")
        return prompt

    def contents(self) -> list[str | list[int]]:
        """The prompts, each a text or token ids."""
        prompt: Any = self.prompt
        if isinstance(prompt, str) or isinstance(prompt[0], int):
            return [prompt]
        return prompt


class Logprobs(BaseModel):
    """Probabilities of a text's tokens under the model itself: before temperature and filters."""

    tokens: list[str]
    token_logprobs: Annotated[
        list[float | None], Field(description="Null only for an <|endoftext|> that begins the prompt.")
    ]
    top_logprobs: list[dict[str, float] | None] | None
    text_offset: list[int]


class Collapse(BaseModel):
    """How much a finished text repeats itself, compared with human code of its length."""

    collapsed: bool
    is_empty: bool
    ends_in_loop: bool
    seq_rep_4: float
    threshold: Annotated[float, Field(description="The seq_rep_4 that 1 % of human code exceeds.")]
    human_seq_rep_4: Annotated[float, Field(description="The median of human code of this length.")]
    rep_line: float
    tokens: int


class Choice(BaseModel):
    """One completion, or a piece of it."""

    index: int
    text: str
    logprobs: Logprobs | None = None
    finish_reason: Literal["stop", "length"] | None = None
    collapse: Collapse | None = None


class Usage(BaseModel):
    """Numbers of tokens."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class CompletionResponse(BaseModel):
    """The answer to a request, or one event of its stream."""

    id: str
    object: Literal["text_completion"] = "text_completion"
    created: int
    model: str
    seed: Annotated[int, Field(description="Extension: the seed used; it gives the same text again.")]
    choices: list[Choice]
    usage: Usage | None = None


class ModelCard(BaseModel):
    """A model that is served."""

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str = "codelm_jax"
    context_length: Annotated[
        int, Field(description="Extension: tokens, including <|endoftext|> before the text.")
    ]
    vocab_size: Annotated[int, Field(description="Extension.")]


class ModelList(BaseModel):
    """All models that are served: one."""

    object: Literal["list"] = "list"
    data: list[ModelCard]


class Health(BaseModel):
    """Whether requests are answered now, and how many of the programs are compiled."""

    status: Literal["ok", "loading"]
    compiled: int
    programs: int


class ErrorDetail(BaseModel):
    """Why a request was refused."""

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorResponse(BaseModel):
    """The body of every error."""

    error: ErrorDetail
