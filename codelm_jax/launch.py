"""Runs this checkout's code, installed or not; standard library only, so that it can report a missing package."""

import importlib
import sys
from pathlib import Path

_EXIT_USAGE = 2
_ROOT = Path(__file__).parents[1]


def run(command: str) -> None:
    """Runs `codelm_jax.commands.<command>`, or says in one line how to install a missing package."""
    run_module(f"codelm_jax.commands.{command}")


def run_module(name: str) -> None:
    """Runs the function `run` of a module, or says in one line how to install a missing package."""
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        # A module of this project that is missing is a bug, and keeps its traceback.
        if not error.name or error.name.partition(".")[0] in ("codelm_jax", name.partition(".")[0]):
            raise
        print(
            f"error: the package {error.name} is not installed: run `make setup` in {_ROOT} and use .venv/bin/python, "
            f"or `pip install -e {_ROOT}`",
            file=sys.stderr,
        )
        sys.exit(_EXIT_USAGE)
    module.run()


def module_command(module: str) -> list[str]:
    """The start of a command line that runs a module of this checkout in a separate process.

    `python -m` would prefer a package in the current directory or an installed one.
    """
    code = f"import runpy, sys; sys.path.insert(0, {str(_ROOT)!r}); runpy.run_module({module!r}, run_name='__main__', alter_sys=True)"
    return [sys.executable, "-P", "-c", code]
