"""Starts a command: flags, the config file, one clear line for a mistake of the user; and calls one command from another."""

import errno
import io
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from absl import app, flags, logging
from ml_collections import config_flags
from ml_collections.config_flags import get_config_filename

from codelm_jax.command_mistakes import config_argument, explain, missing_config
from codelm_jax.config_files import configs_directory
from codelm_jax.errors import NO_ROOM, UserError
from codelm_jax.launch import module_command

EXIT_USAGE = 2
EXIT_KEYBOARD_INTERRUPT = 128 + signal.SIGINT  # the status that a shell gives
EXIT_TERMINATED = 128 + signal.SIGTERM
EXIT_BROKEN_PIPE = 128 + signal.SIGPIPE


def define_config() -> flags.FlagHolder:
    """Defines `--config=FILE` with `--config.key=value` overrides; unknown keys are errors.

    A bare name (`--config=tiny`) means the config of that name in `configs/`; `FILE:ARGUMENT` calls the file's
    `get_config` with the argument.
    """
    return config_flags.DEFINE_config_file(
        "config", None, "Config file, e.g. configs/strongreg.py.", lock_config=True
    )


def config_name() -> str:
    """The name of the given config file, without directory, suffix and argument."""
    return _config_file().stem


def run(main: Callable[..., int | None], *, positional: bool = False) -> None:
    """Parses the command line, calls `main` and exits.

    Args:
        main: called without arguments (with the list of positional ones where `positional`); may return an exit status.
        positional: whether the command takes arguments without dashes. Where it does not, one is an error: absl would
            ignore `config.max_steps=5`, and train with the default.
    """

    def checked(argv: Sequence[str]) -> int:
        logging.set_verbosity(logging.WARNING)
        return _exit_status(lambda: main(list(argv[1:])) if positional else main())

    def parse(argv: Sequence[str]) -> list[str]:
        words = list(argv[1:])
        if any(word in ("--help", "-help", "-h") for word in words):
            sys.exit(_exit_status(lambda: print(_help(main))))
        try:
            # Files named by --flagfile are read here: they may hold --config.
            words = _with_packaged_config(flags.FLAGS.read_flags_from_files(words, force_gnu=False))
            _require_config_file(words)
            rest = flags.FLAGS([argv[0], *words])
            _require_config()
        except Exception as error:
            sys.exit(_fail(explain(error, words)))
        if len(rest) > 1 and not positional:
            word = rest[1]
            hint = f"; did you mean --{word}?" if "=" in word else ""
            sys.exit(_fail(f"unexpected argument {word!r}{hint}"))
        return rest

    app.run(checked, flags_parser=parse)


def _exit_status(work: Callable[[], int | None]) -> int:
    """Calls `work`; turns the mistakes and interruptions that a user may cause into one line and an exit status."""
    _print_any_character()
    try:
        status = work()
        sys.stdout.flush()
    except UserError as error:
        return _fail("; ".join([str(error), *getattr(error, "__notes__", [])]))
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return EXIT_KEYBOARD_INTERRUPT
    except BrokenPipeError:
        # The reader, such as `head`, has closed the pipe; what is left in the buffer has nowhere to go.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_BROKEN_PIPE
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        where = f"{error.filename}: " if error.filename else ""
        if error.errno == errno.EFBIG:
            return _fail(
                f"{where}larger than files may be here; raise the limit (ulimit -f) and run it again"
            )
        return _fail(f"{where}the disk is full; free space and run the same command again")
    return status or 0


def call(command: str, *arguments: str) -> int:
    """Prints and runs another of the package's commands in a separate process; returns its exit status.

    SIGTERM is passed on, because `kill` or a scheduler sends it to the caller only.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed; raised once the command has ended.
    """
    print(f"--- {command} {' '.join(arguments)}", flush=True)
    stopped = False

    def stop(*_: Any) -> None:
        nonlocal stopped
        stopped = True
        process.terminate()

    with subprocess.Popen([*module_command(f"codelm_jax.commands.{command}"), *arguments]) as process:
        before = signal.signal(signal.SIGTERM, stop)
        try:
            status = process.wait()
        except KeyboardInterrupt:
            # The terminal sent the signal to the command as well, which may still be saving.
            process.wait()
            raise
        finally:
            signal.signal(signal.SIGTERM, before)
    if status < 0:
        return 128 - status  # ended by a signal
    return status or (EXIT_TERMINATED if stopped else 0)


def _print_any_character() -> None:
    """Prints escapes for characters that the terminal's encoding lacks, where Python would raise."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _fail(message: str) -> int:
    print(f"error: {' '.join(message.split())}", file=sys.stderr)
    return EXIT_USAGE


def _with_packaged_config(words: Sequence[str]) -> list[str]:
    """The command line with a bare name after `--config` replaced by the file in `configs/`."""
    return [_packaged_config(word, before) for before, word in zip(["", *words][:-1], words, strict=True)]


def _packaged_config(word: str, before: str) -> str:
    match = re.fullmatch(r"(--?config=|)(\w+)", word)
    if match and (match[1] or before in ("--config", "-config")):
        shipped = configs_directory() / f"{match[2]}.py"
        if shipped.is_file():
            return f"{match[1]}{shipped}"
    return word


def _help(main: Callable[..., int | None]) -> str:
    """The command's docstring and flags; absl finds neither for a console command, and exits with 1."""
    module = sys.modules[main.__module__]
    flags_of = sys.argv[0] if main.__module__ == "__main__" else main.__module__
    return f"{(module.__doc__ or '').strip()}\n\n{flags.FLAGS.module_help(flags_of)}"


def _require_config_file(words: Sequence[str]) -> None:
    """Refuses a missing file here: absl would report it as an error of the first overridden key."""
    argument = config_argument(words)
    if "config" not in flags.FLAGS:
        return
    if not argument:
        raise UserError("--config=FILE is missing, e.g. --config=configs/tiny.py")
    file = Path(argument.partition(":")[0])
    if not file.is_file():
        raise UserError(missing_config(file, configs_directory()))


def _require_config() -> None:
    """Refuses a `get_config` that returns nothing; it would fail only later, with an unrelated error."""
    if "config" in flags.FLAGS and flags.FLAGS["config"].value is None:
        raise UserError(f"--config={_config_file()}: get_config() returned nothing")


def _config_file() -> Path:
    # The part after a colon is the argument of get_config.
    return Path(get_config_filename(flags.FLAGS["config"]).partition(":")[0])
