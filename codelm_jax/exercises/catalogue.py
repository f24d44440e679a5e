"""All templates, and the draw of one draft."""

from codelm_jax.exercises import composition
from codelm_jax.exercises.draws import Draws
from codelm_jax.exercises.filling import Draft, fill
from codelm_jax.exercises.tables import (
    characters,
    dictionaries,
    everyday,
    folds,
    grids,
    items,
    lists,
    numbers,
    pairs,
    ranges,
    recursion,
    strings,
    two_lists,
    words,
)
from codelm_jax.exercises.template import Template

_TABLES = (
    numbers,
    pairs,
    ranges,
    folds,
    lists,
    items,
    two_lists,
    strings,
    characters,
    words,
    dictionaries,
    grids,
    recursion,
    everyday,
)
TEMPLATES: tuple[Template, ...] = tuple(template for module in _TABLES for template in module.TEMPLATES)
# Templates with operations have many bodies, the others few: they are drawn more often.
_WEIGHTED = [(2.5 if _has_operation else 1.0, template) for template in TEMPLATES for _has_operation in [any("$" + letter in " ".join(template.bodies) for letter in "PEQSUCH")]]
_COMPOSED = 0.3


def draw_draft(draws: Draws) -> Draft:
    """A function of any template, three in ten composed of several operations."""
    if draws.chance(_COMPOSED):
        return composition.compose(draws)
    return fill(draws.weighted(_WEIGHTED), draws)


def draw_relative(draft: Draft, draws: Draws, *, near: bool) -> Draft:
    """A function from the same block of a table as `draft` (`near`), or from the same table."""
    if draft.topic == composition.TOPIC:
        return composition.compose(draws)
    block = next(template.block for template in TEMPLATES if template.key == draft.template)
    return fill(draws.choice(_RELATIVES[block if near else draft.topic]), draws)


_RELATIVES: dict[str, list[Template]] = {}
for _template in TEMPLATES:
    _RELATIVES.setdefault(_template.topic, []).append(_template)
    _RELATIVES.setdefault(_template.block, []).append(_template)
