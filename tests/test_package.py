import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from codelm_jax.config_files import load_config
from codelm_jax.errors import UserError
from codelm_jax.training.config import parse_train_config

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_every_command_has_a_script_and_a_console_command():
    console = PYPROJECT["project"]["scripts"]
    commands = {path.stem for path in (ROOT / "codelm_jax" / "commands").glob("[!_]*.py")}
    assert commands == {path.stem for path in (ROOT / "scripts").glob("*.py")}
    assert console == {
        f"codelm-{name.replace('_', '-')}": f"codelm_jax.commands.{name}:run" for name in commands
    }
    for name in commands:
        script = (ROOT / "scripts" / f"{name}.py").read_text()
        assert f'launch.run("{name}")' in script
        assert len(script.splitlines()) <= 15


def test_every_place_that_names_python_versions_names_the_same():
    low, high = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", PYPROJECT["project"]["requires-python"]).groups()
    versions = [f"3.{minor}" for minor in range(int(low), int(high))]
    named = f"Python {', '.join(versions[:-1])} or {versions[-1]}"
    assert named in (ROOT / "README.md").read_text()
    makefile = (ROOT / "Makefile").read_text()
    assert f"error: {named} is needed" in makefile
    assert f"(3, {low}) <= sys.version_info < (3, {high})" in makefile
    tried = (ROOT / "docs" / "compatibility.md").read_text()
    assert all(
        re.search(rf"^\| Python {re.escape(version)}\b", tried, re.MULTILINE)
        for version in [*versions, f"3.{high}"]
    )


def test_what_is_pinned_lies_within_the_bounds():
    pinned = {}
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        if "==" in line:
            name, version = line.split(";")[0].strip().split("==")
            pinned.setdefault(name.lower().replace("_", "-"), []).append(
                tuple(int(p) for p in re.findall(r"\d+", version))
            )
    for requirement in PYPROJECT["project"]["dependencies"]:
        name, low, high = re.fullmatch(r"([\w-]+)>=([\d.]+),<([\d.]+)", requirement).groups()
        low, high = (tuple(int(p) for p in bound.split(".")) for bound in (low, high))
        versions = pinned[name.lower().replace("_", "-")]
        assert all(low <= version and version < high for version in versions), requirement


# The arrows of the design: which rooms each room may import, besides its own modules.
ALLOWED = {
    "text": set(),
    "sandbox": set(),
    "data": set(),
    # Writes what `data` opens: nothing that trains, evaluates or reports loads it.
    "preparation": {"data", "evals", "exercises", "sandbox", "text"},
    "model": {"text"},
    "checkpoint": {"text"},
    "report": {"text"},
    # The record of an export holds the metadata of a checkpoint.
    "interop": {"checkpoint", "model", "text"},
    # What a release ships comes from the data and an export; which run it ships, from what reports read.
    "release": {"data", "evals", "evaluation_inputs", "interop", "report", "text"},
    "training": {"data", "model", "checkpoint", "text"},
    "generation": {"data", "model", "checkpoint", "text"},
    "evals": {"sandbox", "text"},
    # Makes a checkpoint and its data what the suites take; the suites themselves take functions, never a model.
    "evaluation_inputs": {"checkpoint", "data", "evals", "generation", "interop", "model", "training"},
    "exercises": {"sandbox", "text"},
    "serving": {"data", "checkpoint", "generation", "text"},
    "benchmarks": {"data", "model", "checkpoint", "text", "generation", "training", "interop", "serving"},
}
# The commands join all rooms, and no room knows of them.
ALLOWED["commands"] = {*ALLOWED}
# Modules beside the rooms: those that any room may import, but for the sandbox, and those with rooms of their own.
GROUND = {"atomic", "errors", "run_files", "schema"}
ONLY_FOR = {
    "cli": {"commands"},
    "compilation_cache": {"commands"},
    "config_files": {"commands", "preparation", "evaluation_inputs"},
    "devices": {"commands", "training"},
    "host_memory": {"commands"},
    "user_cache": {"commands", "preparation"},
    "weights": {"commands", "evaluation_inputs", "generation", "release", "serving", "training"},
}
ONLY_IN = {"orbax": "checkpoint", "grain": "data"}


