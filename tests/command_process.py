"""Runs many invocations of one command in one process: importing JAX and compiling are paid once.

    python tests/command_process.py train [BLOCKED ...]

Reads lines of JSON, each `[directory, arguments]`, and answers each with a line: status, output and errors.
"""

import contextlib
import importlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

from absl import flags

ROOT = Path(__file__).parents[1]
# Set for every process that trains, so that they share compiled programs and give the same bits.
ENVIRONMENT = {"JAX_NUM_CPU_DEVICES": "2", "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"}


class Finished(NamedTuple):
    """How one invocation ended; an exception that is not caught has its name in place of the status."""

    status: int | str
    output: str
    errors: str


class CommandProcess:
    """A process that runs one command of the package as often as it is asked to.

    Args:
        command: a module of `codelm_jax.commands`.
        blocked: modules that the command must not need: importing one fails.
    """

    def __init__(self, command: str, blocked: Sequence[str] = ()):
        self._process = subprocess.Popen(
            [sys.executable, __file__, command, *blocked],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **ENVIRONMENT},
        )

    def __enter__(self) -> "CommandProcess":
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def run(self, *arguments: object, directory: Path = ROOT) -> Finished:
        """Runs the command with `arguments` in `directory`."""
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps([str(directory), [*map(str, arguments)]]), file=self._process.stdin, flush=True)
        return Finished(*json.loads(self._process.stdout.readline()))

    def run_all(
        self, invocations: Iterable[Sequence[object]], directories: Iterable[Path] | None = None
    ) -> list[Finished]:
        """Runs one after another, each in the repository or in its own directory."""
        if directories is None:
            return [self.run(*arguments) for arguments in invocations]
        pairs = zip(invocations, directories, strict=True)
        return [self.run(*arguments, directory=directory) for arguments, directory in pairs]


def result_of(command: Any, directory: str, arguments: list[str]) -> Finished:
    """Runs a module of `codelm_jax.commands` in this process, as if for the first time."""
    os.chdir(directory)
    for name in list(flags.FLAGS):
        if name.startswith("config."):
            delattr(flags.FLAGS, name)  # overrides of the invocation before
        else:
            flags.FLAGS[name].unparse()
    # ml_collections would run the next config file in the namespace of the last one.
    sys.modules.pop("config_config", None)
    sys.argv = [f"scripts/{command.__name__.rpartition('.')[2]}.py", *arguments]
    status: Any = 0
    with (
        contextlib.redirect_stdout(io.StringIO()) as output,
        contextlib.redirect_stderr(io.StringIO()) as errors,
    ):
        try:
            command.run()
        except SystemExit as end:
            status = end.code or 0
        except BaseException as error:  # what would be a traceback
            status = f"{type(error).__name__}: {error}"
    return Finished(status, output.getvalue(), errors.getvalue())


def main() -> None:
    """Answers until the other side closes the pipe."""
    for blocked in sys.argv[2:]:
        cast(Any, sys.modules)[blocked] = None
    module = importlib.import_module(f"codelm_jax.commands.{sys.argv[1]}")
    # What a library writes to descriptor 1 must not get between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    for line in sys.stdin:
        print(json.dumps(result_of(module, *json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
