"""How licences are read, and what an allow-list accepts."""

import importlib.metadata
import os

import pytest

from codelm_jax.data import licences

ALLOWED = ("MIT", "Apache-2.0", "BSD-3-Clause")


@pytest.mark.parametrize(
    ("expression", "verdict"),
    [
        ("MIT", True),
        ("mit", True),
        ("GPL-3.0-only", False),
        ("MIT OR GPL-3.0-only", True),
        ("MIT AND GPL-3.0-only", False),
        ("MIT AND Apache-2.0", True),
        ("GPL-3.0-only OR MIT AND Apache-2.0", True),
        ("(GPL-3.0-only OR MIT) AND Apache-2.0", True),
        ("(GPL-3.0-only OR MIT) AND Zlib", False),
        ("Apache-2.0 WITH LLVM-exception", True),
        ("((MIT))", True),
        ("unknown", False),
        ("", False),
        ("MIT OR", False),
        ("(MIT", False),
        ("MIT)", False),
        ("MIT MIT", False),
        ("AND MIT", False),
    ],
)
def test_expressions_are_evaluated(expression, verdict):
    assert licences.is_allowed(expression, ALLOWED) is verdict


@pytest.mark.parametrize(
    ("headers", "licence"),
    [
        ("License-Expression: Apache-2.0 OR MIT\nLicense: GPL", "Apache-2.0 OR MIT"),
        ("Classifier: License :: OSI Approved :: MIT License", "MIT"),
        (
            "Classifier: License :: OSI Approved :: MIT License\n"
            "Classifier: License :: OSI Approved :: Apache Software License",
            "Apache-2.0 AND MIT",
        ),
        ("License: BSD 3-Clause", "BSD-3-Clause"),
        ("License: Apache License, Version 2.0", "Apache-2.0"),
        ("License: ISC", "ISC"),
        ("License: see the file LICENSE for all the conditions that apply here", "unknown"),
        ("Classifier: License :: Other/Proprietary License", "unknown"),
        ("Summary: nothing said", "unknown"),
    ],
)
def test_package_metadata_gives_an_expression(tmp_path, headers, licence):
    info = tmp_path / "some-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.4\nName: some\nVersion: 1.0\n{headers}\n")
    (distribution,) = importlib.metadata.distributions(path=[str(tmp_path)])
    assert licences.of_distribution(distribution) == licence


@pytest.mark.parametrize(
    ("pyproject", "expected"),
    [
        ('[project]\nversion = "1.2"\nlicense = "MIT"\n', ("1.2", "MIT")),
        ('[project]\nlicense = {text = "BSD"}\n', ("", "BSD-3-Clause")),
        ('[project]\nlicense = {file = "LICENSE"}\n', ("", "unknown")),
        ("[tool.x]\n", ("", "unknown")),
        ("[broken", ("", "unknown")),
        ("project = 3\n", ("", "unknown")),
        ("[project]\nversion = 3\nlicense = 4\n", ("", "unknown")),
        ("x = " + "[" * 20_000, ("", "unknown")),
        (None, ("", "unknown")),
    ],
)
def test_projects_declare_theirs(tmp_path, pyproject, expected):
    if pyproject is not None:
        (tmp_path / "pyproject.toml").write_text(pyproject)
    assert licences.of_project(tmp_path) == expected


def test_a_pipe_in_place_of_a_projects_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pyproject.toml")
    assert licences.of_project(tmp_path) == ("", "unknown")


def test_a_linked_project_file_is_read(tmp_path):
    (tmp_path / "project.toml").write_text('[project]\nlicense = "MIT"\n')
    (tmp_path / "pyproject.toml").symlink_to("project.toml")
    assert licences.of_project(tmp_path) == ("", "MIT")
