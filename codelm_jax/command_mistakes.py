"""One line for a command line that can't be parsed: what is wrong with it, and what was probably meant."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from absl import flags

from codelm_jax.errors import UserError, did_you_mean
from codelm_jax.schema import flattened


def explain(error: Exception, words: Sequence[str]) -> str:
    """What to tell the user.

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
        # From inside the config file; its last line says what went wrong.
        return f"{str(error).partition(': ')[0]}: {str(error).strip().splitlines()[-1]}"
    if isinstance(error, flags.Error):
        return f"{error} (--help lists the flags)"
    file = config_argument(words)
    if isinstance(error, AttributeError | KeyError) and (unknown := _unknown_keys(words)):
        return f"{'; '.join(unknown)}; configs/strongreg.py lists all keys"
    return f"--config={file}: {type(error).__name__}: {_first_line(error)}"


def missing_config(file: Path, shipped: Path) -> str:
    """Says that a config file is missing, with a hint at the one that was meant.

    Args:
        file: that is missing.
        shipped: the directory of the package's configs, which a bare name means.
    """
    if file.name == str(file):
        hint = did_you_mean(file.name, [path.stem for path in shipped.glob("[!_]*.py")])
    else:
        hint = did_you_mean(file.name, {path.name: str(path) for path in file.parent.glob("*.py")})
    return f"--config={file}: no such file{hint}"


def config_argument(words: Sequence[str]) -> str:
    """What was given as `--config=FILE` or `--config FILE`; empty where nothing was."""
    for word, following in zip(words, [*words, ""][1:], strict=True):
        if match := re.fullmatch(r"--?config(?:=(.*))?", word, re.DOTALL):
            return following if match[1] is None else match[1]
    return ""


def _unknown_keys(words: Sequence[str]) -> list[str]:
    """Says of each `--config.KEY=VALUE` whose key the config lacks; [] where the config itself can't be read."""
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
    """What a mistyped flag may have meant -> how it is written."""
    keys = {_last_part(key): f"--config.{key}" for key in _config_keys(words)}
    return keys | {name: f"--{name}" for name in flags.FLAGS if "." not in name}


def _config_keys(words: Sequence[str]) -> list[str]:
    """All keys of the config file given, its sections included; [] where there is none that can be read."""
    file = config_argument(words)
    if not file or "config" not in flags.FLAGS:
        return []
    try:
        # Overrides are not applied here, so the mistake in them does not occur again.
        parser = cast(Any, flags.FLAGS["config"]).parser
        keys = list(flattened(parser.parse(file).to_dict()))
    except Exception:  # the file runs the user's code, which may raise anything; a hint is not worth an error
        return []
    sections = dict.fromkeys(key.rpartition(".")[0] for key in keys if "." in key)
    return [*sections, *keys]


def _last_part(key: str) -> str:
    return key.rpartition(".")[2]


def _first_line(error: Exception) -> str:
    return str(error.args[0] if error.args else error).strip().splitlines()[0]
