"""What is to be completed, and one completion on its way."""

import dataclasses

from codelm_jax.generation.healing import Healing
from codelm_jax.generation.params import SamplingParams
from codelm_jax.generation.transcript import Transcript


@dataclasses.dataclass(frozen=True, eq=False)
class Prompt:
    """Tokens to start from, shared by the completions that start from it.

    Attributes:
        ids: the context, what healing takes back included.
        healing: how its end is healed.
        shift: tokens of the text that were dropped before the context.
    """

    ids: tuple[int, ...]
    healing: Healing
    shift: int

    @property
    def kept(self) -> int:
        """Tokens that healing leaves."""
        return len(self.ids) - self.healing.backed_up


@dataclasses.dataclass(frozen=True)
class Alternative:
    """A token that could have stood at some place, and its log-probability there in nats."""

    token_id: int
    logprob: float


@dataclasses.dataclass(frozen=True)
class Ranked:
    """A token where it stands, its log-probability there in nats, and the most probable tokens, best first."""

    token_id: int
    logprob: float
    ranking: tuple[Alternative, ...]


class Job:
    """One completion on its way."""

    def __init__(
        self,
        prompt: Prompt,
        params: SamplingParams,
        sample: int,
        transcript: Transcript,
        *,
        alternatives: int = 0,
    ):
        """Begins a completion.

        Args:
            prompt: to start from.
            params: of the sampling.
            sample: which of the prompt's `n` completions it is.
            transcript: takes the tokens.
            alternatives: how many of the most probable tokens to keep for each place, up to `MAX_ALTERNATIVES`.
        """
        self.prompt = prompt
        self.params = params
        self.sample = sample
        self.transcript = transcript
        self.alternatives = alternatives
        self.ids = list(prompt.ids)
        # For each token of the transcript, most probable first.
        self.ranking: list[tuple[Alternative, ...]] = []

    @property
    def remaining(self) -> int:
        """Tokens it may still add."""
        return self.params.max_new_tokens - self.transcript.token_count
