"""Starts a command from a checkout, installed or not; standard library only, so that it can report a missing package."""

import importlib
import sys
from pathlib import Path

_EXIT_USAGE = 2


def run(command: str) -> None:
    """Runs `codelm_jax.commands.<command>`, or says in one line how to install a missing package."""
    try:
        module = importlib.import_module(f"codelm_jax.commands.{command}")
    except ModuleNotFoundError as error:
        if not error.name or error.name.partition(".")[0] == "codelm_jax":
            raise
        root = Path(__file__).parents[1]
        print(
            f"error: the package {error.name} is not installed: run `make setup` in {root} and use .venv/bin/python, "
            f"or `pip install -e {root}`",
            file=sys.stderr,
        )
        sys.exit(_EXIT_USAGE)
    module.run()
