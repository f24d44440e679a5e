"""Keyed hashes for orders and draws that must stay the same in every version of every library.

numpy's generators may change their streams between versions; a run must resume on the windows it would have seen.
"""

import numpy as np


def keyed_hash(seed: int, stream: int, numbers: np.ndarray) -> np.ndarray:
    """A keyed splitmix64: uint64 like `numbers`, independent between seeds and streams."""
    key = _splitmix(np.array([seed % (1 << 64)], np.uint64))
    key = _splitmix(key + np.uint64(stream))
    return _splitmix(_splitmix(numbers.astype(np.uint64) + key))


def uniform(hashes: np.ndarray) -> np.ndarray:
    """Float64 in [0, 1) from uniformly distributed uint64."""
    return (hashes >> np.uint64(11)).astype(np.float64) * 2.0**-53


def _splitmix(values: np.ndarray) -> np.ndarray:
    values = values + np.uint64(0x9E3779B97F4A7C15)
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
