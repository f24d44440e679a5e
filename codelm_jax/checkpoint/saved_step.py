"""One saved step on disk: finding steps, reading one and verifying every byte that is handed out."""

import json
import logging
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorstore

from codelm_jax.checkpoint.digest import Damaged, Digests, array_digest, describe
from codelm_jax.checkpoint.metadata import RunMeta
from codelm_jax.checkpoint.quarantine import QUARANTINE
from codelm_jax.checkpoint.tree import SEPARATOR
from codelm_jax.errors import UserError
from codelm_jax.run_files import json_digest

_log = logging.getLogger(__name__)

CHECKPOINTS = "checkpoints"
# orbax writes a step under this name and renames it when it is complete.
UNFINISHED = "*.orbax-checkpoint-tmp*"

# A file that is not there, or is there as something else than a file: the only errors of the system that show damage.
_NOT_A_FILE = (FileNotFoundError, NotADirectoryError, IsADirectoryError)


def saved_steps(directory: Path) -> list[int]:
    """Returns the numbers of the steps in a checkpoints directory, ascending, whether they are sound or not."""
    if not directory.is_dir():
        return []
    names = [entry.name for entry in os.scandir(directory) if entry.is_dir()]
    return sorted(int(name) for name in names if name.isdecimal() and name == str(int(name)))


def locate(path: str | os.PathLike[str]) -> tuple[Path, list[int] | None]:
    """Finds the steps that `path` stands for.

    Args:
        path: a run directory, its checkpoints directory, or the directory of one step.

    Returns:
        The checkpoints directory and its steps, ascending; or the directory of one step and None.

    Raises:
        UserError: there is no checkpoint at `path`.
    """
    given = Path(os.path.realpath(path))
    for directory in (given / CHECKPOINTS, given):
        if steps := saved_steps(directory):
            return directory, steps
    if (given / "state").is_dir() or (given / "digests").is_dir():
        return given, None
    if not given.exists():
        raise UserError(f"{path}: no such directory; give a run directory, its checkpoints, or one step")
    for directory in (given / CHECKPOINTS, given):
        if aside := saved_steps(directory / QUARANTINE):
            raise UserError(
                f"{path}: holds no sound checkpoint; damaged ones (step {', '.join(map(str, aside))}) were set "
                f"aside in {directory / QUARANTINE}, each with its reason"
            )
        if unfinished := sorted(directory.glob(UNFINISHED)):
            raise UserError(
                f"{path}: holds no checkpoint, only a save that was interrupted ({unfinished[0]}); the run's own "
                "command starts it over and removes that"
            )
    raise UserError(f"{path}: holds no checkpoint; give a run directory, its checkpoints, or one step")


def run_directory(path: str | os.PathLike[str]) -> Path:
    """The run that `path`, as `locate` takes it, lies in; checkpoints that stand alone count as their own run.

    Raises:
        UserError: there is no checkpoint at `path`.
    """
    directory, steps = locate(path)
    checkpoints = directory.parent if steps is None else directory
    return checkpoints.parent if checkpoints.name == CHECKPOINTS else checkpoints


