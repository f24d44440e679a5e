"""Laws of a checkout, a wheel and an environment: what ships, what runs, and whose code it is."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from command_process import ROOT
from hatchling.builders.sdist import SdistBuilder
from hatchling.builders.wheel import WheelBuilder

import codelm_jax

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
SCRIPTS = [*sorted((ROOT / "scripts").glob("*.py")), *sorted((ROOT / "scripts" / "experiments").glob("*.py"))]
# The environment of a user: no variable points at a checkout.
ENVIRONMENT = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}


def test_every_command_has_a_script_and_a_console_command():
    console = PYPROJECT["project"]["scripts"]
    commands = {path.stem for path in (ROOT / "codelm_jax" / "commands").glob("[!_]*.py")}
    assert commands == {path.stem for path in (ROOT / "scripts").glob("*.py")}
    assert console == {
        f"codelm-{name.replace('_', '-')}": f"codelm_jax.commands.{name}:run" for name in commands
    }
    for name in commands:
        assert f'launch.run("{name}")' in (ROOT / "scripts" / f"{name}.py").read_text()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_without_the_packages_a_script_says_in_one_line_how_to_install(script):
    # -S: an interpreter without site-packages.
    done = subprocess.run(
        [sys.executable, "-S", str(script), "--help"], env=ENVIRONMENT, capture_output=True, text=True
    )
    assert (done.returncode, done.stdout) == (2, "")
    line = rf"error: the package \w+ is not installed: run `make setup` in {ROOT} and use .*, or `pip install -e {ROOT}`\n"
    assert re.fullmatch(line, done.stderr), done.stderr


CALLING = """
def run():
    from codelm_jax import cli
    cli.call("other")
"""
CALLED = """
def run():
    import codelm_jax
    print(codelm_jax.__file__)

if __name__ == "__main__":
    run()
"""


def test_a_checkout_runs_its_own_code_in_the_environment_of_another(tmp_path):
    package = tmp_path / "codelm_jax"
    shutil.copytree(
        ROOT / "codelm_jax",
        package,
        ignore=lambda directory, names: [
            n for n in names if directory != str(ROOT / "codelm_jax") or "." not in n
        ],
    )
    (package / "commands").mkdir()
    (package / "commands" / "report.py").write_text(CALLING)
    (package / "commands" / "other.py").write_text(CALLED)
    (tmp_path / "scripts").mkdir()
    script = shutil.copy(ROOT / "scripts" / "report.py", tmp_path / "scripts")
    # This checkout comes before everything that is installed, as in an environment made for it.
    done = subprocess.run(
        [sys.executable, script], env=ENVIRONMENT | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True
    )
    assert done.stdout.splitlines() == ["--- other ", str(package / "__init__.py")], done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    directory = tmp_path_factory.mktemp("wheel")
    (path,) = WheelBuilder(str(ROOT)).build(directory=str(directory), versions=["standard"])
    return Path(path)


def test_the_wheel_has_the_package_its_types_and_the_configs_and_nothing_else(wheel):
    assert wheel.name == f"codelm_jax-{codelm_jax.__version__}-py3-none-any.whl"
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (metadata,) = (archive.read(name).decode() for name in names if name.endswith("/METADATA"))
    assert {name.partition("/")[0] for name in names} == {
        "codelm_jax",
        f"codelm_jax-{codelm_jax.__version__}.dist-info",
    }
    sources = {path.relative_to(ROOT).as_posix() for path in (ROOT / "codelm_jax").rglob("*.py")}
    configs = {f"codelm_jax/{path.relative_to(ROOT)}" for path in (ROOT / "configs").rglob("*.py")}
    assert {*sources, *configs, "codelm_jax/py.typed"} <= {*names}
    assert "License-Expression: Apache-2.0\n" in metadata
    assert "License-File: LICENSE\n" in metadata


def test_the_source_archive_has_what_the_tests_need(tmp_path):
    (path,) = SdistBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    shutil.unpack_archive(path, tmp_path, filter="data")
    (unpacked,) = (directory for directory in tmp_path.iterdir() if directory.is_dir())
    for name in (
        "codelm_jax",
        "configs",
        "scripts",
        "tests",
        "docs",
        "pyproject.toml",
        "Makefile",
        "LICENSE",
    ):
        assert (unpacked / name).exists(), name


@pytest.mark.slow
def test_a_new_environment_with_the_wheel_runs_the_commands_and_finds_the_configs(wheel, tmp_path):
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    install = [python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", wheel]
    subprocess.run(install, env=ENVIRONMENT, check=True)
    # The dependencies are those of the environment of these tests.
    (packages,) = (tmp_path / "venv" / "lib").glob("python*/site-packages")
    dependencies = [path for path in sys.path if path.endswith("site-packages")]
    (packages / "dependencies.pth").write_text(f"import site; [*map(site.addsitedir, {dependencies!r})]")

    def run(command: str, *arguments: str) -> str:
        path = str(tmp_path / "venv" / "bin" / command)
        done = subprocess.run(
            [path, *arguments], cwd=tmp_path, env=ENVIRONMENT, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    where = run("python", "-c", "import codelm_jax; print(codelm_jax.__file__)")
    assert where.startswith(str(packages))
    assert "Completes Python code" in run("codelm-sample", "--help")
    assert '"num_params"' in run("codelm-train", "--config=tiny", "--describe")


def test_every_place_that_names_python_versions_names_the_same():
    bounds = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", PYPROJECT["project"]["requires-python"])
    low, high = bounds.groups()
    versions = [f"3.{minor}" for minor in range(int(low), int(high))]
    named = f"Python {', '.join(versions[:-1])} or {versions[-1]}"
    assert named in (ROOT / "README.md").read_text()
    makefile = (ROOT / "Makefile").read_text()
    assert f"error: {named} is needed" in makefile
    assert f"(3, {low}) <= sys.version_info < (3, {high})" in makefile
    classified = re.findall(r":: (3\.\d+)", "\n".join(PYPROJECT["project"]["classifiers"]))
    assert classified == versions
    tried = (ROOT / "docs" / "compatibility.md").read_text()
    assert all(
        re.search(rf"^\| Python {re.escape(version)}\b", tried, re.MULTILINE)
        for version in [*versions, f"3.{high}"]
    )


def test_pinned_versions_lie_within_the_bounds():
    pinned: dict[str, list[tuple[int, ...]]] = {}
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        if "==" in line:
            name, version = line.split(";")[0].strip().split("==")
            pinned.setdefault(name.lower().replace("_", "-"), []).append(_numbers(version))
    for requirement in PYPROJECT["project"]["dependencies"]:
        name, low, high = re.fullmatch(r"([\w-]+)>=([\d.]+),<([\d.]+)", requirement).groups()
        versions = pinned[name.lower().replace("_", "-")]
        assert all(_numbers(low) <= version < _numbers(high) for version in versions), requirement
    (builder,) = PYPROJECT["build-system"]["requires"]
    assert builder in PYPROJECT["project"]["optional-dependencies"]["dev"]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))
