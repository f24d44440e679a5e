"""How every command starts: flags, the config file, one clear line for a mistake of the user's; and how one calls another."""

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from absl import app, flags, logging
from ml_collections import config_flags

from codelm_jax.errors import NO_ROOM, UserError

EXIT_USAGE = 2
EXIT_KEYBOARD_INTERRUPT = 128 + signal.SIGINT  # as shells have it
EXIT_TERMINATED = 128 + signal.SIGTERM
EXIT_BROKEN_PIPE = 128 + signal.SIGPIPE


def define_config() -> flags.FlagHolder:
    """Defines `--config=FILE` with `--config.key=value` overrides; unknown keys are errors.

    A bare name (`--config=tiny`) means the config of that name that the package ships; `FILE:ARGUMENT` calls the
    file's `get_config` with the argument.
    """
    return config_flags.DEFINE_config_file(
        "config", None, "Config file, e.g. configs/strongreg.py.", lock_config=True
    )


def config_name() -> str:
    """The name of the config file given, without its directory, ending and argument."""
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
        try:
            status = main(list(argv[1:])) if positional else main()
            sys.stdout.flush()
        except UserError as error:
            return _fail("; ".join([str(error), *getattr(error, "__notes__", [])]))
        except KeyboardInterrupt:
            print("interrupted", file=sys.stderr)
            return EXIT_KEYBOARD_INTERRUPT
        except BrokenPipeError:
            # Who read the output, such as `head`, has enough; what is left in the buffer has nowhere to go.
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

    def parse(argv: Sequence[str]) -> list[str]:
        if any(word in ("--help", "-help", "-h") for word in argv[1:]):
            print(_help(main))
            sys.exit(0)
        try:
            rest = flags.FLAGS([argv[0], *(_packaged_config(word) for word in argv[1:])])
            _require_config()
        except Exception as error:
            sys.exit(_fail(_explain(error, argv)))
        if len(rest) > 1 and not positional:
            word = rest[1]
            hint = f"; did you mean --{word}?" if "=" in word else ""
            sys.exit(_fail(f"unexpected argument {word!r}{hint}"))
        return rest

    app.run(checked, flags_parser=parse)


def call(command: str, *arguments: str) -> int:
    """Runs another of the package's commands in a process of its own, said aloud; returns its exit status.

    SIGTERM is passed on: what sends it, such as `kill` or a scheduler, knows of the caller alone.

    Raises:
        KeyboardInterrupt: Ctrl-C, once the command has ended.
    """
    print(f"--- {command} {' '.join(arguments)}", flush=True)
    stopped = False

    def stop(*_: Any) -> None:
        nonlocal stopped
        stopped = True
        process.terminate()

    with subprocess.Popen([sys.executable, "-m", f"codelm_jax.scripts.{command}", *arguments]) as process:
        before = signal.signal(signal.SIGTERM, stop)
        try:
            status = process.wait()
        except KeyboardInterrupt:
            # The terminal has told the command as well, and it needs a moment to save.
            process.wait()
            raise
        finally:
            signal.signal(signal.SIGTERM, before)
    if status < 0:
        return 128 - status  # ended by a signal: as shells have it
    return status or (EXIT_TERMINATED if stopped else 0)


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


def _help(main: Callable[..., int | None]) -> str:
    """The command's own docstring and flags; absl finds neither behind a console command, and exits with 1."""
    module = sys.modules[main.__module__]
    flags_of = sys.argv[0] if main.__module__ == "__main__" else main.__module__
    return f"{(module.__doc__ or '').strip()}\n\n{flags.FLAGS.module_help(flags_of)}"


def _require_config() -> None:
    """Config files load lazily and report what they miss only when they are first read."""
    if "config" not in flags.FLAGS:
        return
    config = flags.FLAGS["config"]
    if not config.present:
        raise UserError("--config=FILE is missing, e.g. --config=configs/tiny.py")
    file = _config_file()
    if not file.is_file():
        raise UserError(f"--config={file}: no such file")
    if config.value is None:
        raise UserError(f"--config={file}: get_config() returned nothing")


def _config_file() -> Path:
    # What follows a colon is handed to the file's get_config.
    name = getattr(flags.FLAGS["config"], "config_filename", None) or ""
    return Path(name.partition(":")[0])


def _explain(error: Exception, argv: Sequence[str]) -> str:
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, flags.Error) and "Traceback" in str(error):
        # From inside the config file; its last line says what went wrong.
        return f"{str(error).partition(': ')[0]}: {str(error).strip().splitlines()[-1]}"
    if isinstance(error, flags.Error):
        return f"{error} (--help lists the flags)"
    overrides = [
        word.lstrip("-").partition("=")[0] for word in argv if word.lstrip("-").startswith("config.")
    ]
    if isinstance(error, AttributeError | KeyError):
        named = [key for key in overrides if key.rpartition(".")[2] in str(error)]
        if named:
            return f"{named[0]}: no such config key; the config file lists them"
    file = next((word.partition("=")[2] for word in argv if word.lstrip("-").startswith("config=")), "")
    return f"--config={file}: {type(error).__name__}: {_first_line(error)}"


def _first_line(error: Exception) -> Any:
    return str(error.args[0] if error.args else error).strip().splitlines()[0]
