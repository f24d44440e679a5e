"""One command of the package, run many times in one process of its own: Python and JAX start once."""

import contextlib
import importlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from absl import flags


class CommandProcess:
    """Starts the process with `with`; each call runs the command as if for the first time.

    Args:
        command: name of a module of `codelm_jax.commands`.
        blocked: modules that the command must not need: importing one fails.
    """

    def __init__(self, command: str, *, blocked: tuple[str, ...] = ()):
        self._start = [sys.executable, __file__, command, *blocked]

    def __enter__(self) -> "CommandProcess":
        self._process = subprocess.Popen(
            self._start,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[1],
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=60)

    def __call__(self, *arguments: object, cwd: Path | str = ".") -> subprocess.CompletedProcess[str]:
        """Returns exit status, output and errors; a traceback is the exit status."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps([str(cwd), *map(str, arguments)]) + "\n")
        self._process.stdin.flush()
        return subprocess.CompletedProcess(list(arguments), *json.loads(self._process.stdout.readline()))


def _outcome(run: Any, directory: str, arguments: list[str]) -> tuple[object, str, str]:
    os.chdir(directory)
    for name in list(flags.FLAGS):
        if name.startswith("config."):
            delattr(flags.FLAGS, name)  # overrides of the command before
        else:
            flags.FLAGS[name].unparse()
    sys.argv = ["command.py", *arguments]
    status: object = 0
    with (
        contextlib.redirect_stdout(io.StringIO()) as output,
        contextlib.redirect_stderr(io.StringIO()) as errors,
    ):
        try:
            run()
        except SystemExit as end:
            status = end.code or 0
        except BaseException as error:
            status = f"{type(error).__name__}: {error}"
    return status, output.getvalue(), errors.getvalue()


def _serve(command: str, blocked: list[str]) -> None:
    # Nothing else may write where the outcomes go.
    outcomes = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    sys.modules.update(dict.fromkeys(blocked))
    run = importlib.import_module(f"codelm_jax.commands.{command}").run
    for line in sys.stdin:
        directory, *arguments = json.loads(line)
        print(json.dumps(_outcome(run, directory, arguments)), file=outcomes, flush=True)


if __name__ == "__main__":
    _serve(sys.argv[1], sys.argv[2:])
