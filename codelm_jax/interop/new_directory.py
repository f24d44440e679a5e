"""Directories that are there whole or not at all."""

import contextlib
import ctypes
import errno
import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from codelm_jax.atomic import sync
from codelm_jax.errors import UserError

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


@contextlib.contextmanager
def new_directory(out: Path, *, replaceable: Callable[[str], bool], overwrite: bool) -> Iterator[Path]:
    """Opens a temporary directory beside `out` that takes its name when the block ends without an error.

    What a killed writer left beside `out` is removed. An older `out` is there until the new one is, where the file
    system can exchange two names (Linux); elsewhere a kill in that moment leaves it in `.NAME.*.old` beside.

    Args:
        out: the directory to make; an empty one may be there already.
        replaceable: whether an older `out` may hold a file of a name; with others, it is not ours to remove.
        overwrite: whether an older one is replaced at all.

    Raises:
        UserError: `out` holds something that may not be replaced, or nothing can be written there.
    """
    # A link by the name of `out` is refused below, so it is not followed; those on the way to it are.
    out = Path(os.path.realpath(out.parent), out.name) if out.name.strip(".") else Path(os.path.realpath(out))
    _check_free(out, replaceable, overwrite)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(out, replaceable)
        temporary = Path(tempfile.mkdtemp(prefix=f".{out.name}.", suffix=".tmp", dir=out.parent))
    except OSError as error:
        raise UserError(f"{out}: cannot be created ({error.strerror})") from None
    lock = _lock(temporary)
    try:
        yield temporary
        # What is made under a temporary name is for this user alone; what stays follows the umask.
        mask = _umask()
        for file in temporary.iterdir():
            file.chmod(0o666 & ~mask)
            sync(file)
        temporary.chmod(0o777 & ~mask)
        sync(temporary)
        _take_place(temporary, out)
        sync(out.parent)
    except OSError as error:
        raise UserError(
            f"{out}: cannot be written ({error.strerror}); nothing was changed there: mend that, or choose another --out"
        ) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        if lock is not None:
            os.close(lock)


def _check_free(out: Path, replaceable: Callable[[str], bool], overwrite: bool) -> None:
    if out.is_symlink() or (out.exists() and not out.is_dir()):
        raise UserError(f"{out}: is there already and is no directory; choose another --out")
    names = sorted(os.listdir(out)) if out.is_dir() else []
    if names and not overwrite:
        raise UserError(f"{out}: holds {names[0]} already; choose another --out, or add --overwrite")
    if foreign := [name for name in names if not replaceable(name)]:
        raise UserError(
            f"{out}: holds {foreign[0]}, which no export writes, so it is not replaced; choose another --out"
        )


def _remove_leftovers(out: Path, replaceable: Callable[[str], bool]) -> None:
    made_here = re.compile(rf"\.{re.escape(out.name)}\.[a-z0-9_]{{8}}\.tmp")
    for leftover in [path for path in out.parent.iterdir() if made_here.fullmatch(path.name)]:
        # Whoever still writes there holds the lock; a killed process holds none.
        if (lock := _lock(leftover)) is not None:
            if all(map(replaceable, os.listdir(lock))):
                shutil.rmtree(leftover, ignore_errors=True)
            os.close(lock)


def _lock(directory: Path) -> int | None:
    """A descriptor that locks `directory` until it is closed; None where it is locked, or can't be."""
    try:
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _take_place(temporary: Path, out: Path) -> None:
    if not out.exists():
        os.rename(temporary, out)
        return
    if _exchange(temporary, out):
        return  # the older one has the temporary name now
    with tempfile.TemporaryDirectory(prefix=f".{out.name}.", suffix=".old", dir=out.parent) as aside:
        old = Path(aside) / out.name
        os.rename(out, old)
        try:
            os.rename(temporary, out)
        except BaseException:
            os.rename(old, out)
            raise


def _exchange(one: Path, other: Path) -> bool:
    """Exchanges two names at once; False where the system cannot."""
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    if not rename(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE):
        return True
    number = ctypes.get_errno()
    if number in (errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP):
        return False
    raise OSError(number, os.strerror(number), str(other))


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