def imports(source):
    """Every module that `source` imports anywhere; `from a import b` counts as `a.b`, whatever b is."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def forbidden(room, source):
    found = []
    for module in imports(source):
        top, *rest = module.split(".")
        if top == "codelm_jax" and rest:
            name = rest[0]
            beside = (name in GROUND and room != "sandbox") or room in ONLY_FOR.get(name, ())
            if not (name == room or name in ALLOWED[room] or beside):
                found.append(module)
        elif ONLY_IN.get(top, room) != room:
            found.append(module)
    return found


def test_arrows_between_rooms_point_down_only():
    for path in (ROOT / "codelm_jax").rglob("*/*.py"):
        room, *_ = path.relative_to(ROOT / "codelm_jax").parts
        assert forbidden(room, path.read_text()) == [], path


@pytest.mark.parametrize(
    "line",
    [
        "from codelm_jax.training import loop",
        "from codelm_jax.training.loop import train",
        "from codelm_jax import training",
        "from codelm_jax import devices",
        "import codelm_jax.training",
        "import codelm_jax.training.loop as loop",
        "import os, codelm_jax.training",
        "def late():\n    from codelm_jax.training import loop",
        "from codelm_jax.commands import train",
        "from codelm_jax.preparation.prepare import prepare",
        "import orbax.checkpoint",
    ],
)
def test_no_form_of_import_slips_past_the_arrows(line):
    assert forbidden("data", line)


@pytest.mark.parametrize(
    "line",
    [
        "from codelm_jax.data import tokens",
        "from codelm_jax import schema",
        "import codelm_jax",
        "import grain",
    ],
)
def test_what_the_arrows_allow_passes(line):
    assert forbidden("data", line) == []


def test_the_sandbox_stands_alone():
    assert forbidden("sandbox", "from codelm_jax.errors import UserError")
    assert forbidden("sandbox", "from codelm_jax.text import parsing")


IMPORT_ALL = """
import importlib, pkgutil, sys
room, *left_out = sys.argv[1:]
package = importlib.import_module(f"codelm_jax.{room}")
names = [m.name for m in pkgutil.iter_modules(package.__path__) if m.name not in left_out]
for name in names:
    importlib.import_module(f"codelm_jax.{room}.{name}")
assert names
print(*sorted({module.partition(".")[0] for module in sys.modules}))
"""


def loaded_by(room, *left_out):
    command = [sys.executable, "-c", IMPORT_ALL, room, *left_out]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("room", "left_out"),
    [("text", []), ("sandbox", []), ("report", []), ("data", ["batches"]), ("preparation", [])],
)
def test_rooms_without_jax_load_none_of_it_by_any_way(room, left_out):
    loaded = loaded_by(room, *left_out)
    assert not loaded & {"jax", "jaxlib", "flax", "optax", "orbax", "grain"}
    if room == "sandbox":
        assert not loaded & {"numpy", "pydantic"}


def test_that_wall_sees_jax_where_a_module_loads_it():
    assert "jax" in loaded_by("data")  # the batches: grain imports JAX


@pytest.mark.parametrize("script", ["train", "sample"])
def test_a_command_does_not_wait_for_what_charts_and_new_corpora_need(script):
    code = f"import sys, codelm_jax.commands.{script}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert not {"scipy", "matplotlib"} & set(done.stdout.split())


def test_every_shipped_config_is_valid():
    for path in (ROOT / "configs").rglob("*.py"):
        if path.stem != "__init__":
            name = path.relative_to(ROOT / "configs").with_suffix("")
            parse_train_config(load_config(str(name)).to_dict())


def test_a_config_without_a_key_is_refused_by_name():
    config = load_config("strongreg").to_dict()
    del config["beta2"]
    with pytest.raises(UserError, match=r"config\.beta2: missing"):
        parse_train_config(config)
    with pytest.raises(UserError, match=r"config\.model\.\w+: missing"):
        parse_train_config(config | {"model": {}})
