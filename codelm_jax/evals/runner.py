"""Runs suites on one model: reuses results, and continues what was interrupted."""

import dataclasses
from collections.abc import Callable

from codelm_jax.evals.choices import Choices
from codelm_jax.evals.interfaces import EvaluatedModel, EvaluationData, JudgeAll
from codelm_jax.evals.results import ResultFiles
from codelm_jax.evals.suite import R, Skipped, Suite, SuiteInputs


class SuiteRunner:
    """Runs suites, or reads their results where they are stored already."""

    def __init__(
        self,
        model: EvaluatedModel,
        data: EvaluationData | None,
        choices: Choices,
        files: ResultFiles,
        judge_all: JudgeAll,
        report: Callable[[str, int, int], None],
    ):
        """Takes everything that a suite may use; see `SuiteInputs`.

        Args:
            model: to evaluate.
            data: None where it is not available: suites that need it are skipped.
            choices: of the user.
            files: where results go.
            judge_all: the sandbox; called by suites that run code.
            report: receives a stage, the steps done and the steps in all.
        """
        self._files = files
        self._inputs = SuiteInputs(model, data, choices, judge_all, report, self.run)

    def run(self, suite: Suite[R]) -> R:
        """The result of a suite, which is then in the result files.

        Raises:
            Skipped: it can't be run on this model, or without the data.
        """
        inputs = self._inputs
        settings = suite.identity(inputs)
        found = self._files.find(suite.name, settings)
        if found is not None:
            return suite.read(found, str(self._files.path(suite.name)))
        obstacle = suite.obstacle(inputs)
        if obstacle is not None:
            raise Skipped(obstacle)
        with self._files.partial(suite.name, settings) as partial:
            result = dataclasses.replace(suite.run(inputs, partial), settings=settings)
            self._files.write(suite.name, dataclasses.asdict(result))
            partial.remove()
        return result
