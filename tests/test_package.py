import re
import tomllib
from pathlib import Path

import pytest

from codelm_jax.errors import UserError
from codelm_jax.training.config import parse_train_config

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_the_wheel_holds_every_package():
    rooms = {f"codelm_jax.{path.parent.name}" for path in (ROOT / "codelm_jax").glob("*/__init__.py")}
    listed = set(PYPROJECT["tool"]["setuptools"]["packages"])
    assert listed == rooms | {"codelm_jax", "codelm_jax.configs", "codelm_jax.scripts"}


def test_every_script_has_a_console_command():
    commands = PYPROJECT["project"]["scripts"]
    for script in (ROOT / "scripts").glob("*.py"):
        if "__main__" in script.read_text():
            assert "def run()" in script.read_text()
            name = f"codelm-{script.stem.replace('_', '-')}"
            assert commands.pop(name) == f"codelm_jax.scripts.{script.stem}:run"
    assert not commands


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


@pytest.mark.parametrize(
    "name", ["codelm_jax/data/corpus.py", "codelm_jax/data/dedup.py", "codelm_jax/data/tokenizer.py"]
)
def test_preparing_text_never_imports_jax(name):
    assert not re.search(r"^\s*(import|from) (jax|flax)", (ROOT / name).read_text(), re.MULTILINE)


# The arrows of the design: which rooms each room may import, besides errors, schema and its own modules.
ALLOWED = {
    "text": set(),
    "sandbox": set(),
    "data": {"text"},
    "model": {"text"},
    "checkpoint": {"text"},
    "report": {"text"},
    "interop": {"model", "text"},
    "training": {"data", "model", "checkpoint", "text"},
    "generation": {"data", "model", "checkpoint", "text"},
    "evals": {"sandbox", "text"},
    "benchmarks": {"data", "model", "checkpoint", "text", "generation", "training", "interop"},
}
ONLY_IN = {"orbax": "checkpoint", "grain": "data"}


def imports(path):
    return re.findall(r"^\s*(?:from|import) ([\w.]+)", path.read_text(), re.MULTILINE)


def test_arrows_between_rooms_point_down_only():
    for path in (ROOT / "codelm_jax").glob("*/*.py"):
        room = path.parent.name
        for module in imports(path):
            parts = module.split(".")
            if parts[0] == "codelm_jax" and len(parts) > 2:
                assert parts[1] == room or parts[1] in ALLOWED[room], f"{path} imports {module}"
            assert parts[0] not in ONLY_IN or ONLY_IN[parts[0]] == room, f"{path} imports {module}"


def test_every_shipped_config_is_valid():
    import importlib

    for path in (ROOT / "configs").rglob("*.py"):
        if path.stem != "__init__":
            dotted = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            config = importlib.import_module(f"codelm_jax.{dotted}").get_config().to_dict()
            parse_train_config(config)


def test_a_config_without_a_key_is_refused_by_name():
    from codelm_jax.configs.strongreg import get_config

    config = get_config().to_dict()
    del config["beta2"]
    with pytest.raises(UserError, match=r"config\.beta2: missing"):
        parse_train_config(config)
    with pytest.raises(UserError, match=r"config\.model\.\w+: missing"):
        parse_train_config(config | {"model": {}})
