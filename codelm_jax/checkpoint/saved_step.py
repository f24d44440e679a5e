"""One saved step on disk: reading it, with every byte verified that is returned."""

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
from codelm_jax.checkpoint.tree import SEPARATOR
from codelm_jax.errors import UserError
from codelm_jax.run_files import json_digest

_log = logging.getLogger(__name__)

# The only errors of the operating system that prove damage: the file is missing, or is not a file.
_NOT_A_FILE = (FileNotFoundError, NotADirectoryError, IsADirectoryError)


class SavedStep:
    """A step directory whose table of digests has been read and verified.

    Every method verifies what it returns. A step is damaged if its bytes were read and do not decode or differ from
    their digests, or if a file is missing from a step that can be listed. Any other failure says nothing about the step.

    Attributes:
        directory: the directory of the step.
        digests: what the step must contain.

    Raises:
        Damaged: the step is incomplete, or differs from its digests.
        UserError: it cannot be read at the moment or by this user, or it has the format of another version.
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
        """Compares the names, shapes and dtypes of the state with `wanted`; nothing is ever cast.

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
        """Reads only the arrays whose names begin with `under`, into host memory.

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
        """Reads the whole step and compares it with its digests.

        Raises:
            Damaged: it is incomplete or differs.
        """
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
            # The cause may be the path, the file system or a limit of the process. Only the bytes, read into memory, decide.
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
        """A file that seems missing from a directory that cannot be listed may exist."""
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

    orbax is not used: if one array is damaged, it abandons the others on a closed event loop, which logs errors.
    """
    reads = {}
    for name in names:
        values = {"driver": "ocdbt", "base": files, "path": f"{name.replace(SEPARATOR, '.')}/"}
        spec = {"driver": "zarr", "kvstore": values}
        reads[name] = tensorstore.open(spec, open=True, read=True, context=context).result().read()
    # Each future is dropped as soon as its array is taken: it would keep a second copy.
    return {name: np.asarray(reads.pop(name).result()) for name in names}


def _unreadable(directory: Path, error: Exception) -> UserError:
    reason = (error.strerror if isinstance(error, OSError) else None) or _first_line(error)
    return UserError(
        f"{directory}: cannot be read ({reason}), which says nothing about the step; nothing was changed: "
        "mend that and run the same command again"
    )


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)[:200]
