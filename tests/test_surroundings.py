"""Laws of unusual surroundings: no home directory, a terminal that is not UTF-8, a file system without flock."""

import errno
import fcntl
import os
import subprocess
import sys
from pathlib import Path

import jax
import pytest

from codelm_jax import compilation_cache
from codelm_jax.checkpoint.lock import RunLock
from codelm_jax.errors import UserError
from codelm_jax.generation import interactive
from codelm_jax.preparation import wheels

ROOT = Path(__file__).parents[1]


@pytest.fixture
def without_home(monkeypatch):
    """A user without HOME and without an entry in the password file."""
    for name in ("HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 12345678)


def test_a_user_without_a_home_gets_no_compilation_cache_and_no_history_file(without_home):
    chosen = jax.config.values["jax_compilation_cache_dir"]
    jax.config.update("jax_compilation_cache_dir", None)
    try:
        assert compilation_cache.enable() is None
    finally:
        jax.config.update("jax_compilation_cache_dir", chosen)
    assert not hasattr(interactive._history(), "filename")
    with pytest.raises(UserError, match="set XDG_CACHE_HOME"):
        wheels.cache_directory()


def test_a_command_writes_escapes_to_a_terminal_that_lacks_a_character():
    code = "from codelm_jax import cli; cli.run(lambda: print('caf\\u00e9 \\u2713'))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    assert (done.returncode, done.stdout) == (0, "caf\\xe9 \\u2713\n"), done.stderr


def test_a_file_system_without_flock_is_refused_in_one_line_and_gets_no_other_kind_of_lock(
    tmp_path, monkeypatch
):
    def no_flock(*_):
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))

    monkeypatch.setattr(fcntl, "flock", no_flock)
    with pytest.raises(UserError, match=r"cannot be locked \(Function not implemented\)"):
        RunLock(tmp_path).acquire()


def test_make_clean_keeps_runs_and_clean_runs_asks(tmp_path):
    for name in ("runs/tiny", "data/tiny", ".cache"):
        (tmp_path / name).mkdir(parents=True)
    make = ["make", "--silent", f"--makefile={ROOT / 'Makefile'}"]

    def left(target: str, answer: str) -> set[str]:
        subprocess.run(
            [*make, target], cwd=tmp_path, input=answer, text=True, check=True, capture_output=True
        )
        return {path.name for path in tmp_path.iterdir()}

    assert left("clean", "") == {"runs", "data"}
    assert left("clean-runs", "n\n") == {"runs", "data"}
    assert left("clean-runs", "y\n") == set()
