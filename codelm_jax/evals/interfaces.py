"""The functions that evaluations are given in place of a model.

Arrays: B windows, T targets of a window, V vocabulary. Windows are uint16 [B, T + 1]: inputs `w[:, :-1]`, targets
`w[:, 1:]`. Probabilities and their logarithms are natural, float32.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

# Windows and, for each target, whether it counts: bool [B, T].
MaskedWindows = tuple[np.ndarray, np.ndarray]

# A step done of how many, for a progress bar.
Report = Callable[[int, int], None]


def no_report(done: int, total: int) -> None:
    """The report of a caller who doesn't want one."""


class Completion(Protocol):
    """One sample: its text, its tokens without `<|endoftext|>`, and how it ended."""

    @property
    def text(self) -> str: ...
    @property
    def token_ids(self) -> Sequence[int]: ...
    @property
    def logprobs(self) -> Sequence[float]: ...
    @property
    def finish_reason(self) -> str:
        """`endoftext`, `stop` or `length`."""
        ...


class Generate(Protocol):
    """Samples `n` completions a prompt; the outer list follows the prompts. Deterministic in `seed`.

    `max_new_tokens` holds for all prompts, or is one number a prompt.
    """

    def __call__(
        self,
        prompts: Sequence[str],
        n: int,
        *,
        temperature: float,
        top_k: int,
        top_p: float,
        max_new_tokens: int | Sequence[int],
        stop: Sequence[str],
        seed: int,
    ) -> Sequence[Sequence[Completion]]: ...


class Score(Protocol):
    """Every target's `nll` and `smoothed_loss`, in nats, [B, T] each, dropout off."""

    def __call__(self, windows: np.ndarray) -> Mapping[str, Any]: ...


class TokenStatistics(Protocol):
    """What the model believed at every target: `top1_prob`, `entropy` (nats), `top1_correct` (bool), [B, T] each."""

    def __call__(self, windows: np.ndarray) -> Mapping[str, Any]: ...


class Codec(Protocol):
    """Text to token ids and back."""

    @property
    def vocab_size(self) -> int: ...
    def encode(self, text: str) -> Sequence[int]: ...
    def decode(self, ids: Iterable[int], skip_special: bool = True) -> str: ...
    def token_bytes(self, token: int) -> bytes: ...


NextTokenDistribution = Callable[[str], np.ndarray]
