import signal
import subprocess
import sys

import pytest

from codelm_jax.atomic import atomic_writer, remove_leftovers, write_atomically, write_json

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


def test_the_next_writer_writes_over_what_a_killed_one_left(tmp_path, under_way):
    under_way.send_signal(signal.SIGKILL)
    under_way.wait()
    assert names(tmp_path) == [".file.tmp"]
    write_atomically(tmp_path / "file", b"new")
    assert names(tmp_path) == ["file"]
    assert (tmp_path / "file").read_bytes() == b"new"


def test_only_what_nobody_writes_any_more_is_a_leftover(tmp_path, under_way):
    (tmp_path / ".other.tmp").write_bytes(b"left")
    remove_leftovers(tmp_path)
    assert names(tmp_path) == [".file.tmp"]
    under_way.kill()
    under_way.wait()
    remove_leftovers(tmp_path)
    assert names(tmp_path) == []


SEVERAL_WRITES = """
import sys
from pathlib import Path
from codelm_jax.atomic import write_atomically
for i in range(150):
    write_atomically(Path(sys.argv[1]), sys.argv[2].encode() * (1 + i % 3) * 5000)
"""


def test_writers_of_one_file_take_turns(tmp_path):
    path = tmp_path / "file"
    writers = [
        subprocess.Popen([sys.executable, "-c", SEVERAL_WRITES, str(path), letter], stderr=subprocess.PIPE)
        for letter in "abc"
    ]
    while any(writer.poll() is None for writer in writers):
        content = path.read_bytes() if path.exists() else b""
        assert len(set(content)) <= 1
        assert len(content) % 5000 == 0
    assert [(writer.returncode, writer.stderr.read()) for writer in writers] == [(0, b"")] * 3
    for writer in writers:
        writer.stderr.close()
    assert names(tmp_path) == ["file"]
