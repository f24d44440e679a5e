"""How every command starts: flags, the config file, and one clear line with exit status 2 for a mistake of the user's."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from absl import app, flags
from ml_collections import config_flags

from codelm_jax.errors import UserError

EXIT_USAGE = 2


def define_config(default: str | None = None) -> flags.FlagHolder:
    """Defines `--config=FILE` with `--config.key=value` overrides; unknown keys are errors.

    A bare name (`--config=tiny`) means the config of that name that the package ships.
    """
    return config_flags.DEFINE_config_file(
        "config", default, "Config file, e.g. configs/strongreg.py.", lock_config=True
    )


def run(main: Callable[..., int | None], *, positional: bool = False) -> None:
    """Parses the command line, calls `main` and exits.

    Args:
        main: called without arguments (with the list of positional ones where `positional`); may return an exit status.
        positional: whether the command takes arguments without dashes. Where it does not, one is an error: absl would
            ignore `config.max_steps=5`, and train with the default.
    """

    def checked(argv: Sequence[str]) -> int:
        try:
            status = main(list(argv[1:])) if positional else main()
        except UserError as error:
            return _fail(str(error))
        return status or 0

    def parse(argv: Sequence[str]) -> list[str]:
        try:
            rest = flags.FLAGS([argv[0], *(_packaged_config(word) for word in argv[1:])])
            # Flags are checked lazily by config files: ask for each, so that errors come before any work.
            for name in flags.FLAGS:
                flags.FLAGS[name].value  # noqa: B018
        except Exception as error:
            sys.exit(_fail(_explain(error)))
        if len(rest) > 1 and not positional:
            word = rest[1]
            hint = f"; did you mean --{word}?" if "=" in word else ""
            sys.exit(_fail(f"unexpected argument {word!r}{hint}"))
        return rest

    app.run(checked, flags_parser=parse)


def _fail(message: str) -> int:
    print(f"error: {' '.join(message.split())}", file=sys.stderr)
    return EXIT_USAGE


def _packaged_config(word: str) -> str:
    for prefix in ("--config=", "-config="):
        name = word.removeprefix(prefix)
        if name != word and name.isidentifier():
            shipped = _configs_dir() / f"{name}.py"
            if shipped.is_file():
                return f"{prefix}{shipped}"
    return word


def _configs_dir() -> Path:
    from codelm_jax import configs  # pyright: ignore[reportAttributeAccessIssue]

    return Path(next(iter(configs.__path__)))


def _explain(error: Exception) -> str:
    if isinstance(error, flags.Error):
        return f"{error} (--help lists the flags)"
    if isinstance(error, AttributeError | KeyError):
        return f"{_first_line(error)} (no such config key: the config file lists them)"
    return f"{type(error).__name__}: {_first_line(error)}"


def _first_line(error: Exception) -> Any:
    return str(error.args[0] if error.args else error).strip().splitlines()[0]
