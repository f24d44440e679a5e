"""The directory of a release: an export with a held-out text, its sources, a licence and figures."""

import contextlib
import importlib.metadata
import os
import shlex
import shutil
from pathlib import Path

from codelm_jax.atomic import write_atomically, write_json
from codelm_jax.data.prepared import load_prepared
from codelm_jax.errors import UserError
from codelm_jax.interop.hf_files import CARD, is_export_file
from codelm_jax.interop.hf_record import read_record, seal
from codelm_jax.interop.new_directory import new_directory
from codelm_jax.release.heldout_text import held_out_text

HELD_OUT = "heldout.txt"
SOURCES = "heldout_sources.json"
FIGURES = "figures.json"
# Applies to the held-out text, most of which is under Apache-2.0, and to the weights unless their card says otherwise.
LICENCE = "LICENSE"
_FILES = (HELD_OUT, SOURCES, FIGURES, LICENCE)

# At the end of a released model's card.
_CHECK_HEADING = "\n## Check these files\n"
_CHECK = """

`{held_out}` is code that the model was not trained on, under the licences that `{sources}` names. `{figures}` holds
the figures that these files give on it, how much they may differ on another machine, and one greedy completion. With
codelm-jax, this command measures them again:

```bash
python scripts/evaluate.py --checkpoint={model} --suite=heldout --text={model}/{held_out} --out=evals
```

It is not a fair sample of the held-out data: to compare models, use the figures above.
"""


def check_free(out: Path, staged: Path, *, overwrite: bool) -> None:
    """Checks that `out` does not hold another release than the export `staged`.

    Raises:
        UserError: another release is there.
    """
    if out.exists() and not overwrite and not _is_same(out, staged):
        raise UserError(f"{out}: another release is there; choose another --name, or add --overwrite")


def assemble(staged: Path, prepared_dir: Path, out: Path, *, overwrite: bool) -> None:
    """Makes the directory of a release, without the figures; keeps one of the same export.

    Raises:
        UserError: another release is there, or no held-out file may be shipped.
    """
    card = (staged / CARD).read_bytes() + _how_to_check(out).encode()
    if _is_same(out, staged):
        if (out / CARD).read_bytes() != card:
            write_atomically(out / CARD, card)
            seal(out)
        return
    check_free(out, staged, overwrite=overwrite)
    text, sources = held_out_text(load_prepared(prepared_dir))

    def ours(name: str) -> bool:
        return is_export_file(name) or name in _FILES

    with new_directory(out, replaceable=ours, overwrite=overwrite) as directory:
        for file in staged.iterdir():
            shutil.copyfile(file, directory / file.name)
        (directory / CARD).write_bytes(card)
        shutil.copyfile(_licence_text(), directory / LICENCE)
        (directory / HELD_OUT).write_text(text, encoding="utf-8")
        write_json(directory / SOURCES, {"files": sources})
        seal(directory)


def called(out: Path) -> str:
    """Returns the directory as the card names it: the last two parts of its path, as in a checkout."""
    return "/".join(Path(os.path.realpath(out)).parts[-2:])


def without_check(card: str) -> str:
    """Returns the card of a release without its own section."""
    return card.partition(_CHECK_HEADING)[0]


def _how_to_check(out: Path) -> str:
    return _CHECK_HEADING + _CHECK.format(
        model=shlex.quote(called(out)), held_out=HELD_OUT, sources=SOURCES, figures=FIGURES
    )


def _is_same(out: Path, staged: Path) -> bool:
    """Whether `out` holds the same export, apart from the card and additional files."""
    with contextlib.suppress(UserError):
        there, new = read_record(out), read_record(staged)
        exported = {name: digest for name, digest in new.sha256.items() if name != CARD}
        return (there.step, there.meta) == (new.step, new.meta) and exported.items() <= there.sha256.items()
    return False


def _licence_text() -> Path:
    # The package's metadata has it in a checkout and in a wheel.
    files = importlib.metadata.files("codelm-jax") or ()
    return next(Path(str(file.locate())) for file in files if file.name == LICENCE)
