"""Source `exercises`: generated functions with docstrings and examples."""

import hashlib
import importlib.resources
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic
from pydantic.dataclasses import dataclass

from codelm_jax.data.progress import Advance, Reporter
from codelm_jax.errors import UserError
from codelm_jax.evals.suites.mini_benchmark import own_problems
from codelm_jax.preparation.candidate import Package
from codelm_jax.preparation.source import Document, SplitSource
from codelm_jax.sandbox.pool import Sandbox
from codelm_jax.sandbox.verdict import SandboxError
from codelm_jax.schema import STRICT, parse
from codelm_jax.text.problems import read_problems

# Held-out documents, as a share of the number of training documents.
_HELD_OUT_SHARE = 0.04
_PACKAGE = Package("exercises", licence="Apache-2.0")


@dataclass(frozen=True, config=STRICT)
class ExerciseKeys:
    """Keys of `config.data.exercises`.

    Attributes:
        seed: of all draws.
        count: training documents, of one to six functions each.
    """

    seed: Annotated[int, pydantic.Field(ge=0)]
    count: Annotated[int, pydantic.Field(ge=1)]


def _read_keys(section: Any) -> Any:
    return parse(ExerciseKeys, section, "config.data.exercises") if isinstance(section, Mapping) else section


@dataclass(frozen=True, config=STRICT)
class Exercises(SplitSource):
    """Functions of some behaviours train, functions of others are held out.

    No function solves a task of the mini benchmark or of `config.data.decontaminate`, under any name.
    """

    name = "exercises"
    has_licences = False
    human = False
    environment_name = "the generator of exercises"

    exercises: Annotated[ExerciseKeys, pydantic.BeforeValidator(_read_keys)]

    def environment(self) -> dict[str, str]:
        """Digest of the generator: another one may write other functions for the same seed."""
        digest = hashlib.sha256()
        with importlib.resources.as_file(importlib.resources.files("codelm_jax.exercises")) as room:
            for path in sorted(
                path for path in Path(room).rglob("*") if path.suffix in (".py", ".toml", ".json")
            ):
                digest.update(path.relative_to(room).as_posix().encode() + b"\0" + path.read_bytes())
        return {"exercises": digest.hexdigest()}

    def documents(
        self, benchmarks: Sequence[str], skipped: Counter[str], report: Reporter
    ) -> Iterator[Document]:
        # Imported here because it takes a third of a second that no other source needs.
        from codelm_jax.exercises.behaviour import BATCH_SECONDS
        from codelm_jax.exercises.generate import documents
        from codelm_jax.exercises.sieve import Sieve

        problems = [*own_problems(), *(problem for path in benchmarks for problem in read_problems(path))]
        seed, count = self.exercises.seed, self.exercises.count
        held_out = max(1, round(_HELD_OUT_SHARE * count))
        done = 0
        try:
            with Sandbox(workers=os.cpu_count() or 1, timeout_seconds=BATCH_SECONDS) as sandbox:
                sieve = Sieve(sandbox, problems)
                splits: Sequence[tuple[Literal["train", "heldout"], Literal["train", "val"], int]] = (
                    ("train", "train", count),
                    ("heldout", "val", held_out),
                )
                for behaviours, split, wanted in splits:
                    for text in documents(seed, wanted, sieve=sieve, split=behaviours):
                        yield Document(text, f"{split}/{done}", _PACKAGE, split)
                        done += 1
                        report(Advance("generating exercises", done, count + held_out))
        except SandboxError as error:
            raise UserError(f"config.data.source='exercises': {error}") from None
        if sieve.dropped:
            shown = ", ".join(f"{number} {reason}" for reason, number in sieve.dropped.most_common())
            report(f"generated functions that were dropped: {shown}")
