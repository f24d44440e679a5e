"""A codec of bytes and models that say what they are told, for the tests of evaluations."""

import dataclasses
from collections.abc import Iterable, Sequence

import numpy as np

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
    """Answers each prompt that ends in one of `answers`' keys with its answer, and keeps what it was asked."""

    def __init__(self, codec: ByteCodec, answers, finish_reason: str = "endoftext"):
        self._codec = codec
        self._answers = answers
        self._finish_reason = finish_reason
        self.calls: list[dict] = []

    def __call__(self, prompts, n, **sampling):
        self.calls.append({"prompts": list(prompts), "n": n, **sampling})
        rows = []
        for prompt in prompts:
            answer = next(answer for end, answer in self._answers.items() if prompt.endswith(end))
            texts = [answer] * n if isinstance(answer, str) else [answer[i % len(answer)] for i in range(n)]
            rows.append([completion(self._codec, text, self._finish_reason) for text in texts])
        return rows
