"""A pinned corpus: the packages of a list, the same files on every machine, whatever is installed there."""

from collections import Counter

from codelm_jax.data import corpus_list, wheels
from codelm_jax.data.corpus import UNPARSED
from codelm_jax.data.corpus_list import Pin
from codelm_jax.data.corpus_pool import CRASHED
from codelm_jax.data.progress import Report
from codelm_jax.data.sources import Candidate, Found, Package, unit_hash
from codelm_jax.errors import UserError

SKIPPED = "does not parse in every Python"


def find(corpus: str, seed: int, report: Report) -> Found:
    """The Python files of the list's packages, fetched first where the cache lacks them.

    Held-out files come first, so that no cap cuts them and a copy of one is dropped from training.

    Raises:
        UserError: the list is unusable, or a package cannot be fetched.
    """
    listed = corpus_list.load(corpus)
    pins = listed.train | listed.held_out
    wanted = [wheels.Wheel(name, pins[name].version, pins[name].sha256) for name in sorted(pins)]
    try:
        unpacked = wheels.provide(wanted, report)
    except wheels.NotFetched as problem:
        raise UserError(
            f"config.data.source='packages': cannot fetch corpus {corpus!r} ({problem}); connect to a package index, or"
            " use what is installed: --config.data.source=python-env"
        ) from None
    candidates: list[Candidate] = []
    skipped: Counter[str] = Counter()
    for name, pin in pins.items():
        files = [file for file in unpacked[name].files if file not in pin.skip]
        skipped[SKIPPED] += len(unpacked[name].files) - len(files)
        candidates += [_candidate(unpacked[name], file, name, pin) for file in files]
    candidates.sort(key=lambda c: (c.package.name not in listed.held_out, unit_hash(seed, c.key)))
    return Found(tuple(candidates), +skipped, frozenset(listed.held_out))


def refuse_other_grammar(corpus: str, skipped: Counter[str]) -> None:
    """The pins name all files that do not parse; where this Python finds more, it would make another corpus.

    Raises:
        UserError: it does.
    """
    if unparsed := skipped[UNPARSED] + skipped[CRASHED]:
        raise UserError(
            f"config.data.corpus: {unparsed} files of {corpus!r} do not parse under this Python, so the corpus would"
            " differ from that of other machines; use another Python version"
        )


def _candidate(unpacked: wheels.Unpacked, file: str, name: str, pin: Pin) -> Candidate:
    path = unpacked.directory / file
    status = path.stat()
    package = Package(name, pin.version, pin.licence)
    return Candidate(str(path), package, file, status.st_size, status.st_mtime_ns)
