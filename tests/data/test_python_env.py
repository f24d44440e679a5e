"""The source `python-env`."""

import sysconfig
from pathlib import Path

import numpy as np
import pytest
from source_trees import quiet

from codelm_jax.preparation.sources import python_env
from codelm_jax.preparation.sources.python_env import PythonEnvironment


@pytest.mark.parametrize(
    ("metadata", "record"),
    [
        (None, None),
        (b"", None),
        (b"\xff", None),
        (b"Version: 1\n", None),
        (b"Name: whole\n", b"a,b,c,d,e\n\n\xff"),
    ],
)
def test_what_an_interrupted_installation_left_stops_nothing(tmp_path, monkeypatch, metadata, record):
    left = tmp_path / "broken-1.0.dist-info"
    left.mkdir()
    for name, content in (("METADATA", metadata), ("RECORD", record)):
        if content is not None:
            (left / name).write_bytes(content)
    monkeypatch.syspath_prepend(tmp_path)
    assert {"numpy", "python"} <= PythonEnvironment().environment().keys()
    assert None not in PythonEnvironment().environment()
    (tmp_path / "module.py").write_text("x = 1\n")
    monkeypatch.setattr(
        python_env.sysconfig, "get_paths", lambda: dict.fromkeys(("stdlib", "purelib", "platlib"), tmp_path)
    )
    (found,) = {
        candidate.name: candidate for candidate in PythonEnvironment().find(0, quiet).candidates
    }.values()
    assert found.name == "module.py"


def test_installed_packages_are_found_with_version_and_licence_and_without_this_project(monkeypatch):
    # The packages may lie elsewhere than the interpreter says, by a .pth file.
    paths = {
        **sysconfig.get_paths(),
        **dict.fromkeys(("purelib", "platlib"), str(Path(np.__file__).parents[1])),
    }
    monkeypatch.setattr(python_env.sysconfig, "get_paths", lambda: paths)
    found = PythonEnvironment().find(0, quiet)
    packages = {c.package.name: c.package for c in found.candidates}
    assert packages["python"].licence == "PSF-2.0"
    assert packages["numpy"].version == np.__version__
    assert "BSD-3-Clause" in packages["numpy"].licence
    assert packages["pytest"].licence == "MIT"
    assert not any("codelm_jax" in c.path.split("site-packages")[-1] for c in found.candidates)
    assert not any("site-packages" in c.name for c in found.candidates)
