"""How many different functions there are, and what the sieve drops."""

import collections
import dataclasses
import time

from codelm_jax.exercises.catalogue import draw_draft
from codelm_jax.exercises.draws import Draws
from codelm_jax.exercises.sieve import Sieve, source_of
from codelm_jax.exercises.wording import draw_style, written
from codelm_jax.text.normal import normal_form

_AT_ONCE = 4000


@dataclasses.dataclass(frozen=True)
class Census:
    """Counts of `drawn` functions.

    Attributes:
        drawn: functions drawn.
        kept: of them, those that the sieve let through.
        templates: different templates among the kept ones; each shape of a composition counts as one.
        bodies: different alpha-normalised functions among the kept ones.
        behaviours: different digests of values on the probes among the kept ones.
        names: different names among the kept ones.
        held_out: kept functions on the held-out side.
        characters: of the kept ones as written, imports not counted.
        dropped: how many went, by reason.
        seconds: wall time.
    """

    drawn: int
    kept: int
    templates: int
    bodies: int
    behaviours: int
    names: int
    held_out: int
    characters: int
    dropped: dict[str, int]
    seconds: float


def census(seed: int, count: int, *, sieve: Sieve) -> Census:
    """Draws `count` functions, as `generate.exercises` does, and counts.

    Raises:
        SandboxError: the sandbox failed.
    """
    seen: dict[str, set[object]] = collections.defaultdict(set)
    totals: collections.Counter[str] = collections.Counter()
    before = collections.Counter(sieve.dropped)
    start = time.monotonic()
    for first in range(0, count, _AT_ONCE):
        draws = [Draws(f"exercise {seed} {i}") for i in range(first, min(count, first + _AT_ONCE))]
        drafts = [draw_draft(own) for own in draws]
        for draft, finding, own in zip(drafts, sieve.passed(drafts), draws, strict=True):
            if finding is None:
                continue
            seen["templates"].add(draft.template)
            seen["bodies"].add(hash(normal_form(source_of(draft), draft.name)))
            seen["behaviours"].add(finding.digests)
            seen["names"].add(draft.name)
            totals["kept"] += 1
            totals["held_out"] += finding.split == "heldout"
            totals["characters"] += sum(map(len, written(draft, draw_style(own), finding.tests, own)))
    return Census(
        drawn=count,
        kept=totals["kept"],
        templates=len(seen["templates"]),
        bodies=len(seen["bodies"]),
        behaviours=len(seen["behaviours"]),
        names=len(seen["names"]),
        held_out=totals["held_out"],
        characters=totals["characters"],
        dropped=dict(sieve.dropped - before),
        seconds=time.monotonic() - start,
    )
