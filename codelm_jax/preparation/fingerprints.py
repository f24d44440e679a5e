"""Hashes of code: of single tokens, of runs of tokens, and MinHash signatures of whole files.

Near-duplicate search and decontamination both look at *normalised code tokens*: words (letters, digits, underscores
and all non-ASCII bytes, lower-cased) and single punctuation bytes, white space dropped. Everything is vectorised:
with `r` odd, `h(i, j) = r^-i * sum(b[k] * r^k for i <= k < j)  mod 2^64` hashes any run from one prefix sum.
"""

import numpy as np

SIGNATURE_SIZE = 128
SHINGLE_TOKENS = 5

_BYTE_RADIX = 0x9E3779B97F4A7C15
_TOKEN_RADIX = 0xC2B2AE3D27D4EB4F
_BLOCK = 1024  # shingles hashed at a time: 128 x 1024 x 4 bytes stay in the second-level cache
_MIN_POWERS = 1 << 16

_BYTES = np.arange(256)
_IS_UPPER = (ord("A") <= _BYTES) & (ord("Z") >= _BYTES)
_IS_LOWER = (ord("a") <= _BYTES) & (ord("z") >= _BYTES)
_IS_DIGIT = (ord("0") <= _BYTES) & (ord("9") >= _BYTES)
_IS_WORD = _IS_UPPER | _IS_LOWER | _IS_DIGIT | (ord("_") == _BYTES) | (_BYTES >= 128)
_IS_SPACE = np.isin(_BYTES, np.frombuffer(b" \t\n\r\f\v", np.uint8))
# Plus one, so that runs of zero bytes of different lengths differ.
_VALUE = (np.where(_IS_UPPER, _BYTES + 32, _BYTES) + 1).astype(np.uint64)

# Never to be changed: the choice of files depends on these numbers.
_PERMUTATIONS = np.random.RandomState(20240).randint(0, 1 << 32, size=(2, SIGNATURE_SIZE, 1), dtype=np.uint32)
_SCALE_P1, _SHIFT_P1 = _PERMUTATIONS[0] | np.uint32(1), _PERMUTATIONS[1]


def code_token_hashes(text: str) -> np.ndarray:
    """Hashes every normalised code token of `text`: uint64 [tokens]."""
    data = np.frombuffer(text.encode(), np.uint8)
    word = _IS_WORD[data]
    punctuation = ~(word | _IS_SPACE[data])
    starts = word.copy()
    starts[1:] &= ~word[:-1]
    ends = word.copy()
    ends[:-1] &= ~word[1:]
    return _range_hashes(
        _VALUE[data],
        np.flatnonzero(starts | punctuation),
        np.flatnonzero(ends | punctuation) + 1,
        _BYTE_RADIX,
    )


def run_hashes(tokens: np.ndarray, length: int) -> np.ndarray:
    """Hashes every run of `length` consecutive tokens: uint64 [max(0, tokens - length + 1)]."""
    starts = np.arange(max(0, len(tokens) - length + 1))
    return _range_hashes(tokens, starts, starts + length, _TOKEN_RADIX)


def signature(tokens: np.ndarray) -> np.ndarray:
    """MinHash of the set of 5-token shingles: uint32 [128]; equal entries estimate the Jaccard similarity.

    Broder, "On the resemblance and containment of documents", 1997.
    """
    shingles = run_hashes(tokens, min(SHINGLE_TOKENS, max(1, len(tokens))))
    values = np.unique((shingles >> np.uint64(32)).astype(np.uint32))
    minima = np.full(SIGNATURE_SIZE, np.iinfo(np.uint32).max, np.uint32)
    for start in range(0, len(values), _BLOCK):
        hashed = _SCALE_P1 * values[None, start : start + _BLOCK] + _SHIFT_P1
        np.minimum(minima, hashed.min(axis=1), out=minima)
    return minima


def _range_hashes(values: np.ndarray, starts: np.ndarray, ends: np.ndarray, radix: int) -> np.ndarray:
    powers, inverses = _powers(radix, len(values))
    prefix = np.zeros(len(values) + 1, np.uint64)
    np.cumsum(values * powers[: len(values)], out=prefix[1:])
    return _mix((prefix[ends] - prefix[starts]) * inverses[starts])


def _mix(values: np.ndarray) -> np.ndarray:
    """The finaliser of splitmix64: every input bit reaches every output bit."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


_powers_of_radix: dict[int, tuple[np.ndarray, np.ndarray]] = {}


def _powers(radix: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The first `count` or more powers of `radix` and of its inverse modulo 2^64."""
    known = _powers_of_radix.get(radix)
    if known is None or len(known[0]) < count:
        size = max(_MIN_POWERS, 1 << (count - 1).bit_length())
        known = _geometric(radix, size), _geometric(pow(radix, -1, 1 << 64), size)
        _powers_of_radix[radix] = known
    return known


def _geometric(ratio: int, size: int) -> np.ndarray:
    factors = np.full(size, ratio, np.uint64)
    factors[0] = 1
    return np.cumprod(factors)
