"""The users and sets of layers that the sandbox is tested with, and a copy of the package that every user may run."""

import errno
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
from typing import Any

from codelm_jax.sandbox import linux, seccomp

HERE = pathlib.Path(__file__).parent
ROOT = HERE.parents[1]
ORDINARY_USER = 65_534
_LANDLOCK_CREATE_RULESET = 444
_WITHOUT_LANDLOCK = " without landlock"


def users():
    """Root, where the tests run as root, and an ordinary user."""
    return [0, ORDINARY_USER] if os.geteuid() == 0 else [os.geteuid()]


def name_of(user):
    return "user" if user else "root"


def isolations(user):
    """The kinds of isolation that this machine offers the sandbox of `user`; arguments of `enter`."""
    kinds = ["namespaces", f"namespaces{_WITHOUT_LANDLOCK}"] if _has_namespaces(user) else []
    return [*kinds, *(["bubblewrap"] if shutil.which("bwrap") else []), "none"]


def enter(isolation):
    """Restricts this process to such a machine, and returns the `isolation` of the sandbox; `auto` changes nothing."""
    if isolation.endswith(_WITHOUT_LANDLOCK):
        linux.forbid_new_privileges()
        program = seccomp.denying_filter(linux.architecture(), [(_LANDLOCK_CREATE_RULESET, errno.ENOSYS)])
        seccomp.install(seccomp.assemble(program))
        isolation = isolation.removesuffix(_WITHOUT_LANDLOCK)
    return ("namespaces", "bubblewrap", "none") if isolation == "auto" else (isolation,)


def interpreter(user):
    """A Python 3.11 or later that `user` may run; the tests' own may lie in a private directory. None if there is none."""
    if user == os.geteuid():
        return sys.executable
    for candidate in (os.path.realpath(sys.executable), "/usr/bin/python3", "/usr/local/bin/python3"):
        try:
            done = subprocess.run(
                [candidate, "-I", "-c", "import sys; sys.exit(sys.version_info < (3, 11))"],
                cwd="/",
                capture_output=True,
                check=False,
                **_switch(user),
            )
        except OSError:
            continue
        if done.returncode == 0:
            return candidate
    return None


class Place:
    """A directory with the package and the test programs in it, where one user may do anything."""

    def __init__(self, user, prefix):
        self.user = user
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix=f"{prefix}-"))
        self.directory.chmod(0o777)
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(
            ROOT / "codelm_jax" / "sandbox", self.directory / "codelm_jax" / "sandbox", ignore=ignored
        )
        shutil.copy(ROOT / "codelm_jax" / "__init__.py", self.directory / "codelm_jax")
        shutil.copytree(HERE / "attacks", self.directory / "attacks", ignore=ignored)
        for program in ("circumstances.py", "canonical.py"):
            shutil.copy(HERE / program, self.directory)
        subprocess.run(["chmod", "-R", "a+rX", self.directory], check=True)

    def run(self, module, *arguments):
        """Runs `python -m module` as the user, and returns what it wrote to standard error."""
        python = interpreter(self.user)
        assert python is not None
        done = subprocess.run(
            [python, "-B", "-m", module, *arguments],
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(self.directory),
                "TMPDIR": str(self.directory),
            },
            cwd=self.directory,
            capture_output=True,
            text=True,
            check=False,
            **_switch(self.user),
        )
        return done.stderr

    def close(self):
        shutil.rmtree(self.directory, ignore_errors=True)


def _has_namespaces(user):
    own = ["--user"] if user else []
    try:
        done = subprocess.run(
            ["unshare", *own, "--pid", "--net", "true"], cwd="/", capture_output=True, **_switch(user)
        )
    except FileNotFoundError:
        return True
    return done.returncode == 0


def _switch(user) -> dict[str, Any]:
    return {} if user == os.geteuid() else {"user": user, "group": user, "extra_groups": []}
