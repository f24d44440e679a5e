"""Fill-in-the-middle: rearranges parts of a window so that a model learns to complete between two texts.

A document is cut at two random characters into prefix, middle and suffix and written in one of two orders
(Bavarian et al. 2022, arXiv 2207.14255):

    PSM: <|fim_prefix|> prefix <|fim_suffix|> suffix <|fim_middle|> middle <|endoftext|>
    SPM: <|fim_prefix|> <|fim_suffix|> suffix <|fim_middle|> prefix middle <|endoftext|>

In SPM the prefix and the middle are encoded as one text, so that generation can continue a prefix that ends inside a
token in the same way as without a suffix.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from codelm_jax.data.hashing import keyed_hash, uniform
from codelm_jax.data.tokenizer import CodeTokenizer

_DRAWS = 4  # per document: whether, which order, two cuts
_MOST_DOCUMENTS = 1 << 16  # in a window


def psm_ids(tokenizer: CodeTokenizer, prefix: Sequence[int], suffix: Sequence[int]) -> list[int]:
    """The ids after which a model writes the middle, in the order prefix, suffix."""
    return [tokenizer.fim_prefix_id, *prefix, tokenizer.fim_suffix_id, *suffix, tokenizer.fim_middle_id]


def spm_ids(tokenizer: CodeTokenizer, prefix: Sequence[int], suffix: Sequence[int]) -> list[int]:
    """The ids after which a model writes the middle, in the order suffix, prefix."""
    return [
        tokenizer.fim_prefix_id,
        tokenizer.fim_suffix_id,
        *suffix,
        tokenizer.fim_middle_id,
        *prefix,
    ]


@dataclass(frozen=True)
class Infilling:
    """Rearranges a share of the documents in a window.

    Attributes:
        tokenizer: of the windows.
        rate: probability that a document, or the part of it in the window, is rearranged.
        spm_share: of the rearranged documents, those in SPM order.
        seed: of the draws.
    """

    tokenizer: CodeTokenizer
    rate: float
    spm_share: float
    seed: int

    def __call__(self, window: np.ndarray, number: int, *, room: int) -> np.ndarray:
        """The window with some of its documents rearranged.

        Args:
            window: uint16, at most `room` ids; `<|endoftext|>` before each document.
            number: of the window in the run; it and the seed decide every draw.
            room: most ids that the result may have.

        Returns:
            uint16, as long as `window` or longer. Rearranged documents need three ids more, so the last document of a
            full window loses its end.
        """
        starts = np.flatnonzero(window == self.tokenizer.endoftext_id)
        documents = np.split(window, starts[starts > 0])
        numbers = np.arange(len(documents) * _DRAWS, dtype=np.uint64) + np.uint64(number * _MOST_DOCUMENTS)
        draws = uniform(keyed_hash(self.seed, 0, numbers)).reshape(-1, _DRAWS)
        parts: list[Sequence[int] | np.ndarray] = []
        for document, (chosen, order, *cuts) in zip(documents, draws, strict=True):
            part = document[:room]
            if chosen < self.rate:
                part = self._rearranged(part, room, order < self.spm_share, cuts)
            parts.append(part)
            room -= len(part)
            if not room:
                break
        return np.concatenate(parts).astype(window.dtype)

    def _rearranged(
        self, ids: np.ndarray, room: int, suffix_first: bool, cuts: Sequence[float]
    ) -> Sequence[int] | np.ndarray:
        """The ids of one document in another order, at most `room` of them; as they are where that can't be done."""
        head = [self.tokenizer.endoftext_id] if ids[0] == self.tokenizer.endoftext_id else []
        try:
            text = self.tokenizer.decode_bytes(ids[len(head) :].tolist()).decode()
        except UnicodeDecodeError:  # the window cuts a character
            return ids
        if not text:  # the end of the document before
            return ids
        first, last = sorted(int(cut * (len(text) + 1)) for cut in cuts)
        texts = [text[:first], text[first:last], text[last:], text[:last]]
        prefix, middle, suffix, joined = self.tokenizer.encode_batch(texts)
        written = joined if suffix_first else [*prefix, *middle]
        # The middle ends with <|endoftext|>. The next document brings its own; the last one of a window has none.
        fits_end = len(ids) == room
        excess = max(0, len(head) + len(written) + len(suffix) + 3 + fits_end - room)
        from_suffix = min(excess, len(suffix))
        from_prefix = excess - from_suffix
        if from_prefix > len(prefix):
            return ids
        suffix = suffix[: len(suffix) - from_suffix]
        if suffix_first:
            result = [*head, *spm_ids(self.tokenizer, joined[from_prefix:], suffix)]
        else:
            result = [*head, *psm_ids(self.tokenizer, prefix[from_prefix:], suffix), *middle]
        if fits_end:
            result.append(self.tokenizer.endoftext_id)
        return result if len(ids) <= len(result) <= room else ids
