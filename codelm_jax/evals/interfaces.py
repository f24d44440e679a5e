"""What evaluations are given: a model as functions, held-out data, and a sandbox.

Arrays: B windows, T targets of a window, V vocabulary. Windows are uint16 [B, T + 1]: inputs `w[:, :-1]`, targets
`w[:, 1:]`. Probabilities and their logarithms are natural, float32.
"""

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, Protocol

import numpy as np

from codelm_jax.sandbox.verdict import Job, Verdict

# Windows and, for each target, whether it counts: bool [B, T].
MaskedWindows = tuple[np.ndarray, np.ndarray]
# Runs programs in the sandbox.
JudgeAll = Callable[[Sequence[Job]], Sequence[Verdict]]
# Text -> probabilities of the token after it, [V].
NextTokenDistribution = Callable[[str], np.ndarray]


@dataclasses.dataclass(frozen=True)
class Sampling:
    """How to draw samples; the same record always gives the same samples.

    Attributes:
        n: samples of each prompt.
        temperature: 0 is greedy.
        top_k: 0 is all.
        top_p: 1 is all.
        max_new_tokens: of every prompt, or one number for each prompt.
        stop: strings that end a sample.
        seed: of the random numbers.
    """

    n: int
    temperature: float
    top_k: int
    top_p: float
    max_new_tokens: int | tuple[int, ...]
    stop: tuple[str, ...] = ()
    seed: int = 0

    def as_json(self, each: Literal["prompt", "task"]) -> dict[str, Any]:
        """The record as result files hold it: the seed has a key of its own there, and only tasks have stop strings."""
        fields = dataclasses.asdict(self)
        kept = ("temperature", "top_k", "top_p", "max_new_tokens")
        written = {f"samples_per_{each}": self.n, **{key: fields[key] for key in kept}}
        return {**written, "stop": list(self.stop)} if each == "task" else written


class SampledText(Protocol):
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
    """Samples `sampling.n` texts a prompt; the outer list follows the prompts."""

    def __call__(self, prompts: Sequence[str], sampling: Sampling) -> Sequence[Sequence[SampledText]]: ...


class ScoreWindows(Protocol):
    """Every target's `nll` and `smoothed_loss`, in nats, [B, T] each, dropout off."""

    def __call__(self, windows: np.ndarray) -> Mapping[str, Any]: ...


class TokenStatistics(Protocol):
    """The prediction at every target: `top1_prob`, `entropy` (nats), `top1_correct` (bool), [B, T] each."""

    def __call__(self, windows: np.ndarray) -> Mapping[str, Any]: ...


class Codec(Protocol):
    """Text to token ids and back."""

    @property
    def vocab_size(self) -> int: ...
    def encode(self, text: str) -> Sequence[int]: ...
    def decode(self, ids: Iterable[int], skip_special: bool = True) -> str: ...
    def token_bytes(self, token: int) -> bytes: ...


@dataclasses.dataclass(frozen=True)
class EvaluatedModel:
    """A model as the suites see it.

    Attributes:
        generate: draws samples.
        score: NLL and smoothed loss of windows.
        statistics: the model's prediction at each target of windows.
        next_token: the distribution after a text.
        codec: the tokenizer.
        byte_lengths: UTF-8 bytes of each token, [V].
        context_length: tokens it sees, `<|endoftext|>` included.
        label_smoothing: of `score`.
        band: the human band.
        identity: JSON that identifies the model; results are reused only if it matches.
    """

    generate: Generate
    score: ScoreWindows
    statistics: TokenStatistics
    next_token: NextTokenDistribution
    codec: Codec
    byte_lengths: np.ndarray
    context_length: int
    label_smoothing: float
    band: Mapping[str, Any]
    identity: Mapping[str, Any]


@dataclasses.dataclass(frozen=True)
class HeldOutSet:
    """A held-out set, or its beginning.

    Attributes:
        batches: its windows and masks, from the start at each call.
        batch_count: number of batches.
        documents: token ids of each file, cut where the windows end.
    """

    batches: Callable[[], Iterable[MaskedWindows]]
    batch_count: int
    documents: Sequence[Sequence[int]]


@dataclasses.dataclass(frozen=True)
class EvaluationData:
    """Prepared data as the suites see it.

    Attributes:
        held_out: `val`, and `test` where there is one; or a text of the user's own.
        train_ids: training tokens, uint16 [N], `<|endoftext|>` before each document; None if they are not available.
        endoftext_id: its id.
        train_files: the file of each training document.
        identity: JSON that identifies the data; results are reused only if it matches.
        is_known: of each task that was searched, whether a function of the training data solves it.
    """

    held_out: Mapping[str, HeldOutSet]
    train_ids: np.ndarray | None
    endoftext_id: int
    train_files: Sequence[str]
    identity: Mapping[str, Any]
    is_known: Mapping[str, bool] = dataclasses.field(default_factory=dict)
