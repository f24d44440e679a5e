"""Makes a release: trains, evaluates, chooses, exports and measures the export.

    python scripts/release.py
    python scripts/release.py --name=small-v1 --configs=configs/small.py --benchmarks=benchmarks

The runs lie in `runs/NAME/CONFIG`, made by train.py, evaluate.py and report.py; what ships is `pretrained/NAME`.
docs/release.md has the details. After an interruption the same command continues. Exit status: 0 done, 2 a mistake, else
that of the command that failed.
"""

import functools
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from absl import flags

from codelm_jax import cli, devices
from codelm_jax.config_files import configs_directory
from codelm_jax.errors import UserError
from codelm_jax.evals import registry
from codelm_jax.release.pipeline import CommandFailed, ReleasePipeline, ReleasePlan
from codelm_jax.sandbox.pool import Sandbox
from codelm_jax.sandbox.verdict import SandboxError

_BENCHMARK_FILES = {suite.name: suite.file_name for suite in registry.SUITES if suite.file_name}

_NAME = flags.DEFINE_string("name", None, "Name of the release; default: v1 on a GPU, small-v1 without one.")
_CONFIGS = flags.DEFINE_list(
    "configs", None, "Config files; default: strongreg and strongreg_plus on a GPU, small without one."
)
_BENCHMARKS = flags.DEFINE_string(
    "benchmarks",
    None,
    f"Directory of {' and '.join(_BENCHMARK_FILES.values())}, to run and to keep out of the corpus.",
)
_SUITES = flags.DEFINE_list(
    "suites", ["all", "mini_benchmark"], "Suites of evaluate.py; --benchmarks adds its own."
)
_MAX_BYTES = flags.DEFINE_integer(
    "max_bytes", 200_000_000, "Cap on the corpus that all configs share.", lower_bound=1
)
_SET = flags.DEFINE_multi_string("set", [], "KEY=VALUE, applied to every config, e.g. --set=max_steps=200.")
_LICENCE = flags.DEFINE_string("license", "apache-2.0", "Licence of the published weights.")
_RUNS = flags.DEFINE_string("runs", "runs", "Parent directory of the runs.")
_DATA = flags.DEFINE_string("data", "data", "Parent directory of the prepared corpus.")
_OUT = flags.DEFINE_string("out", "pretrained", "Directory of releases.")
_OVERWRITE = flags.DEFINE_bool("overwrite", False, "Replaces another release of the same name.")


def main() -> int:
    """Makes what is missing of the release; returns the exit status."""
    name, benchmarks = _name(), _benchmarks()
    plan = ReleasePlan(
        configs=_configs(),
        settings=_SET.value,
        suites=_suites(benchmarks),
        benchmarks=benchmarks,
        max_bytes=_MAX_BYTES.value,
        licence=_LICENCE.value,
        work=Path(_RUNS.value) / name,
        prepared_dir=Path(_DATA.value) / name,
        out=Path(_OUT.value) / name,
        overwrite=_OVERWRITE.value,
    )
    plan.check()
    try:
        ReleasePipeline(plan, cli.call).run()
    except CommandFailed as failed:
        return failed.status
    return 0


def _name() -> str:
    name = _NAME.value
    if name is None:
        return "v1" if _has_gpu() else "small-v1"
    if Path(name).name != name or name in ("", ".", ".."):
        raise UserError(f"--name={name!r}: must be the name of a directory")
    return name


def _suites(benchmarks: Mapping[str, str]) -> Sequence[str]:
    """The names of all suites, checked to run here before hours of training."""
    suites = registry.named([*_SUITES.value, *benchmarks])
    registry.choose(suites, seed=0, options=benchmarks)
    if any(suite.runs_code for suite in suites):
        _check_sandbox()
    return [suite.name for suite in suites]


def _check_sandbox() -> None:
    try:
        Sandbox(workers=1).close()
    except SandboxError as error:
        cure = "leave tasks out (--suites=all, no --benchmarks)"
        raise UserError(f"{error}".replace("pass allow_unsafe to run anyway", cure)) from None


def _configs() -> dict[str, str]:
    """Name -> config file."""
    if _CONFIGS.value is None:
        names = ("strongreg", "strongreg_plus") if _has_gpu() else ("small",)
        folder = configs_directory()
        return {name: str(folder / f"{name}.py") for name in names}
    files = {Path(file.partition(":")[0]).stem: file for file in _CONFIGS.value}
    if not files or len(files) < len(_CONFIGS.value):
        raise UserError(f"--configs={','.join(_CONFIGS.value)}: name at least one file, each name once")
    return files


@functools.cache
def _has_gpu() -> bool:
    # In a process of its own: one that has looked holds most of the GPU's memory until it ends.
    command = [sys.executable, "-c", "import jax; print(jax.default_backend())"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = done.stdout.strip()
    if found != "gpu" and devices.has_nvidia_gpu():
        raise UserError(
            "this machine has an NVIDIA GPU that JAX cannot use: install the extra that fits the driver, "
            "pip install -e '.[cuda12]' or '.[cuda13]'; or give --name and --configs, to release what the CPU makes"
        )
    if done.returncode:
        reason = done.stderr.strip().rpartition("\n")[2]
        raise UserError(f"JAX does not start: {reason}")
    return found == "gpu"


def _benchmarks() -> dict[str, str]:
    """Suite -> file."""
    if _BENCHMARKS.value is None:
        return {}
    files = {suite: Path(_BENCHMARKS.value) / name for suite, name in _BENCHMARK_FILES.items()}
    for file in files.values():
        if not file.is_file():
            raise UserError(f"--benchmarks={_BENCHMARKS.value}: has no {file.name}")
    return {suite: str(file) for suite, file in files.items()}


def run() -> None:
    """Entry point of `codelm-release`."""
    cli.run(main)


if __name__ == "__main__":
    run()
