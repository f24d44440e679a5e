"""What the operator of the server decides."""

from collections.abc import Mapping
from typing import Annotated, Any

import pydantic
from pydantic.dataclasses import dataclass

from codelm_jax.errors import UserError
from codelm_jax.schema import STRICT, parse
from codelm_jax.serving.protocol import ServedOverflow


@dataclass(frozen=True, config=STRICT)
class ServingSettings:
    """Limits and defaults of the server.

    Attributes:
        model_name: the model as clients name it.
        max_queue: completions that may wait for a row; a request beyond it gets 429.
        queue_timeout: seconds that a request may wait for its first token.
        request_timeout: seconds that a request may take in all.
        max_body_bytes: of a request.
        overflow: of requests that do not say themselves what to do beyond the context.
    """

    model_name: Annotated[str, pydantic.Field(min_length=1)]
    max_queue: Annotated[int, pydantic.Field(ge=0)] = 256
    queue_timeout: Annotated[float, pydantic.Field(gt=0)] = 60.0
    request_timeout: Annotated[float, pydantic.Field(gt=0)] = 300.0
    max_body_bytes: Annotated[int, pydantic.Field(ge=1024)] = 2**20
    overflow: ServedOverflow = "cap"


def settings_from_flags(values: Mapping[str, Any]) -> ServingSettings:
    """Settings from flags of the same names.

    Raises:
        UserError: names the flag whose value is not possible.
    """
    try:
        return parse(ServingSettings, values, "-")
    except UserError as error:
        raise UserError(str(error).replace("-.", "--", 1)) from None
