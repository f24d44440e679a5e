"""Creates directories atomically."""

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
    """Yields a temporary directory next to `out` that is renamed to `out` if the block ends without an error.

    Removes what killed writers left there. An older `out` exists until the new one replaces it, if the file system can
    exchange two names (Linux); otherwise a kill at that moment leaves it in `.NAME.*.old`.

    Args:
        out: the directory to make; may exist if empty.
        replaceable: whether a file of this name may be replaced; an older `out` with other files is refused.
        overwrite: whether to replace an older `out`.

    Raises:
        UserError: `out` holds something that may not be replaced, or nothing can be written there.
    """
    # Links in the parents are followed. `out` itself must not be a link, see below.
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
        # Temporary files are private to this user; the final ones follow the umask.
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
        # A running writer holds the lock, a killed one does not.
        if (lock := _lock(leftover)) is not None:
            if all(map(replaceable, os.listdir(lock))):
                shutil.rmtree(leftover, ignore_errors=True)
            os.close(lock)


def _lock(directory: Path) -> int | None:
    """A descriptor that locks `directory` until it is closed; None if it is locked or cannot be locked."""
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
        return  # the older one now has the temporary name
    with tempfile.TemporaryDirectory(prefix=f".{out.name}.", suffix=".old", dir=out.parent) as aside:
        old = Path(aside) / out.name
        os.rename(out, old)
        try:
            os.rename(temporary, out)
        except BaseException:
            os.rename(old, out)
            raise


def _exchange(one: Path, other: Path) -> bool:
    """Exchanges two names atomically; False if the system cannot."""
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
