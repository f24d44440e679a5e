"""From the body of a request to completions that can be decoded: checked, encoded, with sampling parameters."""

import dataclasses
import secrets
from collections.abc import Sequence
from http import HTTPStatus

from codelm_jax.errors import UserError
from codelm_jax.generation.params import SamplingParams
from codelm_jax.generation.prompts import decode_requests
from codelm_jax.generation.request import DecodeRequest
from codelm_jax.generation.text_model import TextModel
from codelm_jax.serving.errors import ApiError
from codelm_jax.serving.prompts import SentPrompt, encode_prompts
from codelm_jax.serving.protocol import (
    DEFAULT_MAX_TOKENS,
    MAX_RULED_LENGTH,
    CompletionRequest,
    ServedOverflow,
)


@dataclasses.dataclass(frozen=True)
class Prepared:
    """A request ready to be decoded.

    Attributes:
        seed: of the sampling, drawn where the request has none.
        prompts: to complete.
        completions: those of one prompt in a row; none where no token is asked for.
    """

    seed: int
    prompts: Sequence[SentPrompt]
    completions: Sequence[DecodeRequest]


def check_request(body: CompletionRequest, model_name: str) -> None:
    """Checks the keys that do not depend on the prompts.

    Raises:
        ApiError: the request asks for something that this server cannot do.
    """
    if body.model not in (None, model_name):
        raise ApiError(
            HTTPStatus.NOT_FOUND,
            f"the model {body.model!r} does not exist; this server has {model_name!r}",
            param="model",
            code="model_not_found",
        )
    if body.best_of not in (None, body.n or 1):
        raise _bad_request(
            f"best_of = {body.best_of}: all completions are returned, so it can only equal n", "best_of"
        )


def prepare(model: TextModel, body: CompletionRequest, default_overflow: ServedOverflow) -> Prepared:
    """Encodes the prompts of a request, once each, and makes its completions; takes time with long prompts.

    Raises:
        ApiError: the request asks for something that is not possible.
    """
    seed = secrets.randbits(32) if body.seed is None else body.seed
    try:
        prompts = encode_prompts(model, body.contents())
        return Prepared(
            seed, prompts, _completions(model, body, seed, prompts, body.overflow or default_overflow)
        )
    except UserError as error:
        raise _bad_request(str(error), "prompt") from None


def _completions(
    model: TextModel,
    body: CompletionRequest,
    seed: int,
    prompts: Sequence[SentPrompt],
    overflow: ServedOverflow,
) -> list[DecodeRequest]:
    if body.max_tokens == 0:
        if not body.echo:
            raise _bad_request("max_tokens = 0 asks for nothing without echo", "max_tokens")
        return []
    params = _params(body, seed, overflow)
    ruled = sum(prompt.size for prompt in prompts) * params.n
    if body.stop_rule and ruled > MAX_RULED_LENGTH:
        # A rule reads the code before it, for each completion, on the thread that serves all requests.
        raise _bad_request(
            f"stop_rule reads the prompts once for each completion, {ruled} characters or tokens in all; at most "
            f"{MAX_RULED_LENGTH} are taken: send the end of the text only, or use stop",
            "stop_rule",
        )
    asked = DEFAULT_MAX_TOKENS if body.max_tokens is None else body.max_tokens
    # All prompts are checked before the first is prepared.
    limits = [prompt.max_new_tokens(asked, overflow) for prompt in prompts]
    return [
        completion
        for prompt, limit in zip(prompts, limits, strict=True)
        for completion in decode_requests(
            model, prompt.encoded, params.replace(max_new_tokens=limit), top_logprobs=body.logprobs or 0
        )
    ]


def _params(body: CompletionRequest, seed: int, overflow: ServedOverflow) -> SamplingParams:
    """The request's sampling parameters; `max_new_tokens` depends on the prompt."""
    if body.stop and body.stop_rule:
        raise _bad_request("stop and stop_rule exclude each other: give one", "stop_rule")
    strings = (body.stop,) if isinstance(body.stop, str) else tuple(body.stop or ())
    # Where the interface and SamplingParams share a key, they share its name and default.
    shared = {field.name: getattr(body, field.name, None) for field in dataclasses.fields(SamplingParams)}
    given = {name: value for name, value in shared.items() if value is not None}
    own = {
        "stop": body.stop_rule or strings,
        "seed": seed,
        # "cap" limits max_new_tokens, so prompt and completion fit.
        "overflow": "error" if overflow == "cap" else overflow,
    }
    return SamplingParams(**given | own)


def _bad_request(message: str, param: str) -> ApiError:
    return ApiError(HTTPStatus.BAD_REQUEST, message, param=param)
