"""One saved step on disk: finding steps, reading one and verifying every byte that is handed out."""

import errno
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import tensorstore

from codelm_jax.checkpoint.digest import Damaged, Digests, array_digest, describe, json_digest
from codelm_jax.checkpoint.quarantine import QUARANTINE
from codelm_jax.checkpoint.tree import SEPARATOR
from codelm_jax.errors import UserError

T = TypeVar("T")

CHECKPOINTS = "checkpoints"
# orbax writes a step under this name and renames it when it is complete.
UNFINISHED = "*.orbax-checkpoint-tmp*"

# A sound step must not be set aside because the process lacks something for a moment.
_TROUBLE_OF_THE_MACHINE = [os.strerror(number) for number in (errno.EMFILE, errno.ENFILE, errno.ENOMEM)]


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
    given = Path(path).absolute()
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

    Every method verifies what it returns.

    Attributes:
        directory: the directory of the step.
        digests: what the step must contain.

    Raises:
        Damaged: the step is incomplete, or differs from its digests.
        UserError: a file may not be read by this user, or not now: no descriptors or memory are left; or another
            version's format.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.digests = self._read(self._read_digests)
        if directory.name.isdecimal() and int(directory.name) != self.digests.step:
            raise Damaged(f"{directory}: holds step {self.digests.step}, not the step of its name")

    def meta(self) -> dict[str, Any]:
        """Returns the metadata given to `save`."""
        return self._verified_json("meta", self.digests.meta)

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
        # Not by orbax: when one array is damaged, it abandons the others to a closed event loop, which complains.
        reads = {name: self._read(self._open_array, name).read() for name in wanted}
        arrays = {}
        for name, expected in wanted.items():
            arrays[name] = np.asarray(self._read(reads.pop(name).result))
            if array_digest(arrays[name]) != expected:
                raise Damaged(f"{self.directory}: {name} differs from its digest")
        return arrays

    def verify(self) -> None:
        """Reads all of the step and compares it with the digests."""
        self.meta()
        self.data()
        self.leaves()

    def _verified_json(self, item: str, digest: str) -> dict[str, Any]:
        value = self._read(self._json, item)
        if json_digest(value) != digest:
            raise Damaged(f"{self.directory}: {item} differs from its digest")
        return value

    def _read_digests(self) -> Digests:
        return Digests.from_json(self._json("digests"))

    def _json(self, item: str) -> dict[str, Any]:
        return json.loads((self.directory / item / "metadata").read_bytes())

    def _open_array(self, name: str) -> tensorstore.TensorStore:
        # orbax's layout: one key-value store for the state, in it a zarr array per leaf, its name joined by dots.
        files = {"driver": "file", "path": f"{self.directory / 'state'}/"}
        values = {"driver": "ocdbt", "base": files, "path": f"{name.replace(SEPARATOR, '.')}/"}
        return tensorstore.open({"driver": "zarr", "kvstore": values}, open=True, read=True).result()

    def _read(self, read: Callable[..., T], *arguments: str) -> T:
        try:
            return read(*arguments)
        except MemoryError:
            raise
        except UserError as error:
            raise UserError(f"{self.directory}: {error}") from None
        except Exception as error:  # a damaged file can raise almost anything
            reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
            trouble = next((words for words in _TROUBLE_OF_THE_MACHINE if words in str(error)), None)
            if trouble:
                raise UserError(
                    f"{self.directory}: cannot be read now ({trouble}); mend that and run the same command again"
                ) from error
            if isinstance(error, PermissionError) or "PERMISSION_DENIED" in str(error):
                raise UserError(f"{self.directory}: may not be read by this user ({reason})") from error
            raise Damaged(f"{self.directory}: cannot be read ({reason})") from error