class SavedStep:
    """A step directory whose table of digests has been read and agrees with itself.

    Every method verifies what it returns. Damage is what the bytes themselves show: they were read, and do not decode
    or differ from their digests, or a file is missing from a step that can be listed. Any other failure says nothing
    about the step.

    Attributes:
        directory: the directory of the step.
        digests: what the step must contain.

    Raises:
        Damaged: the step is incomplete, or differs from its digests.
        UserError: it cannot be read by this user, or not now; or it has another version's format.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        table = self._json("digests")
        try:
            self.digests = Digests.from_json(table)
        except ValueError as error:
            raise Damaged(f"{directory}: {error}") from error
        except UserError as error:
            raise UserError(f"{directory}: {error}") from None
        if directory.name.isdecimal() and int(directory.name) != self.digests.step:
            raise Damaged(f"{directory}: holds step {self.digests.step}, not the step of its name")

    def meta(self) -> RunMeta:
        """Returns the metadata given to `save`."""
        return RunMeta.from_json(
            self._verified_json("meta", self.digests.meta), f"{self.directory / 'meta'}: meta"
        )

    def data(self) -> dict[str, Any]:
        """Returns the state of the data iterator given to `save`."""
        return self._verified_json("data", self.digests.data)

    def check_fit(self, wanted: Mapping[str, Any]) -> None:
        """Compares the state's names, shapes and dtypes with those of `wanted`; nothing is ever cast.

        Raises:
            UserError: names the first leaf that differs.
        """
        for name in sorted(self.digests.leaves.keys() | wanted.keys()):
            found = str(self.digests.leaves.get(name, "missing"))
            asked = describe(wanted[name].shape, wanted[name].dtype.name) if name in wanted else "missing"
            if found != asked:
                raise UserError(
                    f"{self.directory}: {name} is {found} in the checkpoint and {asked} in this run; "
                    "use the config it was saved with, or another run directory"
                )

    def leaves(self, under: str = "") -> dict[str, np.ndarray]:
        """Reads the arrays whose names begin with `under`, and only those, into host memory.

        Args:
            under: such as `params/`; empty for the whole state.
        """
        wanted = {name: leaf for name, leaf in self.digests.leaves.items() if name.startswith(under)}
        arrays = self._arrays(wanted)
        for name, expected in wanted.items():
            if array_digest(arrays[name]) != expected:
                raise Damaged(f"{self.directory}: {name} differs from its digest")
        return arrays

    def verify(self) -> None:
        """Reads all of the step and compares it with the digests."""
        self._verified_json("meta", self.digests.meta)
        self.data()
        self.leaves()

    def _verified_json(self, item: str, digest: str) -> dict[str, Any]:
        value = self._json(item)
        if json_digest(value) != digest:
            raise Damaged(f"{self.directory}: {item} differs from its digest")
        return value

    def _json(self, item: str) -> dict[str, Any]:
        content = self._bytes(self.directory / item / "metadata")
        try:
            return json.loads(content)
        except (ValueError, RecursionError) as error:
            raise Damaged(f"{self.directory}: {item} is not JSON") from error

    def _arrays(self, names: Collection[str]) -> dict[str, np.ndarray]:
        try:
            return _read_arrays(names, {"driver": "file", "path": f"{self.directory / 'state'}/"})
        except MemoryError:
            raise
        except Exception as error:
            # It may be the path, the file system or a limit of the process. The bytes alone, in memory, decide.
            _log.debug("%s: reading its arrays again: %s", self.directory, error)
        context, memory = tensorstore.Context(), {"driver": "memory"}
        store = tensorstore.KvStore.open(memory, context=context).result()
        for name, content in self._state_files().items():
            store.write(name, content).result()
        try:
            return _read_arrays(names, memory, context)
        except ValueError as error:
            raise Damaged(f"{self.directory}: its arrays cannot be decoded ({_first_line(error)})") from error
        except Exception as error:
            raise _unreadable(self.directory, error) from error

    def _state_files(self) -> dict[str, bytes]:
        state = self.directory / "state"

        def stop(error: OSError) -> None:
            if not isinstance(error, _NOT_A_FILE):
                raise _unreadable(self.directory, error) from error

        names = [Path(folder, name) for folder, _, files in os.walk(state, onerror=stop) for name in files]
        return {path.relative_to(state).as_posix(): self._bytes(path) for path in names}

    def _bytes(self, path: Path) -> bytes:
        try:
            return path.read_bytes()
        except _NOT_A_FILE as error:
            self._require_listing()
            raise Damaged(f"{self.directory}: {path.relative_to(self.directory)} is missing") from error
        except OSError as error:
            raise _unreadable(self.directory, error) from error

    def _require_listing(self) -> None:
        """What is missing from a directory that cannot be listed may be there all the same."""
        try:
            os.listdir(self.directory)
        except _NOT_A_FILE:
            pass  # the whole step is gone: another process may have removed it
        except OSError as error:
            raise _unreadable(self.directory, error) from error


def _read_arrays(
    names: Collection[str], files: Mapping[str, Any], context: tensorstore.Context | None = None
) -> dict[str, np.ndarray]:
    """Reads arrays in orbax's layout: in `files` one key-value store, and in that a zarr array per leaf.

    Not by orbax: when one array is damaged, it abandons the others to a closed event loop, which complains.
    """
    reads = {}
    for name in names:
        values = {"driver": "ocdbt", "base": files, "path": f"{name.replace(SEPARATOR, '.')}/"}
        spec = {"driver": "zarr", "kvstore": values}
        reads[name] = tensorstore.open(spec, open=True, read=True, context=context).result().read()
    # Each array is taken out of its future at once: the futures would keep a second copy.
    return {name: np.asarray(reads.pop(name).result()) for name in names}


def _unreadable(directory: Path, error: Exception) -> UserError:
    reason = (error.strerror if isinstance(error, OSError) else None) or _first_line(error)
    return UserError(
        f"{directory}: cannot be read ({reason}), which says nothing about the step; nothing was changed: "
        "mend that and run the same command again"
    )


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)[:200]
