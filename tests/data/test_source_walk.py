"""Laws of the walk over a project: which files are its sources, and under which reason all others are counted."""

import os
from collections import Counter

import pytest
from source_trees import python_source, quiet

from codelm_jax.preparation import source_walk
from codelm_jax.preparation.sources.directories import Directories

NOT_OF_THE_PROJECT = {
    "venv/pyvenv.cfg": source_walk.VIRTUAL_ENVIRONMENT,
    ".venv/pyvenv.cfg": source_walk.VIRTUAL_ENVIRONMENT,
    "tools/any_name/pyvenv.cfg": source_walk.VIRTUAL_ENVIRONMENT,
    "conda/conda-meta/history": source_walk.VIRTUAL_ENVIRONMENT,
    "old/lib/python2.7/site-packages/README": source_walk.INSTALLED,
    "debian/dist-packages/README": source_walk.INSTALLED,
    "pdm/__pypackages__/README": source_walk.INSTALLED,
    "target/thing-1.0.dist-info/RECORD": source_walk.INSTALLED,
    "build/README": source_walk.BUILT,
    "inner/dist/README": source_walk.BUILT,
    "thing-1.0.egg/README": source_walk.BUILT,
    "app/__pycache__/README": source_walk.BUILT,
    "app/_vendor/README": source_walk.VENDORED,
    "third_party/README": source_walk.VENDORED,
    "web/node_modules/README": source_walk.VENDORED,
    ".tox/README": source_walk.HIDDEN,
}
MARKS_DEEPER = ("conda-meta/history", "thing-1.0.dist-info/RECORD")


def found_in(root):
    found = Directories((str(root),)).find(0, quiet)
    return {candidate.name for candidate in found.candidates}, dict(found.skipped)


def write(path, text=""):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_code_that_others_wrote_or_a_tool_made_is_counted_and_never_taken(tmp_path):
    expected: Counter[str] = Counter()
    for mark, reason in NOT_OF_THE_PROJECT.items():
        write(tmp_path / mark)
        folder = next(
            (tmp_path / mark.removesuffix(deep) for deep in MARKS_DEEPER if mark.endswith(deep)), None
        )
        folder = folder or (tmp_path / mark).parent
        write(folder / "lib" / "deep" / "other.py", python_source(0))
        write(folder / "__init__.pyi")
        expected[reason] += 1
    write(tmp_path / "app" / "own.py", python_source(1))
    names, skipped = found_in(tmp_path)
    assert names == {"own.py"}
    assert skipped == expected


def test_packages_of_the_project_keep_names_that_tools_use_too(tmp_path):
    for package in ("build", "dist"):
        write(tmp_path / "app" / package / "__init__.py")
    write(tmp_path / "app" / "venv" / "creation.py")
    write(tmp_path / "app" / "app.egg-info" / "PKG-INFO")
    names, skipped = found_in(tmp_path)
    assert names == {"build/__init__.py", "dist/__init__.py", "venv/creation.py"}
    assert skipped == {}


@pytest.mark.parametrize("name", ["site-packages", "vendor", "build", ".hidden", "venv"])
def test_a_folder_that_the_user_names_is_taken_whatever_it_is(tmp_path, name):
    write(tmp_path / name / "own" / "a.py")
    write(tmp_path / name / "pyvenv.cfg")
    write(tmp_path / name / "own-1.0.dist-info" / "RECORD")
    assert found_in(tmp_path / name) == ({"a.py"}, {})


def test_what_looks_like_python_and_is_not_read_is_counted_by_kind(tmp_path):
    for name in (
        "types.pyi",
        "window.pyw",
        "fast.pyx",
        "OLD.PY",
        "NOTES.IPYNB",
        "script.sh",
        "empty.txt",
        "data.json",
    ):
        write(tmp_path / name, "#!/usr/bin/env python3\n")
    write(tmp_path / "manage", "#!/usr/bin/env python3\nimport os\n")
    write(tmp_path / "run", "#!/bin/sh\necho python\n")
    write(tmp_path / "LICENSE", "No python3.\n")
    write(tmp_path / "empty")
    os.mkfifo(tmp_path / "pipe")
    write(tmp_path / "app" / "a.py")
    (tmp_path / "folder_link").symlink_to(tmp_path / "app")
    (tmp_path / "folder_link.py").symlink_to(tmp_path / "app")
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "file_link").symlink_to(tmp_path / "LICENSE")
    (tmp_path / "dangling").symlink_to("nowhere")
    assert found_in(tmp_path) == (
        {"a.py"},
        {
            "type stub (.pyi)": 1,
            "window script (.pyw)": 1,
            "Cython (.pyx, .pxd)": 1,
            source_walk.CAPITALS: 2,
            source_walk.SCRIPT: 1,
            source_walk.FOLDER_LINK: 3,
        },
    )
