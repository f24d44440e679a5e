"""Exercises one by one, documents for training, held-out problems for evaluation.

The same seed and the same benchmark files give the same texts on every machine and Python version, and the first texts for
a seed are the same for any count. The splits share no behaviour: what a function returns on fixed probes decides on which
side it falls.
"""

import dataclasses
import hashlib
from collections.abc import Callable, Iterator
from typing import Literal

from codelm_jax.exercises.catalogue import draw_draft, draw_relative
from codelm_jax.exercises.draws import Draws
from codelm_jax.exercises.filling import Draft
from codelm_jax.exercises.sieve import Finding, Sieve
from codelm_jax.exercises.wording import draw_documented_style, draw_style, imports, with_imports, written
from codelm_jax.text.problems import Problem

Split = Literal["train", "heldout"]

# Drafts that are run together: few at first, so that a short list costs little.
_FIRST_ROUND = 128
_LARGEST_ROUND = 8000
_SINGLE = 0.3
_MOST_FUNCTIONS = 6
# Drafts drawn for a document beyond what it is to hold, for those that are dropped.
_SPARE = 2


@dataclasses.dataclass(frozen=True)
class Exercise:
    """One function.

    Attributes:
        prompt: the source up to its body: imports, signature, docstring or comment.
        body: the rest of the source.
        entry_point: the function's name.
        tests: (arguments, value) as source; the values come from a run of this body.
        template: what it was made from.
        split: "train" or "heldout".
    """

    prompt: str
    body: str
    entry_point: str
    tests: tuple[tuple[str, str], ...]
    template: str
    split: Split

    @property
    def source(self) -> str:
        """The whole program."""
        return self.prompt + self.body

    @property
    def check(self) -> str:
        """The tests as assert statements."""
        return "".join(f"assert {self.entry_point}({given}) == {value}\n" for given, value in self.tests)


def exercises(seed: int, count: int, *, sieve: Sieve, split: Split = "train") -> Iterator[Exercise]:
    """Yields `count` exercises, no two with the same source.

    Args:
        seed: of all draws; the first exercises for a seed are the same for any count.
        count: how many.
        sieve: runs them, and holds the benchmark tasks to keep clear of.
        split: which behaviours to take; one in 16 is held out.

    Raises:
        SandboxError: the sandbox failed.
    """
    seen: set[bytes] = set()
    for numbers in _rounds(1):
        draws = [Draws(f"exercise {seed} {i}") for i in numbers]
        drafts = [draw_draft(own) for own in draws]
        for draft, finding, own in zip(drafts, sieve.passed(drafts), draws, strict=True):
            if finding is None or finding.split != split:
                continue
            exercise = _exercise(draft, finding, own, split)
            digest = hashlib.blake2b(exercise.source.encode(), digest_size=8).digest()
            if digest in seen:
                continue
            seen.add(digest)
            yield exercise
            if len(seen) == count:
                return


def held_out(seed: int, count: int, *, sieve: Sieve) -> Iterator[Problem]:
    """Yields `count` problems for evaluation: documented functions whose behaviour is in no training text.

    Args:
        seed: of all draws.
        count: how many.
        sieve: as for `exercises`.

    Raises:
        SandboxError: the sandbox failed.
    """
    for i, exercise in enumerate(exercises(seed, count, sieve=sieve, split="heldout")):
        yield Problem(
            id=f"exercises/{seed}/{i}",
            prompt=exercise.prompt,
            entry_point=exercise.entry_point,
            tests=tuple(exercise.check.splitlines()),
            solution=exercise.body,
        )


def documents(seed: int, count: int, *, sieve: Sieve, split: Split = "train") -> Iterator[str]:
    """Yields `count` texts of one (three in ten) or two to six whole functions, two blank lines apart.

    The functions of a text are unrelated, of one topic, or near neighbours of each other, and often in one style.

    Args:
        seed: of all draws; the first texts for a seed are the same for any count.
        count: how many.
        sieve: as for `exercises`.
        split: as for `exercises`.

    Raises:
        SandboxError: the sandbox failed.
    """
    done = 0
    for numbers in _rounds(5):
        draws = [Draws(f"document {seed} {i}") for i in numbers]
        groups = [_group(own) for own in draws]
        findings = iter(sieve.passed([draft for _, drafts in groups for draft in drafts]))
        for own, (size, drafts) in zip(draws, groups, strict=True):
            found = [(draft, next(findings)) for draft in drafts]
            text = _document(size, found, own, split)
            if not text:
                continue
            yield text
            done += 1
            if done == count:
                return


def _rounds(drafts_each: int) -> Iterator[range]:
    """Successive ranges of numbers; each number stands for so many drafts."""
    start, size = 0, _FIRST_ROUND
    while True:
        numbers = range(start, start + max(1, size // drafts_each))
        yield numbers
        start, size = numbers.stop, min(2 * size, _LARGEST_ROUND)


def _group(draws: Draws) -> tuple[int, list[Draft]]:
    """How many functions a document is to hold, and drafts for it."""
    size = 1 if draws.chance(_SINGLE) else draws.integer(2, _MOST_FUNCTIONS)
    first = draw_draft(draws)
    relation = draws.weighted([(4, "none"), (3, "topic"), (3, "near")])
    others: Callable[[], Draft] = {
        "none": lambda: draw_draft(draws),
        "topic": lambda: draw_relative(first, draws, near=False),
        "near": lambda: draw_relative(first, draws, near=True),
    }[relation]
    return size, [first, *(others() for _ in range(size - 1 + _SPARE))]


def _document(size: int, found: list[tuple[Draft, Finding | None]], draws: Draws, split: Split) -> str:
    shared = draw_style(draws) if draws.chance(0.6) else None
    hints = shared.hints if shared else draw_style(draws).hints
    sources: dict[str, str] = {}
    bodies: set[str] = set()
    for draft, finding in found:
        if finding is None or finding.split != split or draft.name in sources or draft.body in bodies:
            continue
        style = shared or dataclasses.replace(draw_style(draws), hints=hints)
        prompt, body = written(draft, style, finding.tests, draws)
        sources[draft.name] = prompt + body
        bodies.add(draft.body)
        if len(sources) == size:
            break
    return with_imports("\n\n".join(sources.values()))


def _exercise(draft: Draft, finding: Finding, draws: Draws, split: Split) -> Exercise:
    # A problem that is to be solved must say what it asks for.
    style = draw_documented_style(draws) if split == "heldout" else draw_style(draws)
    prompt, body = written(draft, style, finding.tests, draws)
    needed = imports(prompt + body)
    if needed:
        prompt = f"{needed}\n\n\n{prompt}"
    return Exercise(prompt, body, draft.name, finding.tests, draft.template, split)
