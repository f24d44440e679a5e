import signal
import subprocess
import sys

import pytest

from codelm_jax.atomic import atomic_writer, write_atomically, write_json

WRITER_THAT_HANGS = """
import sys, time
from pathlib import Path
from codelm_jax.atomic import atomic_writer
with atomic_writer(Path(sys.argv[1])) as file:
    file.write(b"half")
    file.flush()
    print("under way", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def under_way(tmp_path):
    """Another process in the middle of writing `tmp_path / "file"`."""
    command = [sys.executable, "-c", WRITER_THAT_HANGS, str(tmp_path / "file")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "under way\n"
        yield process
        process.kill()


def names(directory):
    return sorted(path.name for path in directory.iterdir())


def broken_off(path):
    with atomic_writer(path) as file:
        file.write(b"new")
        raise KeyError


def test_what_is_written_is_what_is_read(tmp_path):
    write_json(tmp_path / "file", {"a": [1, None]})
    assert (tmp_path / "file").read_text() == '{\n  "a": [\n    1,\n    null\n  ]\n}\n'


def test_an_error_in_between_leaves_what_was_there(tmp_path):
    write_atomically(tmp_path / "file", b"old")
    with pytest.raises(KeyError):
        broken_off(tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


def test_the_next_writer_removes_what_a_killed_one_left(tmp_path, under_way):
    under_way.send_signal(signal.SIGKILL)
    under_way.wait()
    assert names(tmp_path) == [f".file.{under_way.pid}.tmp"]
    write_atomically(tmp_path / "file", b"whole")
    assert names(tmp_path) == ["file"]


def test_a_writer_under_way_keeps_its_temporary_file(tmp_path, under_way):
    write_atomically(tmp_path / "file", b"whole")
    assert names(tmp_path) == [f".file.{under_way.pid}.tmp", "file"]


def test_names_that_look_like_patterns_are_names(tmp_path):
    other = tmp_path / ".fileb.1.tmp"
    other.write_bytes(b"another's")
    write_atomically(tmp_path / "file[ab]", b"whole")
    assert other.exists()
