"""From nothing to a released model: trains, evaluates, chooses, exports and measures what it exported.

    python scripts/release.py
    python scripts/release.py --name=small-v1 --configs=configs/small.py --benchmarks=benchmarks

The runs lie in `runs/NAME/CONFIG`, made by train.py, evaluate.py and report.py; what ships is `pretrained/NAME`.
docs/release.md has the details. Stopped, the same command goes on. Exit status: 0 done, 2 a mistake, else that of the
command that failed.
"""

import functools
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import jax
from absl import flags

import codelm_jax
from codelm_jax import cli, devices
from codelm_jax.atomic import write_json
from codelm_jax.config_files import configs_directory
from codelm_jax.data.licences import PERMISSIVE
from codelm_jax.errors import UserError
from codelm_jax.evals import registry
from codelm_jax.interop.hf_record import read_record, seal
from codelm_jax.release import shipped
from codelm_jax.release.choice import candidate, choose
from codelm_jax.release.directory import FIGURES, assemble, called, check_free
from codelm_jax.report.runs import ReportedRun, load_runs
from codelm_jax.sandbox.pool import Sandbox
from codelm_jax.sandbox.verdict import SandboxError

_NAME = flags.DEFINE_string("name", None, "Of the release; default: v1 on a GPU, small-v1 without one.")
_CONFIGS = flags.DEFINE_list(
    "configs", None, "Config files; default: strongreg and strongreg_plus on a GPU, small without one."
)
_BENCHMARKS = flags.DEFINE_string(
    "benchmarks",
    None,
    "Directory of HumanEval.jsonl.gz and mbpp.jsonl, to run and to keep out of the corpus.",
)
_SUITES = flags.DEFINE_list("suites", ["all", "mini_benchmark"], "Of evaluate.py; --benchmarks adds its own.")
_MAX_BYTES = flags.DEFINE_integer(
    "max_bytes", 200_000_000, "Cap on the corpus that all configs share.", lower_bound=1
)
_SET = flags.DEFINE_multi_string("set", [], "KEY=VALUE, laid over every config, e.g. --set=max_steps=200.")
_LICENCE = flags.DEFINE_string("license", "apache-2.0", "That the weights are published under.")
_RUNS = flags.DEFINE_string("runs", "runs", "Directory of the directory of the runs.")
_DATA = flags.DEFINE_string("data", "data", "Directory of the directory of the prepared corpus.")
_OUT = flags.DEFINE_string("out", "pretrained", "Directory of releases.")
_OVERWRITE = flags.DEFINE_bool("overwrite", False, "Replaces another release of the same name.")

_SHARD_MB = 16
_BENCHMARK_FILES = {"humaneval": "HumanEval.jsonl.gz", "mbpp": "mbpp.jsonl"}


class _Failed(Exception):
    """A command failed; holds its exit status."""

    def __init__(self, status: int):
        self.status = status


def main() -> int:
    """Makes what is missing of the release; returns the exit status."""
    name, benchmarks = _name(), _benchmarks()
    out, work, prepared_dir = (Path(each.value) / name for each in (_OUT, _RUNS, _DATA))
    staged = work / "export" / name
    check_free(out, staged, overwrite=_OVERWRITE.value)
    suites = _suites(benchmarks)
    try:
        runs = [
            _make(file, work / config, prepared_dir, suites, benchmarks)
            for config, file in _configs().items()
        ]
        if len(runs) > 1:
            _run("report", f"--workdir={','.join(map(str, runs))}", f"--out={work / 'report'}")
        candidates = [candidate(run) for run in load_runs(runs)]
        chosen = choose(candidates)
        print("\n".join(f"{each}{' (chosen)' if each is chosen else ''}" for each in candidates), flush=True)
        _export(chosen.directory, staged, f"--called={called(out)}")
    except _Failed as failed:
        return failed.status
    assemble(staged, prepared_dir, out, overwrite=_OVERWRITE.value)
    _measure(out)
    return 0


def _name() -> str:
    name = _NAME.value
    if name is None:
        return "v1" if _has_gpu() else "small-v1"
    if Path(name).name != name or name in ("", ".", ".."):
        raise UserError(f"--name={name!r}: must be the name of a directory")
    return name


def _suites(benchmarks: Mapping[str, str]) -> Sequence[str]:
    """The names of all suites, each of which can be run here: told before the hours of training, not after them."""
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


def _make(
    file: str, run: Path, prepared_dir: Path, suites: Sequence[str], benchmarks: Mapping[str, str]
) -> Path:
    """Trains, evaluates and describes one run, or goes on with it."""
    data = {
        "data.prepared_dir": prepared_dir,
        "data.licenses": PERMISSIVE,
        "data.max_bytes": _MAX_BYTES.value,
        "data.decontaminate": tuple(benchmarks.values()),
    }
    shared = [f"--config.{key}={value}" for key, value in data.items()]
    _run(
        "train", f"--config={file}", f"--workdir={run}", *shared, *(f"--config.{each}" for each in _SET.value)
    )
    # What is evaluated is what would ship: rounded to bfloat16, read from its files.
    weights = run.parent / "weights" / run.name
    _export(run, weights)
    step = read_record(weights).step
    _run(
        "evaluate",
        f"--checkpoint={weights}",
        f"--suite={','.join(suites)}",
        *(f"--{suite}={path}" for suite, path in benchmarks.items()),
        f"--data={prepared_dir}",
        f"--out={run / 'evals' / f'step_{step}'}",
    )
    (evaluated,) = load_runs([run])
    _check_newest(evaluated, suites, step)
    _run("report", f"--workdir={run}", f"--license={_LICENCE.value}")
    return run


def _check_newest(run: ReportedRun, suites: Sequence[str], step: int) -> None:
    """The card and the choice go by the newest evaluations: those must be of the step that ships."""
    for suite in suites:
        evaluation = run.newest(suite)
        if evaluation and evaluation.step != step:
            raise UserError(
                f"{run.directory}: its newest {suite} is of step {evaluation.step}, but step {step} is the best and "
                f"ships; move {run.directory / 'evals' / f'step_{evaluation.step}'} away"
            )


def _export(run: Path, out: Path, *more: str) -> None:
    """The best step of a run as it ships, with the card that the run has by now."""
    shape = ("--dtype=bfloat16", f"--max_shard_mb={_SHARD_MB}", "--overwrite")
    _run("export", f"--checkpoint={run}", f"--out={out}", *shape, *more)


def _run(command: str, *arguments: str) -> None:
    status = cli.call(command, *arguments)
    if status:
        raise _Failed(status)


def _measure(out: Path) -> None:
    if (out / FIGURES).exists() and FIGURES in read_record(out).sha256:
        print(f"{out}: is there already, with its figures")
        return
    # As the test takes them again, which no accelerator is promised.
    jax.config.update("jax_platforms", "cpu")
    figures = {
        **shipped.measure(out),
        "tolerance_nll": shipped.TOLERANCE,
        "measured_with": {
            "codelm_jax": codelm_jax.__version__,
            "jax": jax.__version__,
            "device": jax.devices()[0].device_kind,
        },
    }
    write_json(out / FIGURES, figures)
    seal(out)
    held_out = figures["heldout"]
    print(
        f"{out}: nll {held_out['nll']:.4f}, {held_out['bits_per_byte']:.4f} bits per byte on its held-out text"
    )


def run() -> None:
    """Entry point of `codelm-release`."""
    cli.run(main)


if __name__ == "__main__":
    run()
