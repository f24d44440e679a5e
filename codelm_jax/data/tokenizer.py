"""A byte-level BPE tokenizer for code, with the five special tokens that every model of this project has."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Self

import numpy as np
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from codelm_jax.errors import UserError

ENDOFTEXT = "<|endoftext|>"
FIM_PREFIX = "<|fim_prefix|>"
FIM_MIDDLE = "<|fim_middle|>"
FIM_SUFFIX = "<|fim_suffix|>"
PAD = "<|pad|>"
SPECIAL_TOKENS = (ENDOFTEXT, FIM_PREFIX, FIM_MIDDLE, FIM_SUFFIX, PAD)

# Merges stay inside one match. The first alternative matches every line end with the indentation that follows, and no
# code, so a prompt that ends in `:` or a newline is encoded as in training.
# Measured against other rules in docs/tokenizer.md.
PRE_TOKENIZATION = (
    r"[ \t\f]*[\r\n][ \t\f\r\n]*"  # line ends with the next line's indentation
    r"|(?:[^\s\p{L}\p{N}]| )?\p{L}+"  # a word, with the space or punctuation mark before it
    r"|\p{N}{1,3}"  # digits by threes
    r"| ?[^\s\p{L}\p{N}]+"  # punctuation, with the space before it
    r"|[^\S\r\n]+"  # other white space
)

_MIN_PAIR_COUNT = 2
# Training costs the square of a match's length. Code has no match this long; a file of dashes or blank lines is one.
_LONGEST_TRAINED = 256
# Longer texts are encoded piece by piece, which bounds memory and lets one long document use every core.
_PIECE_CHARACTERS = 1 << 16
_SAFE_CUT = re.compile(r"(?<=\S)(?=\n)")


class CodeTokenizer:
    """Text to token ids and back, exactly.

    Special tokens are never produced from text: a source file that contains `<|endoftext|>` is encoded as ordinary
    characters. Token ids are below `vocab_size`.
    """

    def __init__(self, tokenizer: Tokenizer):
        """Wraps a byte-level tokenizer. Prefer `train`, `from_file` and `from_json`.

        Raises:
            UserError: it lacks a special token, has gaps in its ids, or is not byte-level.
        """
        # Not part of tokenizer.json: a reloaded tokenizer would turn the text "<|endoftext|>" into the real token.
        tokenizer.encode_special_tokens = True
        # An export has one that puts <|endoftext|> before every text, which is done elsewhere here.
        tokenizer.post_processor = None
        self._tokenizer = tokenizer
        vocabulary = tokenizer.get_vocab(with_added_tokens=True)
        missing = [token for token in SPECIAL_TOKENS if token not in vocabulary]
        if missing:
            raise UserError(f"tokenizer: lacks the special token {missing[0]}; train one with codelm_jax")
        if sorted(vocabulary.values()) != list(range(len(vocabulary))):
            raise UserError("tokenizer: its ids have gaps or repeat; train one with codelm_jax")
        self.vocab_size = len(vocabulary)
        self.endoftext_id = vocabulary[ENDOFTEXT]
        self.fim_prefix_id = vocabulary[FIM_PREFIX]
        self.fim_middle_id = vocabulary[FIM_MIDDLE]
        self.fim_suffix_id = vocabulary[FIM_SUFFIX]
        self.pad_id = vocabulary[PAD]
        self.special_ids = tuple(vocabulary[token] for token in SPECIAL_TOKENS)
        self._bytes_of_id = _bytes_of_ids(vocabulary, set(self.special_ids))
        self._special_of_id = dict(zip(self.special_ids, SPECIAL_TOKENS, strict=True))

    @classmethod
    def train(cls, texts: Iterable[str], vocab_size: int) -> Self:
        """Learns `vocab_size` entries (5 special, 256 bytes, the rest merges) from `texts`.

        Raises:
            UserError: `vocab_size` leaves no room for all bytes, or the texts are too few to fill it.
        """
        least = len(SPECIAL_TOKENS) + 256
        if vocab_size < least:
            raise UserError(
                f"config.model.vocab_size = {vocab_size}: must be at least {least}, the special tokens and all bytes"
            )
        tokenizer = Tokenizer(models.BPE())
        split = pre_tokenizers.Split(Regex(PRE_TOKENIZATION), "isolated")
        bound = pre_tokenizers.FixedLength(_LONGEST_TRAINED)
        byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, bound, byte_level])
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=vocab_size,
            min_frequency=_MIN_PAIR_COUNT,
            show_progress=False,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            special_tokens=list(SPECIAL_TOKENS),
        )
        tokenizer.train_from_iterator((piece for text in texts for piece in pieces(text)), trainer)
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([split, byte_level])
        reached = tokenizer.get_vocab_size()
        if reached < vocab_size:
            raise UserError(
                f"config.model.vocab_size = {vocab_size}: the corpus fills only {reached} entries; lower it to that,"
                " or add sources"
            )
        return cls(tokenizer)

    @classmethod
    def from_file(cls, path: str | Path) -> Self:
        """Opens a `tokenizer.json`.

        Raises:
            UserError: it can't be read, or is not such a tokenizer.
        """
        if Path(path).exists() and not Path(path).is_file():  # opening a pipe would wait for ever
            raise UserError(f"{path}: is no regular file; name a tokenizer.json")
        try:
            text = Path(path).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UserError(f"{path}: cannot read the tokenizer: {_reason(error)}") from None
        try:
            return cls.from_json(text)
        except UserError as error:
            raise UserError(f"{path}: {error}") from None

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Opens the text of a `tokenizer.json`.

        Raises:
            UserError: it is not such a tokenizer.
        """
        try:
            tokenizer = Tokenizer.from_str(text)
        except Exception as error:  # the library raises bare Exception for every fault
            raise UserError(f"not a tokenizer.json: {_reason(error)}") from None
        return cls(tokenizer)

    def to_json(self) -> str:
        """The text of a `tokenizer.json` that the `tokenizers` library loads as it is."""
        return self._tokenizer.to_str(pretty=False)

    def encode(self, text: str) -> list[int]:
        """Token ids of `text`; special tokens in it become ordinary characters."""
        return self.encode_batch([text])[0]

    def encode_batch(self, texts: Sequence[str]) -> list[list[int]]:
        """`encode` for many texts, on all cores."""
        cut = [list(pieces(text)) for text in texts]
        encodings = iter(
            self._tokenizer.encode_batch_fast(
                [piece for row in cut for piece in row], add_special_tokens=False
            )
        )
        return [[token for _ in row for token in next(encodings).ids] for row in cut]

    def decode(self, ids: Iterable[int], skip_special: bool = True) -> str:
        """The text of `ids`. Bytes that are not UTF-8, as when a character is cut, become U+FFFD."""
        return self.decode_bytes(ids, skip_special).decode("utf-8", errors="replace")

    def decode_bytes(self, ids: Iterable[int], skip_special: bool = True) -> bytes:
        """The bytes of `ids`; special tokens give nothing, or their names if `skip_special` is False."""
        if skip_special:
            return b"".join([self._bytes_of_id[token] for token in ids])
        names = self._special_of_id
        return b"".join([names[t].encode() if t in names else self._bytes_of_id[t] for t in ids])

    def token_bytes(self, token: int) -> bytes:
        """The bytes of one token; b"" for special tokens."""
        return self._bytes_of_id[token]

    def byte_lengths(self) -> np.ndarray:
        """Length of each token in bytes of text: int32 [vocab_size], 0 for special tokens."""
        return np.array([len(token) for token in self._bytes_of_id], np.int32)


def pieces(text: str) -> Iterator[str]:
    """Cuts a long text before line ends that follow code: places where no token can cross."""
    start = 0
    while len(text) - start > _PIECE_CHARACTERS:
        cut = _SAFE_CUT.search(text, start + _PIECE_CHARACTERS)
        if cut is None:
            break
        yield text[start : cut.start()]
        start = cut.start()
    yield text[start:]


def _bytes_of_ids(vocabulary: dict[str, int], special_ids: set[int]) -> list[bytes]:
    byte_of_character = _byte_of_character()
    table = [b""] * len(vocabulary)
    for token, number in vocabulary.items():
        if number in special_ids:
            continue
        try:
            table[number] = bytes(byte_of_character[character] for character in token)
        except KeyError:
            raise UserError(
                f"tokenizer: entry {json.dumps(token)} is not byte-level; train one with codelm_jax"
            ) from None
    return table


def _byte_of_character() -> dict[str, int]:
    """Byte-level BPE writes each byte as one visible character: printable Latin-1 as itself, the rest from U+0100."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return {chr(b): b for b in printable} | {chr(0x100 + place): b for place, b in enumerate(others)}


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    return str(error).splitlines()[0] if str(error) else type(error).__name__
