"""One line for a command line that can't be parsed: the mistake, and the likely intention."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from absl import flags

from codelm_jax.errors import UserError, did_you_mean
from codelm_jax.schema import flattened


def explain(error: Exception, words: Sequence[str]) -> str:
    """The line for the user.

    Args:
        error: raised while the flags and the config file were parsed.
        words: of the command line, without the command.
    """
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, flags.UnrecognizedFlagError):
        hint = did_you_mean(error.flagname, _flags_and_keys(words))
        return f"unknown flag --{error.flagname}{hint}; --help lists the flags"
    if isinstance(error, flags.Error) and "Traceback" in str(error):
        # Raised in the config file; the last line of the traceback names the cause.
        return f"{str(error).partition(': ')[0]}: {str(error).strip().splitlines()[-1]}"
    if isinstance(error, flags.Error):
        return f"{error} (--help lists the flags)"
    file = config_argument(words)
    if isinstance(error, AttributeError | KeyError) and (unknown := _unknown_keys(words)):
        return f"{'; '.join(unknown)}; configs/strongreg.py lists all keys"
    return f"--config={file}: {type(error).__name__}: {_first_line(error)}"


def missing_config(file: Path, shipped: Path) -> str:
    """Says that a config file is missing, with a hint at the likely one.

    Args:
        file: the missing file.
        shipped: directory of the project's configs, where a bare name is looked up.
    """
    if file.name == str(file):
        hint = did_you_mean(file.name, [path.stem for path in shipped.glob("[!_]*.py")])
    else:
        hint = did_you_mean(file.name, {path.name: str(path) for path in file.parent.glob("*.py")})
    return f"--config={file}: no such file{hint}"


def config_argument(words: Sequence[str]) -> str:
    """The FILE of `--config=FILE` or `--config FILE`; empty if there is none."""
    for word, following in zip(words, [*words, ""][1:], strict=True):
        if match := re.fullmatch(r"--?config(?:=(.*))?", word, re.DOTALL):
            return following if match[1] is None else match[1]
    return ""


def _unknown_keys(words: Sequence[str]) -> list[str]:
    """One message for each `--config.KEY=VALUE` whose key does not exist; [] if the config itself can't be read."""
    known = _config_keys(words)
    given = [match[1] for word in words if (match := re.match(r"--?(?:no)?config\.([^=]*)", word))]
    by_last_part = {_last_part(key): f"config.{key}" for key in known}
    return [
        # By the last part: a section is left out or mistaken more often than a name is mistyped.
        f"config.{key}: no such config key{did_you_mean(_last_part(key), by_last_part)}"
        for key in dict.fromkeys(given)
        if known and key not in known
    ]


def _flags_and_keys(words: Sequence[str]) -> dict[str, str]:
    """Names that a mistyped flag may have meant -> how they are written."""
    keys = {_last_part(key): f"--config.{key}" for key in _config_keys(words)}
    return keys | {name: f"--{name}" for name in flags.FLAGS if "." not in name}


def _config_keys(words: Sequence[str]) -> list[str]:
    """All keys of the given config file, including its sections; [] if it can't be read."""
    file = config_argument(words)
    if not file or "config" not in flags.FLAGS:
        return []
    try:
        # Without the overrides, so the mistake in them is not repeated here.
        parser = cast(Any, flags.FLAGS["config"]).parser
        keys = list(flattened(parser.parse(file).to_dict()))
    except Exception:  # the file runs the user's code, which may raise anything
        return []
    sections = dict.fromkeys(key.rpartition(".")[0] for key in keys if "." in key)
    return [*sections, *keys]


def _last_part(key: str) -> str:
    return key.rpartition(".")[2]


def _first_line(error: Exception) -> str:
    return str(error.args[0] if error.args else error).strip().splitlines()[0]
