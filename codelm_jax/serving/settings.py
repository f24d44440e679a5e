"""Settings of the server's operator."""

from typing import Annotated

from pydantic import Field
from pydantic.dataclasses import dataclass

from codelm_jax.schema import STRICT
from codelm_jax.serving.protocol import ServedOverflow


@dataclass(frozen=True, config=STRICT)
class ServingSettings:
    """Limits and defaults of the server; descriptions are those of the command's flags."""

    model_name: Annotated[str, Field(min_length=1, description="Name of the model for clients.")]
    max_queue: Annotated[
        int, Field(ge=0, description="Completions that may wait for a row; requests beyond get 429.")
    ] = 256
    queue_timeout: Annotated[
        float, Field(gt=0, description="Seconds a request may wait for its first token.")
    ] = 60.0
    request_timeout: Annotated[float, Field(gt=0, description="Seconds a request may take in total.")] = 300.0
    max_body_bytes: Annotated[int, Field(ge=1024, description="Maximum size of a request.")] = 2**20
    overflow: Annotated[
        ServedOverflow,
        Field(
            description="If prompt and max_tokens exceed the context and the request does not say what to do: cap "
            "lowers max_tokens, error refuses, truncate_left drops the beginning of the prompt, slide uses a window."
        ),
    ] = "cap"
