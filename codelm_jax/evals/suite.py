"""What a suite is: one object that names itself, runs, reads its results back, and shows them.

A new suite is a file in `evals/suites/` and a line in `evals/registry.py`. The evaluate command, the result files, the
report page and the model card know suites only through this class.
"""

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeVar

import pydantic
import pydantic.dataclasses

from codelm_jax.errors import UserError
from codelm_jax.evals.choices import Choices, Option
from codelm_jax.evals.interfaces import EvaluatedModel, EvaluationData, JudgeAll
from codelm_jax.evals.view import LastFigures, PageSection, View

# Increased when a figure is added or changes its meaning: results of an older format are not reused.
FORMAT = 2
# Results of other versions may have keys that this one does not know.
READABLE = pydantic.ConfigDict(extra="ignore")

Need = Literal["held_out", "train_tokens"]
_LACKING = {
    "held_out": "needs --data=DIR, the prepared data this model was trained on, or --text=FILE",
    "train_tokens": "needs --data=DIR, the prepared data this model was trained on; a text is not enough",
}


class Skipped(Exception):
    """A suite can't be run here; the message says why, and what would help."""


@pydantic.dataclasses.dataclass(frozen=True, kw_only=True, config=READABLE)
class SuiteResult:
    """The base of all results: a result file holds these fields and those of its suite.

    Attributes:
        settings: JSON that identifies what was measured and how; the result is reused only if it matches.
        suite: name.
    """

    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    suite: str

    @property
    def on_own_data(self) -> bool:
        """Whether the data is that of the training, not `--data=DIR` or `--text=FILE` of another."""
        data = self.settings.get("data", {})
        return "text_tokens_sha256" not in data and (
            data.get("data_fingerprint") in (None, self.settings.get("trained_on"))
        )


R = TypeVar("R", bound=SuiteResult)
Other = TypeVar("Other", bound=SuiteResult)


class Parts(Protocol):
    """Finished parts of an interrupted suite; `results.Partial` keeps them on disk."""

    done: dict[str, Any]

    def add(self, name: str, record: Any) -> None:
        """Saves one part."""


@dataclasses.dataclass(frozen=True)
class SuiteInputs:
    """Everything that a suite may use.

    Attributes:
        model: to evaluate.
        data: None where it is not available.
        choices: of the user.
        judge_all: the sandbox.
        report: receives a stage, the steps done and the steps in all.
        result_of: the result of another suite on the same inputs.
    """

    model: EvaluatedModel
    data: EvaluationData | None
    choices: Choices
    judge_all: JudgeAll
    report: Callable[[str, int, int], None]
    result_of: "Callable[[Suite[Any]], Any]"

    def required_data(self) -> EvaluationData:
        """The data, for a suite that needs it.

        Raises:
            Skipped: there is none.
        """
        if self.data is None:
            raise Skipped(_LACKING["held_out"])
        return self.data


class Suite(ABC, Generic[R]):
    """One suite; subclasses set the attributes.

    Attributes:
        name: on the command line and of the result file.
        title: on the terminal, the page and the card.
        section: of the page.
        result_type: a frozen dataclass.
        needs: data without which it is skipped.
        runs_code: whether it runs generated code in the sandbox; `all` leaves such suites out.
        on_card: whether the model card shows it.
        shows_every_setting: whether the page shows all results of the last step or only the newest.
        headlines: titles of the figures at the top of the page.
        options: flags of its own.
        file_name: of the public benchmark that `--NAME=FILE` takes; empty if the suite needs no file.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    section: ClassVar[PageSection]
    result_type: type[R]
    needs: ClassVar[Sequence[Need]] = ()
    runs_code: ClassVar[bool] = False
    on_card: ClassVar[bool] = True
    shows_every_setting: ClassVar[bool] = False
    headlines: ClassVar[Sequence[str]] = ()
    options: ClassVar[Sequence[Option]] = ()
    file_name: ClassVar[str] = ""

    def check(self, choices: Choices) -> None:
        """Refuses choices that the suite can't use, before anything is loaded.

        Raises:
            UserError: names the flag.
        """

    def obstacle(self, inputs: SuiteInputs) -> str | None:
        """Why the suite can't be run on this model, e.g. a context that is too short; None if it can."""
        return None

    @abstractmethod
    def depends_on(self, inputs: SuiteInputs) -> Mapping[str, Any]:
        """Everything but model and seed that its figures depend on, as JSON."""

    @abstractmethod
    def run(self, inputs: SuiteInputs, parts: Parts) -> R:
        """Computes the result; `parts` are those that an interrupted run had finished."""

    @abstractmethod
    def view(self, result: R) -> View:
        """The result as it is shown."""

    def view_in_training(self, figures: LastFigures) -> View | None:
        """What training itself measured of the same, where the suite was not run."""
        return None

    def unmeasured(self) -> str:
        """The limit that the card states where the suite was not run; "" for none."""
        return ""

    def identity(self, inputs: SuiteInputs) -> dict[str, Any]:
        """All that the figures depend on: results with the same identity are reused.

        Raises:
            Skipped: data that the suite needs is missing.
        """
        if self.needs:
            data = inputs.required_data()
            if "train_tokens" in self.needs and data.train_ids is None:
                raise Skipped(_LACKING["train_tokens"])
        common = {"suite": self.name, "format": FORMAT, "seed": inputs.choices.seed}
        return {**common, **inputs.model.identity, **self.depends_on(inputs)}

    def read(self, content: Mapping[str, Any], place: str) -> R:
        """A result from the content of its file.

        Raises:
            UserError: it lacks a figure, as a result of another version may; the message begins with `place`.
        """
        try:
            return self.result_type(**content)
        except pydantic.ValidationError as error:
            first = error.errors()[0]
            key = ".".join(map(str, first["loc"]))
            problem = "is missing" if first["type"] in ("missing", "missing_argument") else first["msg"]
            raise UserError(
                f"{place}: {key}: {problem}; this {self.name} result is damaged or of another version; delete it and "
                "evaluate again"
            ) from None
