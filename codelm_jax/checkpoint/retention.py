"""Which steps stay on disk: the latest two, the best one and the milestones."""

from collections.abc import Collection, Mapping

LATEST = 2


def best_step(nll_by_step: Mapping[int, float | None]) -> int | None:
    """Returns the step with the lowest held-out nll, the earliest of equals; None if none was measured.

    A value that is not finite is passed as None and is never the best.
    """
    measured = [(nll, step) for step, nll in nll_by_step.items() if nll is not None]
    return min(measured)[1] if measured else None


def steps_to_keep(nll_by_step: Mapping[int, float | None], keep_steps: Collection[int]) -> set[int]:
    """Returns the steps to keep among those of `nll_by_step` (step -> finite nll or None)."""
    latest = sorted(nll_by_step)[-LATEST:]
    best = best_step(nll_by_step)
    milestones = set(keep_steps).intersection(nll_by_step)
    return milestones | set(latest) | (set() if best is None else {best})
