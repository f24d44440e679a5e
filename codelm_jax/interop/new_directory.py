"""Directories that are there whole or not at all."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from codelm_jax.atomic import sync
from codelm_jax.errors import UserError


@contextlib.contextmanager
def new_directory(out: Path, *, replaceable: Callable[[str], bool], overwrite: bool) -> Iterator[Path]:
    """Opens a temporary directory beside `out` that takes its name when the block ends without an error.

    Args:
        out: the directory to make; an empty one may be there already.
        replaceable: whether an older `out` may hold a file of a name; with others, it is not ours to remove.
        overwrite: whether an older one is replaced at all.

    Raises:
        UserError: `out` holds something that may not be replaced, or nothing can be written there.
    """
    out = Path(os.path.abspath(out))
    _check_free(out, replaceable, overwrite)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{out.name}.", suffix=".tmp", dir=out.parent))
    except OSError as error:
        raise UserError(f"{out}: cannot be created ({error.strerror})") from None
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
        raise UserError(f"{out}: cannot be written ({error.strerror}); nothing was changed there") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


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


def _take_place(temporary: Path, out: Path) -> None:
    if not out.exists():
        os.rename(temporary, out)
        return
    with tempfile.TemporaryDirectory(prefix=f".{out.name}.", suffix=".old", dir=out.parent) as aside:
        old = Path(aside) / out.name
        os.rename(out, old)
        try:
            os.rename(temporary, out)
        except BaseException:
            os.rename(old, out)
            raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
