"""Which benchmark tasks a function of the training data solves: a file of its own in the prepared data."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, cast

import pydantic

from codelm_jax.data.prepared import PreparedData
from codelm_jax.errors import UserError
from codelm_jax.run_files import read_object, write_object
from codelm_jax.schema import STRICT, parse

KNOWN_TASKS = "known_tasks.json"

Ids = Annotated[tuple[str, ...], pydantic.Field(strict=False)]


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)
class KnownTasks:
    """What a search found.

    Attributes:
        fingerprint: of the prepared data.
        searched: ids of the tasks that were looked for.
        known: of these, the ones that a training function solves; with the names of up to three such functions.
        functions: how many different functions were run.
        not_run: how many of them ended their process, by outcome.
    """

    fingerprint: str
    searched: Ids
    known: dict[str, Ids]
    functions: int
    not_run: dict[str, int]


def write_known_tasks(prepared: PreparedData, found: KnownTasks) -> None:
    """Stores what was found in the directory of the prepared data."""
    write_object(prepared.directory / KNOWN_TASKS, asdict(cast(Any, found)))


def read_known_tasks(directory: Path, fingerprint: str) -> KnownTasks | None:
    """What was found in the prepared data; None where nobody searched.

    Raises:
        UserError: the file is damaged or of other data.
    """
    path = directory / KNOWN_TASKS
    try:
        found = parse(KnownTasks, read_object(path), str(path))
    except FileNotFoundError:
        return None
    if found.fingerprint != fingerprint:
        raise UserError(
            f"{path}: of other data; delete it, or write it with prepare_data.py --find_known_tasks"
        )
    return found
