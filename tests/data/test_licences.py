"""How licences are read, and what an allow-list accepts."""

import importlib.metadata
import json
import os
from pathlib import Path

import pytest

from codelm_jax.data.licences import is_allowed
from codelm_jax.preparation import licence_metadata

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
    assert is_allowed(expression, ALLOWED) is verdict


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
        ("License: Apache 2.0 License", "Apache-2.0"),
        ("License: The Apache Software License, Version 2.0", "Apache-2.0"),
        ("License: Licensed under the MIT license", "MIT"),
        ("License: Expat (MIT/X11)", "MIT"),
        ("License: BSD (3-clause)", "BSD-3-Clause"),
        ("License: BSD-4-Clause", "BSD-4-Clause"),
        ("License: Apache 2.0 with Commons Clause", "unknown"),
        ("License: not MIT", "unknown"),
        ("License: MIT-0", "MIT-0"),
        ("License: MIT license or Apache 2.0", "MIT OR Apache-2.0"),
        ("License: MIT/Apache 2.0", "MIT AND Apache-2.0"),
        ("License: BSD, GPL 3", "unknown"),
        ("License: UNKNOWN", "unknown"),
        (
            "License: MIT OR Apache-2.0\n"
            "Classifier: License :: OSI Approved :: MIT License\n"
            "Classifier: License :: OSI Approved :: Apache Software License",
            "MIT OR Apache-2.0",
        ),
        ("License: BSD-2-Clause\nClassifier: License :: OSI Approved :: BSD License", "BSD-2-Clause"),
        ("License: a text\nClassifier: License :: OSI Approved :: BSD License", "BSD-3-Clause"),
        (
            "Classifier: License :: OSI Approved\nClassifier: License :: OSI Approved :: BSD License",
            "BSD-3-Clause",
        ),
        (
            "Classifier: License :: OSI Approved :: MIT License\n"
            "Classifier: License :: OSI Approved :: GNU General Public License (GPL)",
            "MIT AND unknown",
        ),
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
    assert licence_metadata.of_distribution(distribution) == licence


MIT_TEXT = """\
Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:
The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.
THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""
APACHE_TEXT = (Path(__file__).parents[2] / "LICENSE").read_text()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"The MIT License (MIT)\n\nCopyright (c) 2016 Some One\n\n{MIT_TEXT}", "MIT"),
        (MIT_TEXT, "MIT"),
        (
            MIT_TEXT.replace("The above", "The Software shall be used for Good, not Evil.\nThe above"),
            "unknown",
        ),
        (f"{MIT_TEXT}\nYou may not sell it.", "unknown"),
        (f"{'one more condition ' * 20}\n{MIT_TEXT}", "unknown"),
        (APACHE_TEXT, "Apache-2.0"),
        (APACHE_TEXT.replace("perpetual", "revocable"), "unknown"),
        (f"{APACHE_TEXT.split('APPENDIX')[0]}", "Apache-2.0"),
        (f"{APACHE_TEXT.split('APPENDIX')[0]}\nGNU GENERAL PUBLIC LICENSE", "unknown"),
    ],
)
def test_a_whole_licence_text_is_known_by_all_its_words(tmp_path, text, expected):
    (tmp_path / "pyproject.toml").write_text(f"[project]\nlicense = {{text = {json.dumps(text)}}}\n")
    assert licence_metadata.of_project(tmp_path) == ("", expected)


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
    assert licence_metadata.of_project(tmp_path) == expected


def test_a_pipe_in_place_of_a_projects_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pyproject.toml")
    assert licence_metadata.of_project(tmp_path) == ("", "unknown")


def test_a_linked_project_file_is_read(tmp_path):
    (tmp_path / "project.toml").write_text('[project]\nlicense = "MIT"\n')
    (tmp_path / "pyproject.toml").symlink_to("project.toml")
    assert licence_metadata.of_project(tmp_path) == ("", "MIT")
