"""Hundreds of bad source files among good ones: every one is counted under its reason, none crashes or blocks."""

import collections
import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from command_process import ROOT
from data.source_trees import python_source, write_packages
from faults.bad_sources import MAX_FILE_BYTES, MAX_LINE_LENGTH, SPECIAL, contents, other
from faults.training_command import TINY

pytestmark = pytest.mark.faults

# Root may read everything, unless it gives that up.
AS_ANY_USER = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
PACKAGES, FILES = 20, 4
ODD_NAMES = [
    "-.py",
    ".py",
    ".hidden.py",
    "two words.py",
    "line\nend.py",
    "né.py",
    os.fsdecode(b"\xff.py"),
    "n" * 250 + ".py",
]


def write_bad_files(source: Path, count: int, rng: random.Random) -> collections.Counter:
    """Scatters `count` bad files and some good ones among the packages; returns how many there are by reason."""
    originals = [python_source(1000 * package + file) for package in range(PACKAGES) for file in range(FILES)]
    expected: collections.Counter = collections.Counter()
    while expected.total() - expected[""] < count:
        for reason, content in contents(rng, originals):
            place(source, rng, expected.total()).write_bytes(content)
            expected[reason] += 1
        for reason, make in SPECIAL:
            make(place(source, rng, expected.total()))
            expected[reason] += 1
        for name in ODD_NAMES:
            directory = place(source, rng, expected.total())  # a directory with the name of a file
            directory.mkdir()
            (directory / name).write_bytes(other(rng))
            expected[""] += 1
    return expected


def place(source: Path, rng: random.Random, number: int) -> Path:
    return source / f"package_{rng.randrange(PACKAGES):02}" / f"file_{number}.py"


@pytest.fixture
def removable(tmp_path):
    """A directory for files that may not be read, which are made readable again so that they can be removed."""
    yield tmp_path
    subprocess.run(["chmod", "--recursive", "u+rwX", tmp_path], check=True)


@pytest.mark.skipif(not shutil.which("setpriv"), reason="root reads unreadable files; setpriv is missing")
def test_500_bad_source_files_are_each_counted_under_their_reason(removable):
    source = write_packages(removable / "src", PACKAGES, FILES)
    expected = write_bad_files(source, 500, random.Random(3))
    command = [
        *(AS_ANY_USER if os.geteuid() == 0 else []),
        sys.executable,
        "scripts/prepare_data.py",
        f"--config={TINY}",
        "--config.data.source=directories",
        f"--config.data.directories=('{source}',)",
        f"--config.data.prepared_dir={removable / 'prepared'}",
        f"--config.data.max_file_bytes={MAX_FILE_BYTES}",
        f"--config.data.max_line_length={MAX_LINE_LENGTH}",
        "--config.model.vocab_size=400",
    ]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120
    )
    assert done.returncode == 0, done.stderr
    manifest = json.loads((removable / "prepared" / "manifest.json").read_text())
    kept = expected.pop("")
    assert manifest["skipped"] == expected
    assert len(manifest["files"]) == kept + PACKAGES * FILES
    assert manifest["found_files"] == expected.total() + kept + PACKAGES * FILES
    reasons = ", ".join(f"{number} {reason}" for reason, number in expected.most_common())
    print(
        f"{expected.total()} bad source files ({reasons}) among {kept + PACKAGES * FILES} good ones: "
        "0 crashes, 0 hangs, every count exact"
    )
