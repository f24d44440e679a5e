"""Deals files into the splits train, val and test.

`test` consists of whole packages, so that it measures a model on code by authors that are not in its training data; `val`
consists of single files of the other packages. Both are dealt by hash. Packages are weighed before the cap applies, so
that corpora of different `max_bytes` hold out the same packages.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from codelm_jax.errors import UserError
from codelm_jax.preparation.candidate import Candidate, unit_hash
from codelm_jax.preparation.selection import SourceFile

TEST_SHARE = (0.03, 0.08)
NO_TEST = "none: val is used"

_AIM = (0.04, 0.07)  # of the uncapped candidates: leaves room for what filters and cap do to the shares
_VAL_SHARE = 0.04
_TOO_MUCH = 0.2  # of all, in one file: held out only where no smaller one is left
_LARGEST_UNIT = 0.015  # of all: a quarter of `test`, or its figures are about one author's code


@dataclass(frozen=True)
class Splits:
    """The files of each split. `test_unit` is the unit that is held out as a whole: a package, a directory or a file.

    `warning` is "" unless the files were too few for the usual shares.
    """

    train: list[SourceFile]
    val: list[SourceFile]
    test: list[SourceFile]
    test_unit: str
    test_units: list[str]
    warning: str = ""


def deal(files: Sequence[SourceFile], candidates: Sequence[Candidate], seed: int) -> Splits:
    """Deals `files` into three disjoint splits, `test` with 3 to 8 % of their bytes.

    If no set of whole packages has such a share (a few large ones), directories are held out instead, one level deeper at
    a time, finally single files. A single package is dealt by its files.

    If no set of files has such a share either (too few files, or sizes too different), the file nearest to it is held out
    and the next one validates; of two files one trains and one validates.

    Raises:
        ValueError: fewer than two files.
    """
    if len(files) < 2:
        raise ValueError("two files are needed, one to train and one held out")
    total = sum(file.text_bytes for file in files)
    deepest = max((_depth(file.candidate) for file in files), default=0)
    packages = {file.candidate.package.name for file in files}
    for depth in range(deepest if len(packages) == 1 else 0, deepest + 1):
        sizes: Counter[str] = Counter()
        for candidate in candidates:
            sizes[_unit(candidate, depth)] += candidate.size
        actual: Counter[str] = Counter()
        for file in files:
            actual[_unit(file.candidate, depth)] += file.text_bytes
        for weights, (low, high) in ((sizes, _AIM), (actual, TEST_SHARE)):
            units = _choose(weights, low, high, seed)
            share = sum(actual[unit] for unit in units) / total
            if units and TEST_SHARE[0] <= share <= TEST_SHARE[1]:
                dealt = _split(files, units, depth, deepest, seed)
                if dealt is not None:
                    return dealt
    return _hold_out_nearest(files, total, seed)


def hold_out(files: Sequence[SourceFile], packages: frozenset[str], seed: int) -> Splits:
    """Deals `files` so that `test` is exactly the named packages, of any share.

    Raises:
        UserError: none of their files are left, or too few others to train and validate.
    """
    tests = sum(file.candidate.package.name in packages for file in files)
    dealt = _split(files, set(packages), 0, 1, seed) if tests else None
    if dealt is None:
        raise UserError(
            f"config.data: {len(files)} files passed the filters, {tests} of them held out for testing; relax the"
            " filters, or add packages to the list"
        )
    return dealt


def _split(
    files: Sequence[SourceFile], units: set[str], depth: int, deepest: int, seed: int
) -> Splits | None:
    """None if `units` leave too little to train and to validate."""
    test = [file for file in files if _unit(file.candidate, depth) in units]
    others = [file for file in files if _unit(file.candidate, depth) not in units]
    if len(others) < 2:
        return None
    place = {id(file): unit_hash(seed, f"val/{file.candidate.key}") / 2**64 for file in others}
    val = [file for file in others if place[id(file)] < _VAL_SHARE]
    if not val or len(val) == len(others):
        val = [min(others, key=lambda file: place[id(file)])]
    held_out = {id(file) for file in val}
    train = [file for file in others if id(file) not in held_out]
    name = "package" if depth == 0 else "file" if depth == deepest else "directory"
    return Splits(train, val, test, name, sorted({_unit(file.candidate, depth) for file in test}))


def _hold_out_nearest(files: Sequence[SourceFile], total: int, seed: int) -> Splits:
    low, high = (share * total for share in TEST_SHARE)

    def distance(file: SourceFile) -> tuple[bool, float, int]:
        size = max(1, file.text_bytes)
        return size > _TOO_MUCH * total, max(low / size, size / high), unit_hash(seed, file.candidate.key)

    nearest = sorted(files, key=distance)[: min(2, len(files) - 1)]
    *tests, validates = nearest
    chosen = {id(file) for file in nearest}
    train = [file for file in files if id(file) not in chosen]
    names = " and ".join(f"{file.candidate.key} ({file.text_bytes / total:.1%})" for file in nearest)
    return Splits(
        train,
        [validates],
        tests,
        "file" if tests else NO_TEST,
        [file.candidate.key for file in tests],
        f"warning: {len(files)} files of {total} bytes cannot be split with 3 to 8 % held out; {names} held out"
        " instead, so figures on them are rough; add sources, or choose what to hold out with source='text'",
    )


def _depth(candidate: Candidate) -> int:
    return len(candidate.name.split("/"))


def _unit(candidate: Candidate, depth: int) -> str:
    return "/".join([candidate.package.name, *candidate.name.split("/")[:depth]])


def _choose(weights: Counter[str], low: float, high: float, seed: int) -> set[str]:
    """Units in hash order that together weigh between `low` and `high` of the total; empty if there are none.

    Small units come first: a heavy one is held out only if the small ones are not enough. A unit that would exceed `high`
    is skipped. Only units heavier than `high - low` can make this fail, so it is then tried again from each of those.
    """
    total = sum(weights.values())
    largest = _LARGEST_UNIT * total
    order = sorted(weights, key=lambda unit: (weights[unit] > largest, unit_hash(seed, f"test/{unit}"), unit))
    heavy = [place for place, unit in enumerate(order) if weights[unit] > (high - low) * total]
    for start in (0, *heavy):
        chosen: set[str] = set()
        weight = 0
        for unit in [*order[start:], *order[:start]]:
            if weight + weights[unit] <= high * total:
                chosen.add(unit)
                weight += weights[unit]
            if weight >= low * total:
                return chosen
    return set()
