"""Laws of the source tree: sizes, names, arrows between rooms, and circles."""

import ast
import collections
import functools
import graphlib
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from command_process import ROOT

from codelm_jax.config_files import load_config
from codelm_jax.errors import UserError
from codelm_jax.training.config import parse_train_config

PACKAGE = ROOT / "codelm_jax"
STUBS = ROOT / ".ci" / "typings"
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())

# The list may only shrink: an entry that is no longer needed fails its test.
TWICE_DEFINED_TYPES = {"Census"}


def sources(*directories: Path) -> list[Path]:
    return sorted(path for directory in directories for path in directory.rglob("*.py"))


@functools.cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def lines(path: Path) -> int:
    return len(path.read_text().splitlines())


def functions(path: Path):
    return (node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def test_no_function_of_the_package_has_more_than_60_lines():
    found = {
        f"{path.relative_to(PACKAGE)}:{function.name}"
        for path in sources(PACKAGE)
        for function in functions(path)
        if (function.end_lineno or 0) - function.lineno >= 60
    }
    assert found == set()


def test_no_file_of_the_package_has_more_than_350_lines():
    found = {str(path.relative_to(PACKAGE)) for path in sources(PACKAGE) if lines(path) > 350}
    assert found == set()


def test_no_public_type_name_is_defined_twice():
    defined = collections.Counter(
        node.name
        for path in sources(PACKAGE)
        for node in tree(path).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert {name for name, count in defined.items() if count > 1} == TWICE_DEFINED_TYPES


def test_scripts_are_entry_points_of_15_lines_and_experiments_stay_short():
    scripts, experiments = ROOT / "scripts", ROOT / "scripts" / "experiments"
    assert [path.name for path in scripts.glob("*.py") if lines(path) > 15] == []
    assert [path.name for path in experiments.glob("*.py") if lines(path) > 60] == []
    studies = [path for path in sources(experiments) if path.parent != experiments]
    assert [path.name for path in studies if lines(path) > 350] == []
    long = [
        function.name
        for path in studies
        for function in functions(path)
        if (function.end_lineno or 0) - function.lineno >= 60
    ]
    assert long == []


def test_no_module_is_a_place_for_anything():
    names = {path.stem for path in sources(PACKAGE, ROOT / "scripts", ROOT / "tests")}
    assert not names & {"utils", "util", "helpers", "misc", "common"}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_at_load(module: ast.Module, names: set[str]) -> set[str]:
    """The modules of `names` that running the module's own statements imports, `if TYPE_CHECKING` included."""
    found: set[str] = set()
    todo: list[ast.AST] = [*module.body]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = {f"{node.module}.{alias.name}" for alias in node.names} & names
            found |= inner or {node.module}
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            todo += ast.iter_child_nodes(node)
    return found & names


def test_no_modules_import_each_other_in_a_circle():
    paths = {module_name(path): path for path in sources(PACKAGE)}
    graph = {name: imported_at_load(tree(path), {*paths}) - {name} for name, path in paths.items()}
    graphlib.TopologicalSorter(graph).prepare()  # raises CycleError, which names the modules


def test_a_circle_is_seen():
    names = {"a.b", "a.c"}
    graph = {
        "a.b": imported_at_load(ast.parse("if True:\n    from a import c"), names),
        "a.c": imported_at_load(ast.parse("import a.b"), names),
    }
    with pytest.raises(graphlib.CycleError):
        graphlib.TopologicalSorter(graph).prepare()
    assert imported_at_load(ast.parse("def late():\n    import a.b"), names) == set()


# Files with a mark that makes pyright ignore a line -> the library code whose types are wrong or missing.
IGNORES = {
    "codelm_jax/text/parsing.py": "a private constant of codeop",
    "codelm_jax/training/metrics.py": "classes that protobuf makes at import, in tensorboardX",
    "tests/training/test_metrics.py": "classes that protobuf makes at import, in tensorboardX",
}


def test_only_types_of_other_libraries_are_hidden_from_the_type_checker():
    mark = re.compile(r"#\s*(?:pyright|type|mypy): ")
    found = {
        str(path.relative_to(ROOT))
        for path in sources(PACKAGE, ROOT / "scripts", ROOT / "configs", ROOT / "tests")
        if mark.search(path.read_text())
    }
    assert found == {*IGNORES}


def test_optional_peers_are_untyped_whether_installed_or_not():
    stubs = {
        ".".join(path.relative_to(STUBS).with_suffix("").parts).removesuffix(".__init__")
        for path in STUBS.rglob("*.pyi")
    }
    peers = {name.partition(".")[0] for name in stubs}
    for path in sources(PACKAGE, ROOT / "tests"):
        if not any(peer in path.read_text() for peer in peers):
            continue
        modules = {
            node.module for node in ast.walk(tree(path)) if isinstance(node, ast.ImportFrom) and node.module
        }
        assert {name for name in modules if name.partition(".")[0] in peers} <= stubs, path
    # Each distribution of the extra provides one of the modules.
    requirements = PYPROJECT["project"]["optional-dependencies"]["peers"]
    distributions = {re.split(r"[\[=<>]", requirement)[0].replace("-", "_") for requirement in requirements}
    assert distributions == peers


# The arrows of the design: which rooms each room may import, besides its own modules.
ALLOWED = {
    "text": set(),
    "sandbox": set(),
    "data": {"text"},
    # Writes what `data` opens: nothing that trains, evaluates or reports loads it.
    "preparation": {"data", "evals", "exercises", "sandbox", "text"},
    # What programs are made of, below the model.
    "ops": set(),
    "model": {"ops", "text"},
    "checkpoint": {"text"},
    # Renders the views that the suites make of their results.
    "report": {"evals", "text"},
    # The record of an export holds the metadata of a checkpoint.
    "interop": {"checkpoint", "model", "ops", "text"},
    # What a release ships comes from the data and an export; which run it ships, from what reports read.
    "release": {"data", "evals", "evaluation_inputs", "interop", "report", "text"},
    "training": {"data", "model", "checkpoint", "ops", "text"},
    "generation": {"data", "model", "checkpoint", "ops", "text"},
    "evals": {"sandbox", "text"},
    # Makes a checkpoint and its data what the suites take; the suites themselves take functions, never a model.
    "evaluation_inputs": {"checkpoint", "data", "evals", "generation", "interop", "model", "ops", "training"},
    "exercises": {"sandbox", "text"},
    "serving": {"data", "checkpoint", "generation", "text"},
    "benchmarks": {
        "data",
        "model",
        "checkpoint",
        "ops",
        "text",
        "generation",
        "training",
        "interop",
        "serving",
    },
}
# The commands join all rooms, and no room knows of them.
ALLOWED["commands"] = {*ALLOWED}
# Modules outside the rooms: those that any room but the sandbox may import, and those for certain rooms.
GROUND = {"atomic", "errors", "run_files", "schema"}
ONLY_FOR = {
    "cli": {"commands"},
    "compilation_cache": {"commands"},
    "config_files": {"commands", "evaluation_inputs", "preparation"},
    "dataclass_flags": {"commands", "generation"},
    "devices": {"commands", "training"},
    "host_memory": {"commands"},
    "launch": {"benchmarks"},
    "user_cache": {"commands", "preparation"},
    "weights": {"commands", "evaluation_inputs", "generation", "release", "serving", "training"},
}
ONLY_IN = {"orbax": "checkpoint", "grain": "data"}


def imports(module: ast.AST):
    """Every module that is imported anywhere in it; `from a import b` counts as `a.b`, even if b is not a module."""
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def forbidden(room: str, source: ast.AST) -> list[str]:
    found: list[str] = []
    for module in imports(source):
        top, *rest = module.split(".")
        if top == "codelm_jax" and rest:
            name = rest[0]
            ground = (name in GROUND and room != "sandbox") or room in ONLY_FOR.get(name, ())
            if not (name == room or name in ALLOWED[room] or ground):
                found.append(module)
        elif ONLY_IN.get(top, room) != room:
            found.append(module)
    return found


def test_arrows_between_rooms_point_down_only():
    for path in PACKAGE.rglob("*/*.py"):
        room, *_ = path.relative_to(PACKAGE).parts
        assert forbidden(room, tree(path)) == [], path


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
    assert forbidden("data", ast.parse(line))


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
    assert forbidden("data", ast.parse(line)) == []


def test_the_sandbox_stands_alone():
    assert forbidden("sandbox", ast.parse("from codelm_jax.errors import UserError"))
    assert forbidden("sandbox", ast.parse("from codelm_jax.text import parsing"))


# Imports all modules of a room, those left out last; prints the libraries that are loaded before and after these.
IMPORT_ALL = """
import importlib, pkgutil, sys
room, *left_out = sys.argv[1:]
package = importlib.import_module(f"codelm_jax.{room}")
names = [m.name for m in pkgutil.iter_modules(package.__path__)]
assert names
for last in (False, True):
    for name in names:
        if (name in left_out) is last:
            importlib.import_module(f"codelm_jax.{room}.{name}")
    print(*sorted({module.partition(".")[0] for module in sys.modules}))
"""


def loaded_by(room: str, *left_out: str) -> list[set[str]]:
    command = [sys.executable, "-c", IMPORT_ALL, room, *left_out]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return [set(line.split()) for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("room", "left_out"),
    [("text", []), ("sandbox", []), ("report", []), ("data", ["batches"]), ("preparation", [])],
)
def test_rooms_without_jax_load_none_of_it_by_any_way(room, left_out):
    loaded, with_left_out = loaded_by(room, *left_out)
    assert not loaded & {"jax", "jaxlib", "flax", "optax", "orbax", "grain"}
    if room == "sandbox":
        assert not loaded & {"numpy", "pydantic"}
    # The wall sees JAX where a module loads it: grain, which makes the batches, does.
    assert ("jax" in with_left_out) == bool(left_out)


def test_commands_do_not_wait_for_the_libraries_of_charts_and_new_corpora():
    # The flags of two commands may have the same names: each command gets an empty registry.
    code = """
import sys
from absl import flags
for name in ("train", "sample"):
    flags.FLAGS.__init__()
    __import__(f"codelm_jax.commands.{name}")
print(*sys.modules)
"""
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
