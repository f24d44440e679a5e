"""A completion to decode: its prompt, its parameters, and all of its state while it is decoded."""

import dataclasses

from codelm_jax.generation.healing import Healing
from codelm_jax.generation.params import SamplingParams
from codelm_jax.generation.transcript import Transcript


@dataclasses.dataclass(frozen=True, eq=False)
class Prompt:
    """The start of a context window, shared by the completions that start from it.

    Attributes:
        ids: tokens of the context, including those that healing backs up over.
        healing: of its end.
        position_offset: tokens of the text that were dropped before the context.
    """

    ids: tuple[int, ...]
    healing: Healing
    position_offset: int

    @property
    def kept(self) -> int:
        """Tokens that healing leaves."""
        return len(self.ids) - self.healing.backed_up


class DecodeRequest:
    """One completion of a prompt; the scheduler changes `prompt`, `ids` and `transcript` while it decodes."""

    def __init__(
        self,
        prompt: Prompt,
        params: SamplingParams,
        sample: int,
        transcript: Transcript,
        *,
        top_logprobs: int = 0,
    ):
        """Nothing is decoded yet.

        Args:
            prompt: to complete.
            params: of the sampling.
            sample: its number among the prompt's `n` completions.
            transcript: collects the tokens.
            top_logprobs: how many of the most likely tokens to record per position, up to `MAX_TOP_LOGPROBS`.
        """
        self.prompt = prompt
        self.params = params
        self.sample = sample
        self.transcript = transcript
        self.top_logprobs = top_logprobs
        # Tokens of the context window: the prompt's and the new ones.
        self.ids = list(prompt.ids)

    @property
    def remaining(self) -> int:
        """Tokens it may still add."""
        return self.params.max_new_tokens - self.transcript.token_count
