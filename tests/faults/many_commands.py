"""Runs training commands one after another in one process, so that a hundred of them cost seconds, not minutes.

    python tests/faults/many_commands.py < commands.json > results.json

Reads a list of commands, each a directory to run in and a list of arguments; writes for each its exit status, output
and errors.
"""

import contextlib
import io
import json
import os
import sys
from typing import Any

from absl import flags

from codelm_jax.commands import train


def result_of(directory: str, arguments: list[str]) -> dict[str, Any]:
    """What the command does in `directory` when it is given `arguments`, as if it ran for the first time."""
    os.chdir(directory)
    for name in list(flags.FLAGS):
        if name.startswith("config."):
            delattr(flags.FLAGS, name)  # overrides of the command before
        else:
            flags.FLAGS[name].unparse()
    sys.argv = ["scripts/train.py", *arguments]
    status: object = 0
    with (
        contextlib.redirect_stdout(io.StringIO()) as output,
        contextlib.redirect_stderr(io.StringIO()) as errors,
    ):
        try:
            train.run()
        except SystemExit as end:
            status = end.code or 0
        except BaseException as error:  # what would be a traceback
            status = f"{type(error).__name__}: {error}"
    return {"status": status, "output": output.getvalue(), "errors": errors.getvalue()}


if __name__ == "__main__":
    commands = json.load(sys.stdin)
    json.dump([result_of(*command) for command in commands], sys.stdout)
