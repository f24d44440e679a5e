"""A codec of bytes, models with fixed answers, and a corpus, for the tests of evaluations."""

import dataclasses
import math
from collections.abc import Iterable, Sequence

import numpy as np

from codelm_jax.evals.choices import Choices
from codelm_jax.evals.interfaces import EvaluatedModel, EvaluationData, HeldOutSet
from codelm_jax.evals.suite import SuiteInputs
from codelm_jax.evals.templates import load_templates

ENDOFTEXT = 256


class ByteCodec:
    """One token a byte, and `<|endoftext|>`; `extra` adds tokens of several bytes, longest match first."""

    def __init__(self, extra: Sequence[bytes] = ()):
        self._table = [bytes([byte]) for byte in range(256)] + [b"", *extra]
        self._extra = sorted(extra, key=len, reverse=True)
        self.vocab_size = len(self._table)

    def encode(self, text: str) -> list[int]:
        data, ids = text.encode(), []
        while data:
            piece = next((piece for piece in self._extra if data.startswith(piece)), data[:1])
            ids.append(self._table.index(piece))
            data = data[len(piece) :]
        return ids

    def decode(self, ids: Iterable[int], skip_special: bool = True) -> str:
        special = b"" if skip_special else b"<|endoftext|>"
        return b"".join(special if token == ENDOFTEXT else self._table[token] for token in ids).decode(
            errors="replace"
        )

    def token_bytes(self, token: int) -> bytes:
        return self._table[token]

    def byte_lengths(self) -> np.ndarray:
        return np.array([len(piece) for piece in self._table], np.int32)


@dataclasses.dataclass(frozen=True)
class ToyCompletion:
    text: str
    token_ids: tuple[int, ...]
    logprobs: tuple[float, ...]
    finish_reason: str


def completion(codec: ByteCodec, text: str, finish_reason: str = "endoftext") -> ToyCompletion:
    ids = tuple(codec.encode(text))
    return ToyCompletion(text, ids, (-1.0,) * len(ids), finish_reason)


class Parrot:
    """Answers each prompt that ends in one of `answers`' keys with its answer, and records its calls."""

    def __init__(self, codec: ByteCodec, answers, finish_reason: str = "endoftext"):
        self._codec = codec
        self._answers = answers
        self._finish_reason = finish_reason
        self.calls: list[dict] = []

    def __call__(self, prompts, sampling):
        self.calls.append({"prompts": list(prompts), **dataclasses.asdict(sampling)})
        n = sampling.n
        rows = []
        for prompt in prompts:
            answer = next(answer for end, answer in self._answers.items() if prompt.endswith(end))
            texts = [answer] * n if isinstance(answer, str) else [answer[i % len(answer)] for i in range(n)]
            rows.append([completion(self._codec, text, self._finish_reason) for text in texts])
        return rows


def toy_model(codec: ByteCodec, generate, **changes) -> EvaluatedModel:
    """A model that finds all tokens equally likely, and samples with `generate`."""

    def uniform(windows):
        nll = np.full(windows[:, 1:].shape, math.log(codec.vocab_size))
        return {"nll": nll, "smoothed_loss": nll}

    def statistics(windows):
        shape = windows[:, 1:].shape
        return {
            "top1_prob": np.full(shape, 0.5),
            "entropy": np.ones(shape),
            "top1_correct": np.ones(shape, bool),
        }

    model = EvaluatedModel(
        generate=generate,
        score=uniform,
        statistics=statistics,
        next_token=lambda text: np.full(codec.vocab_size, 1 / codec.vocab_size),
        codec=codec,
        byte_lengths=codec.byte_lengths(),
        context_length=2000,
        label_smoothing=0.1,
        band={},
        identity={"weights": "a"},
    )
    return dataclasses.replace(model, **changes)


def toy_data(codec: ByteCodec) -> EvaluationData:
    """Training tokens that are the held-out ones too."""
    text = "def value_of(thing):\n    return thing.value\n" * 60
    ids = np.array([ENDOFTEXT, *codec.encode(text)], np.uint16)
    windows = ids[: 8 * 65].reshape(8, 65)
    held_out = HeldOutSet(lambda: [(windows, np.ones((8, 64), bool))], 1, [codec.encode(text)])
    return EvaluationData({"val": held_out}, ids, ENDOFTEXT, ["a.py"], {"data": "d"})


class KeptParts:
    """Finished parts in memory."""

    def __init__(self, done=()):
        self.done = dict(done)

    def add(self, name, record):
        self.done[name] = record


def toy_inputs(model: EvaluatedModel, *, judge_all=None, report=None, seed=0) -> SuiteInputs:
    """What a suite gets, without data."""
    return SuiteInputs(
        model,
        None,
        Choices(seed, load_templates()),
        judge_all or (lambda jobs: []),
        report or (lambda *done: None),
        lambda suite: None,
    )
