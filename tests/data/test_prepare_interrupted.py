"""Preparations that are stopped, killed or run twice at a time, and where their result lies."""

import dataclasses
import os
import signal
import subprocess
import sys
import threading

import pytest
from source_trees import (
    data_config,
    prepare_quietly,
    write_packages,
)

from codelm_jax.data.prepared import load_prepared
from codelm_jax.errors import UserError


def test_a_directory_of_other_things_is_not_touched(tmp_path):
    write_packages(tmp_path / "src", packages=3)
    (tmp_path / "prepared").mkdir()
    (tmp_path / "prepared" / "thesis.tex").write_text("years of work")
    with pytest.raises(UserError, match="is not prepared data; name another directory"):
        prepare_quietly(data_config(tmp_path))
    assert (tmp_path / "prepared" / "thesis.tex").read_text() == "years of work"


def test_an_interrupted_preparation_leaves_nothing_and_the_next_starts_again(tmp_path):
    write_packages(tmp_path / "src", packages=3)
    for event in ("preparing", "training a tokenizer", "measuring", "train:"):

        def interrupt(line, event=event):
            if isinstance(line, str) and line.startswith(event):
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            prepare_quietly(data_config(tmp_path), interrupt)
        assert sorted(os.listdir(tmp_path)) == ["prepared.lock", "src"]
    assert prepare_quietly(data_config(tmp_path)).train.header.count > 0


PREPARE_AND_STOP = """
import os, sys
from pathlib import Path
from source_trees import data_config
from codelm_jax.preparation.prepare import prepare

def report(event):
    if isinstance(event, str) and event.startswith("measuring"):
        print("here", flush=True)
        sys.stdin.read()

prepare(data_config(Path(sys.argv[1])), vocab_size=400, report=report)
"""


def test_a_killed_preparation_holds_no_lock_and_does_not_look_finished(tmp_path):
    write_packages(tmp_path / "src", packages=3)
    killed = subprocess.Popen(
        [sys.executable, "-c", PREPARE_AND_STOP, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert killed.stdout is not None
    assert killed.stdin is not None
    assert killed.stdout.readline() == b"here\n"
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    killed.stdout.close()
    killed.stdin.close()
    assert (tmp_path / "prepared.partial").exists()
    with pytest.raises(UserError, match=r"manifest.json: cannot read it"):
        load_prepared(tmp_path / "prepared")
    prepare_quietly(data_config(tmp_path))
    assert sorted(os.listdir(tmp_path)) == ["prepared", "prepared.lock", "src"]


PREPARE_AND_REPORT_READING = """
import signal, sys, time
from pathlib import Path
from source_trees import data_config
from codelm_jax.preparation.prepare import prepare
from codelm_jax.data.progress import Advance

signal.signal(signal.SIGTERM, signal.default_int_handler)

def report(event):
    if isinstance(event, Advance):
        print(event.stage, flush=True)
        time.sleep(60)

try:
    prepare(data_config(Path(sys.argv[1])), vocab_size=400, report=report)
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


def test_sigterm_as_an_interrupt_while_sources_are_read_leaves_nothing_and_is_quiet(tmp_path):
    write_packages(tmp_path / "src", packages=3)
    stopped = subprocess.Popen(
        [sys.executable, "-c", PREPARE_AND_REPORT_READING, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert stopped.stdout is not None
    assert stopped.stdout.readline() == b"reading sources\n"
    assert (tmp_path / "prepared.partial").exists()
    stopped.send_signal(signal.SIGTERM)
    # The workers hold standard error: its end says that they are gone too.
    assert stopped.communicate(timeout=60) == (b"interrupted\n", b"")
    assert sorted(os.listdir(tmp_path)) == ["prepared.lock", "src"]


def test_of_two_preparations_one_waits_and_both_get_the_same(tmp_path):
    write_packages(tmp_path / "src", packages=3)
    lines: list[list[object]] = [[], []]
    results = {}

    def work(number):
        results[number] = prepare_quietly(data_config(tmp_path), lines[number].append)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results[0].fingerprint == results[1].fingerprint
    said = [[line for line in own if isinstance(line, str)] for own in lines]
    (builder,) = [own for own in said if any(line.startswith("prepared ") for line in own)]
    (other,) = [own for own in said if own is not builder]
    assert other[-1] == f"using the prepared data in {tmp_path / 'prepared'}"
    assert not any(line.startswith("training a tokenizer") for line in other)


def test_prepared_data_lies_where_a_link_or_a_path_with_dots_leads(tmp_path, monkeypatch):
    write_packages(tmp_path / "src", packages=3)
    for name in ("elsewhere", "cwd"):
        (tmp_path / name).mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    config = data_config(tmp_path)
    fingerprint = prepare_quietly(config).fingerprint
    monkeypatch.chdir(tmp_path / "cwd")
    for place in (tmp_path / "link", "../up", str(tmp_path / "link" / ".." / "beside")):
        for _ in range(2):
            assert (
                prepare_quietly(dataclasses.replace(config, prepared_dir=str(place))).fingerprint
                == fingerprint
            )
    assert {path.name for path in tmp_path.iterdir() if path.is_dir()} >= {"up", "beside", "link"}
    assert (tmp_path / "elsewhere" / "manifest.json").is_file()
    with pytest.raises(UserError, match=r"prepared_dir: \. is there and is not prepared data; name another"):
        prepare_quietly(dataclasses.replace(config, prepared_dir="."))
