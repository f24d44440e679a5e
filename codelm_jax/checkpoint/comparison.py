"""Compares two saved steps bit by bit, such as those of a resumed and an uninterrupted run."""

import numpy as np

from codelm_jax.checkpoint.saved_step import SavedStep


def differences(first: SavedStep, second: SavedStep) -> list[str]:
    """Lists the differences between the states and data positions of two steps; empty if they are bitwise equal.

    Raises:
        Damaged: an array that differs can't be read.
    """
    found = []
    if first.digests.step != second.digests.step:
        found.append(f"step: {first.digests.step} and {second.digests.step}")
    if first.digests.data != second.digests.data:
        found.append(f"position in the data: {first.data()} and {second.data()}")
    ours, theirs = first.digests.leaves, second.digests.leaves
    for name in sorted(ours.keys() | theirs.keys()):
        if name not in ours or name not in theirs:
            found.append(f"{name}: only in {first.directory if name in ours else second.directory}")
        elif str(ours[name]) != str(theirs[name]):
            found.append(f"{name}: {ours[name]} and {theirs[name]}")
        elif ours[name] != theirs[name]:
            a, b = (step.leaves(name)[name].astype(np.float64) for step in (first, second))
            found.append(
                f"{name}: {int((a != b).sum())} of {a.size} values differ, by up to {np.abs(a - b).max():.3g}"
            )
    return found
