"""A suite in one file: how often the likeliest first token is the end of the text."""

import pydantic.dataclasses

from codelm_jax.evals.statistics import Rate, rate
from codelm_jax.evals.suite import READABLE, Suite, SuiteResult
from codelm_jax.evals.view import Axis, Curves, Headline, PageSection, Series, Table, View
from codelm_jax.evals.wording import interval, percent

PROMPTS = ("", "def f():", "x = ")


@pydantic.dataclasses.dataclass(frozen=True, kw_only=True, config=READABLE)
class ToyResult(SuiteResult):
    sure: Rate
    highest: tuple[float, ...]


class ToySuite(Suite[ToyResult]):
    name = "toy"
    title = "Sure of the first token"
    section = PageSection("toy", "Toy section", "How sure the model is of one token.")
    result_type = ToyResult
    headlines = ("Toy headline",)

    def depends_on(self, inputs):
        return {"prompts": list(PROMPTS)}

    def run(self, inputs, parts):
        highest = tuple(float(inputs.model.next_token(prompt).max()) for prompt in PROMPTS)
        sure = rate(sum(value > 0.5 for value in highest), len(highest))
        return ToyResult(suite=self.name, sure=sure, highest=highest)

    def view(self, result):
        return View(
            self.title,
            tables=[Table("sure prompts", ["", "share"], [["toy row", interval(result.sure)]])],
            headlines=[Headline("Toy headline", percent(result.sure.rate), "Of three prompts.")],
            charts=[
                Curves(
                    name="toy",
                    title="Toy chart",
                    caption="Each prompt.",
                    about="Highest probability of each prompt.",
                    words=f"{result.sure.count} above one half",
                    x=Axis("prompt"),
                    y=Axis("probability", "percent"),
                    series=[Series("highest", list(range(len(PROMPTS))), result.highest)],
                )
            ],
            limits=["Toy limit."],
        )


TOY = ToySuite()
