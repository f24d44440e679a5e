"""The self-test before the first job: a correct program passes, and harmful ones are stopped."""

import contextlib
import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Generator

from codelm_jax.sandbox.verdict import Job, SandboxError, Verdict

_GOOD = Job(
    program="def double(values):\n    return [2 * value for value in values]\n",
    check="def check(candidate):\n    assert candidate([1, 2]) == [2, 4]\n",
    entry_point="double",
)
# Each attempt must raise OSError inside the sandbox; {...} are filled with paths and numbers outside.
_ATTEMPTS = {
    "write a file outside": "open({writable!r}, 'w').write('x')",
    "read a file outside": "open({secret!r}).read()",
    "list a directory outside": "__import__('os').listdir({directory!r})",
    "delete a file outside": "__import__('os').remove({secret!r})",
    "change a file's mode outside": "__import__('os').chmod({secret!r}, 0o777)",
    "connect over TCP": "__import__('socket').create_connection(('127.0.0.1', {port}), 1)",
    "connect to a Unix socket": "__import__('socket').socket(1).connect({unix!r})",
    "start a process": "__import__('os').fork() or __import__('os')._exit(0)",
    "replace itself by a program": "__import__('os').execv('/bin/true', ['true'])",
    "signal another process": "__import__('os').kill({victim}, 0)",
    "raise its own limits": "r = __import__('resource'); r.setrlimit(r.RLIMIT_CPU, (60, 60))",
}
_PROGRAM = """
def attempt():
    try:
        {attempt}
    except OSError:
        return "stopped"
    except ValueError:
        return "stopped"
    return "done"
"""
_STOPPED = "def check(candidate):\n    assert candidate() == 'stopped'\n"


def run(judge: Callable[[Job], Verdict], *, only_good: bool) -> None:
    """Judges the self-test's programs.

    Args:
        judge: judges one job.
        only_good: skip the harmful ones, where the caller accepts that nothing stops them.

    Raises:
        SandboxError: names the first expectation that did not hold.
    """
    verdict = judge(_GOOD)
    if not verdict.passed:
        raise SandboxError(
            f"sandbox self-test: a correct program got '{verdict.outcome}'; is the machine out of memory or overloaded?"
        )
    if only_good:
        return
    with _bystanders() as bystanders:
        for name, attempt in _ATTEMPTS.items():
            program = _PROGRAM.format(attempt=attempt.format(**bystanders))
            verdict = judge(Job(program=program, check=_STOPPED, entry_point="attempt"))
            if not verdict.passed:
                raise SandboxError(
                    f"sandbox self-test: generated code could {name} ('{verdict.outcome}') although these layers hold: "
                    f"{', '.join(verdict.layers)}; run on another kernel, or pass allow_unsafe to run anyway"
                )


@contextlib.contextmanager
def _bystanders() -> Generator[dict[str, str | int], None, None]:
    directory = tempfile.mkdtemp(prefix="codelm-selftest-")
    try:
        os.chmod(directory, 0o777)
        secret = os.path.join(directory, "secret")
        with open(secret, "w") as file:
            file.write("secret")
        os.chmod(secret, 0o666)
        with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as unix:
            unix.bind(os.path.join(directory, "unix"))
            unix.listen()
            yield {
                "directory": directory,
                "secret": secret,
                "writable": os.path.join(directory, "new"),
                "port": tcp.getsockname()[1],
                "unix": unix.getsockname(),
                "victim": os.getpid(),
            }
    finally:
        shutil.rmtree(directory)
