"""Source `packages`: the packages of a pinned list, the same files on every machine."""

from collections import Counter
from typing import Any

from pydantic.dataclasses import dataclass

from codelm_jax.data.progress import Reporter
from codelm_jax.errors import UserError
from codelm_jax.preparation import corpus_list, wheels
from codelm_jax.preparation.candidate import Candidate, Found, Package, unit_hash
from codelm_jax.preparation.corpus_list import Pin
from codelm_jax.preparation.judging import UNPARSED
from codelm_jax.preparation.judging_pool import CRASHED
from codelm_jax.preparation.source import FileSource
from codelm_jax.schema import STRICT

SKIPPED = "does not parse in every Python"


@dataclass(frozen=True, config=STRICT)
class Packages(FileSource):
    """Wheels at exact versions, fetched once and then used offline.

    Attributes:
        corpus: the name of a list in `configs/corpora`, or the path of another `.toml` list.
    """

    name = "packages"

    corpus: str

    def __post_init__(self) -> None:
        if not self.corpus:
            raise ValueError("source='packages' needs corpus")

    def settings(self) -> dict[str, Any]:
        """The pins count, not the name of the list."""
        return {"corpus (pins)": corpus_list.load(self.corpus).digest}

    def find(self, seed: int, report: Reporter) -> Found:
        """Fetches what the cache lacks and lists the files.

        Held-out files come first, so that no cap cuts them and a copy of one is dropped from training.
        """
        listed = corpus_list.load(self.corpus)
        pins = listed.train | listed.held_out
        wanted = [wheels.Wheel(name, pins[name].version, pins[name].sha256) for name in sorted(pins)]
        try:
            unpacked = wheels.provide(wanted, report)
        except wheels.NotFetched as problem:
            raise UserError(
                f"config.data.source='packages': cannot fetch corpus {self.corpus!r} ({problem}); connect to a package"
                " index, or use what is installed: --config.data.source=python-env"
            ) from None
        candidates: list[Candidate] = []
        skipped: Counter[str] = Counter()
        for name, pin in pins.items():
            files = [file for file in unpacked[name].files if file not in pin.skip]
            skipped[SKIPPED] += len(unpacked[name].files) - len(files)
            candidates += [_candidate(unpacked[name], file, name, pin) for file in files]
        candidates.sort(key=lambda c: (c.package.name not in listed.held_out, unit_hash(seed, c.key)))
        return Found(tuple(candidates), +skipped, frozenset(listed.held_out))

    def check_skipped(self, skipped: Counter[str]) -> None:
        """Refuses a Python whose grammar differs: the pins name every file that the oldest one cannot parse."""
        if unparsed := skipped[UNPARSED] + skipped[CRASHED]:
            raise UserError(
                f"config.data.corpus: {unparsed} files of {self.corpus!r} do not parse under this Python, so the corpus"
                " would differ from that of other machines; use another Python version"
            )


def _candidate(unpacked: wheels.Unpacked, file: str, name: str, pin: Pin) -> Candidate:
    path = unpacked.directory / file
    status = path.stat()
    package = Package(name, pin.version, pin.licence)
    return Candidate(str(path), package, file, status.st_size, status.st_mtime_ns)
