"""A tree of packages that several tests read, prepared once."""

import json

import pytest
from source_trees import data_config, prepare_quietly, python_source, write_packages


@pytest.fixture(scope="session")
def tree(tmp_path_factory):
    """A prepared tree of 22 packages: copies, near copies, a licence, a secret, a wide file, a benchmark solution."""
    home = tmp_path_factory.mktemp("prepared_tree")
    source = write_packages(home / "src", packages=20)
    write_packages(home / "src" / "licensed", packages=1, seed=500_000)
    (source / "licensed" / "pyproject.toml").write_text('[project]\nversion = "2.1"\nlicense = "MIT"\n')
    odd = source / "odd"
    odd.mkdir()
    for package in range(5):
        (odd / f"copy_{package}.py").write_text(python_source(1000 * package))
        (odd / f"near_{package}.py").write_text(
            python_source(1000 * package + 1) + "\nlast_line_differs = 1\n"
        )
    (odd / "secret.py").write_text(python_source(77) + "token = 'ghp_" + "a1B2c3D4e5F6" * 3 + "'\n")
    (odd / "wide.py").write_text(python_source(78) + f"x = '{'word ' * 60}'\n")
    (odd / "long.py").write_text(python_source(79, functions=60))
    (home / "benchmark.jsonl").write_text(
        json.dumps({"id": "one", "prompt": "def f():", "tests": ["f()"], "solution": python_source(3000)})
        + "\n"
    )
    prepare_quietly(data_config(home))
    return home
