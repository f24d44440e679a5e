"""How the next-token distribution sharpens with context: one prompt after more and more worked examples."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pydantic.dataclasses

from codelm_jax.evals import reference
from codelm_jax.evals.interfaces import Codec, NextTokenDistribution
from codelm_jax.evals.suite import READABLE, Parts, Suite, SuiteInputs, SuiteResult
from codelm_jax.evals.suites.few_shot import room
from codelm_jax.evals.templates import ContextTemplate, templates_digest
from codelm_jax.evals.view import Axis, Curves, PageSection, Series, Table, View
from codelm_jax.evals.wording import number, percent, token_name

_TOP = 10
_TOP_SHOWN = 5
_LEGACY_TOKEN = b"):"


@pydantic.dataclasses.dataclass(frozen=True, config=READABLE)
class LikelyToken:
    """A token that may come next."""

    token: str
    token_id: int
    probability: float


@pydantic.dataclasses.dataclass(frozen=True, config=READABLE)
class ContextRow:
    """The distribution after one number of examples.

    Attributes:
        examples: worked examples before the prompt.
        tokens: of the whole text.
        top: the likeliest tokens.
        entropy: nats.
        newline: probability that the next token starts a new line.
        legacy: probability of `):`; None where that is not a token.
    """

    examples: int
    tokens: int
    top: tuple[LikelyToken, ...]
    entropy: float
    newline: float
    legacy: float | None


@pydantic.dataclasses.dataclass(frozen=True, kw_only=True, config=READABLE)
class ContextResult(SuiteResult):
    """A row for each number of examples, from 0 to as many as fit in the context."""

    prompt: str
    rows: tuple[ContextRow, ...]


def context_rows(
    next_token: NextTokenDistribution, codec: Codec, template: ContextTemplate, *, context_length: int
) -> ContextResult:
    """Measures the distribution after 0, 1, 2, ... examples.

    Args:
        next_token: text -> probabilities of the token after it, [V].
        codec: the tokenizer.
        template: the prompt and its examples.
        context_length: tokens that the text and the `<|endoftext|>` before it may have together.
    """
    spellings = [codec.token_bytes(token) for token in range(codec.vocab_size)]
    starts_line = np.array([starts_new_line(spelling) for spelling in spellings])
    legacy = spellings.index(_LEGACY_TOKEN) if _LEGACY_TOKEN in spellings else None
    rows = []
    for count in range(len(template.examples) + 1):
        text = "".join(template.examples[:count]) + template.prompt
        tokens = len(codec.encode(text))
        if 1 + tokens > context_length:
            break
        probabilities = np.asarray(next_token(text), np.float64)
        top = np.argsort(-probabilities, kind="stable")[:_TOP]
        rows.append(
            ContextRow(
                examples=count,
                tokens=tokens,
                top=tuple(
                    LikelyToken(
                        codec.decode([int(token)], skip_special=False),
                        int(token),
                        float(probabilities[token]),
                    )
                    for token in top
                ),
                entropy=float(-np.sum(probabilities * np.log(np.maximum(probabilities, 1e-300)))),
                newline=float(probabilities[starts_line].sum()),
                legacy=None if legacy is None else float(probabilities[legacy]),
            )
        )
    return ContextResult(suite="context", prompt=template.prompt, rows=tuple(rows))


def starts_new_line(spelling: bytes) -> bool:
    """Whether a token begins with a line end, apart from blanks before it."""
    return spelling.lstrip(b" \t\f").startswith((b"\n", b"\r"))


class Context(Suite[ContextResult]):
    """The next token against the length of the context."""

    name = "context"
    title = "Context"
    section = PageSection(
        "context",
        "Context",
        "What the model would write next after one and the same signature, with more and more worked examples before it.",
    )
    result_type = ContextResult
    on_card = False

    def depends_on(self, inputs: SuiteInputs) -> Mapping[str, Any]:
        """The prompts."""
        return {"templates_sha256": templates_digest(inputs.choices.templates)}

    def obstacle(self, inputs: SuiteInputs) -> str | None:
        """A prompt that does not fit."""
        prompt, model = inputs.choices.templates.context.prompt, inputs.model
        if room([prompt], model.codec, model.context_length) >= 0:
            return None
        return f"its prompt alone exceeds the context of {model.context_length} tokens"

    def run(self, inputs: SuiteInputs, parts: Parts) -> ContextResult:
        """Takes milliseconds, so it has no parts."""
        model, template = inputs.model, inputs.choices.templates.context
        return context_rows(model.next_token, model.codec, template, context_length=model.context_length)

    def view(self, result: ContextResult) -> View:
        """A row for each number of examples, and a chart."""
        heads = [
            "examples",
            "tokens",
            "entropy, nats",
            "a new line",
            "“):”",
            "most probable (↵ line end, ␣ blank)",
        ]
        rows = [
            [
                str(row.examples),
                number(row.tokens),
                number(row.entropy, 2),
                percent(row.newline),
                percent(row.legacy),
                ", ".join(
                    f"{token_name(top.token)} {percent(top.probability, 0)}" for top in row.top[:_TOP_SHOWN]
                ),
            ]
            for row in result.rows
        ]
        table = Table(f"what follows “{result.prompt}”", heads, rows)
        return View(self.title, tables=[table], charts=[_chart(result)] if result.rows else [])


CONTEXT = Context()


def _chart(result: ContextResult) -> Curves:
    rows = result.rows
    tokens = [row.tokens for row in rows]
    legacy = [row.legacy for row in rows if row.legacy is not None]
    by_tokens = reference.NEWLINE_PROBABILITY
    return Curves(
        name="context",
        title="What context does to the next token",
        caption="After a signature such as “def foo(n):” only a new line is right; a sound model is sure of it without "
        "any worked example before it, the collapsing reference wrote “):” instead.",
        about="Probability that a new line comes next, against the length of the context.",
        words=", ".join(f"{percent(row.newline, 0)} after {row.tokens} tokens" for row in rows),
        x=Axis("tokens of context"),
        y=Axis("probability", "percent", low=-0.03, high=1.03),
        series=[
            Series("a new line", tokens, [row.newline for row in rows]),
            *([Series("“):”", tokens, legacy, "dashed")] if legacy else []),
            Series("reference: a new line", list(by_tokens), list(by_tokens.values()), "stars", shared=True),
            Series("reference: “):”", [0], [reference.LEGACY_TOKEN_PROBABILITY], "crosses", shared=True),
        ],
    )
