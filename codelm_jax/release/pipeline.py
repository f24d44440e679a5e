"""From configs to a release: runs the commands that train, evaluate, export and describe, and chooses a run.

A release that was interrupted continues: each command skips or continues what is already there.
"""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from codelm_jax.data.licences import PERMISSIVE
from codelm_jax.errors import UserError
from codelm_jax.interop.hf_record import read_record
from codelm_jax.release.choice import candidate, choose
from codelm_jax.release.directory import assemble, called, check_free
from codelm_jax.release.shipped import record_figures
from codelm_jax.report.runs import ReportedRun, load_runs

_SHARD_MB = 16


class CommandFailed(Exception):
    """A command failed.

    Attributes:
        status: its exit status.
    """

    def __init__(self, status: int):
        self.status = status


@dataclasses.dataclass(frozen=True)
class ReleasePlan:
    """What to release, and where.

    Attributes:
        configs: name of a run to its config file.
        settings: `KEY=VALUE`, applied to every config.
        suites: evaluation suites.
        benchmarks: suite to file, also kept out of the corpus.
        max_bytes: cap on the corpus.
        licence: of the published weights.
        work: parent directory of the runs.
        prepared_dir: the prepared corpus.
        out: the directory to make.
        overwrite: whether to replace another release in `out`.
    """

    configs: Mapping[str, str]
    settings: Sequence[str]
    suites: Sequence[str]
    benchmarks: Mapping[str, str]
    max_bytes: int
    licence: str
    work: Path
    prepared_dir: Path
    out: Path
    overwrite: bool

    @property
    def staged(self) -> Path:
        """The export that is released, without the files that only a release has."""
        return self.work / "export" / self.out.name

    def check(self) -> None:
        """Checks what can be checked before anything is trained.

        Raises:
            UserError: another release is there.
        """
        check_free(self.out, self.staged, overwrite=self.overwrite)


class ReleasePipeline:
    """Runs the commands of a plan.

    Args:
        plan: what to do.
        call: runs a command with arguments and returns its exit status.
    """

    def __init__(self, plan: ReleasePlan, call: Callable[..., int]):
        self._plan, self._call = plan, call

    def run(self) -> None:
        """Makes what is missing of the release.

        Raises:
            CommandFailed: a command failed.
            UserError: the runs cannot be compared, or nothing can be shipped.
        """
        plan = self._plan
        runs = [self._make(file, plan.work / config) for config, file in plan.configs.items()]
        if len(runs) > 1:
            self._run("report", f"--workdir={','.join(map(str, runs))}", f"--out={plan.work / 'report'}")
        candidates = [candidate(run) for run in load_runs(runs)]
        chosen = choose(candidates)
        print("\n".join(f"{each}{' (chosen)' if each is chosen else ''}" for each in candidates), flush=True)
        self._export(chosen.directory, plan.staged, f"--called={called(plan.out)}")
        assemble(plan.staged, plan.prepared_dir, plan.out, overwrite=plan.overwrite)
        print(record_figures(plan.out))

    def _make(self, file: str, run: Path) -> Path:
        """Trains, evaluates and describes one run, or continues it."""
        plan = self._plan
        data = {
            "data.prepared_dir": plan.prepared_dir,
            "data.licenses": PERMISSIVE,
            "data.max_bytes": plan.max_bytes,
            "data.decontaminate": tuple(plan.benchmarks.values()),
        }
        settings = [*(f"{key}={value}" for key, value in data.items()), *plan.settings]
        self._run("train", f"--config={file}", f"--workdir={run}", *(f"--config.{each}" for each in settings))
        # What is evaluated is what would ship: rounded to bfloat16, read from its files.
        weights = run.parent / "weights" / run.name
        self._export(run, weights)
        step = read_record(weights).step
        self._run(
            "evaluate",
            f"--checkpoint={weights}",
            f"--suite={','.join(plan.suites)}",
            *(f"--{suite}={path}" for suite, path in plan.benchmarks.items()),
            f"--data={plan.prepared_dir}",
            f"--out={run / 'evals' / f'step_{step}'}",
        )
        (evaluated,) = load_runs([run])
        _check_newest(evaluated, plan.suites, step)
        self._run("report", f"--workdir={run}", f"--license={plan.licence}")
        return run

    def _export(self, run: Path, out: Path, *more: str) -> None:
        """Exports the best step of a run as it ships, with the card that the run has by now."""
        shape = ("--dtype=bfloat16", f"--max_shard_mb={_SHARD_MB}", "--overwrite")
        self._run("export", f"--checkpoint={run}", f"--out={out}", *shape, *more)

    def _run(self, command: str, *arguments: str) -> None:
        if status := self._call(command, *arguments):
            raise CommandFailed(status)


def _check_newest(run: ReportedRun, suites: Sequence[str], step: int) -> None:
    """The card and the choice go by the newest evaluations: those must be of the step that ships."""
    for suite in suites:
        evaluation = run.newest(suite)
        if evaluation and evaluation.step != step:
            raise UserError(
                f"{run.directory}: its newest {suite} is of step {evaluation.step}, but step {step} is the best and "
                f"ships; move {run.directory / 'evals' / f'step_{evaluation.step}'} away"
            )
