"""All templates, each a meaning of its own, and the draw of one draft.

Compositions come on top: every shape of one counts as a template in a draft's `template`.
"""

import re

from codelm_jax.exercises import composition
from codelm_jax.exercises.draws import Draws
from codelm_jax.exercises.filling import Draft, fill
from codelm_jax.exercises.tables import (
    algorithms,
    arithmetic,
    characters,
    checks,
    comparisons,
    conversions,
    dictionaries,
    digits,
    drawing,
    everyday,
    folds,
    geometry,
    graphs,
    grids,
    groups,
    item_lists,
    items,
    lists,
    numbers,
    ordering,
    pair_lists,
    pairs,
    parsing,
    positions,
    ranges,
    rearranged,
    recursion,
    sentences,
    simulations,
    slices,
    strings,
    times,
    two_lists,
    words,
)
from codelm_jax.exercises.template import Template

_TABLES = (
    numbers,
    pairs,
    ranges,
    digits,
    folds,
    comparisons,
    positions,
    lists,
    rearranged,
    slices,
    items,
    item_lists,
    two_lists,
    strings,
    characters,
    words,
    sentences,
    dictionaries,
    pair_lists,
    grids,
    recursion,
    everyday,
    arithmetic,
    groups,
    ordering,
    algorithms,
    geometry,
    graphs,
    times,
    checks,
    parsing,
    conversions,
    simulations,
    drawing,
)
TEMPLATES: tuple[Template, ...] = tuple(template for module in _TABLES for template in module.TEMPLATES)
_OPERATION = re.compile(r"\$!?[PEQSUCH]")

# A template with operations has many bodies, the others have few: it is drawn more often.
_DRAWN = [t for t in TEMPLATES for _ in range(5 if _OPERATION.search(" ".join(t.bodies)) else 2)]
_BLOCKS = {template.key: template.block for template in TEMPLATES}
_RELATIVES: dict[str, list[Template]] = {}
for _template in TEMPLATES:
    _RELATIVES.setdefault(_template.topic, []).append(_template)
    _RELATIVES.setdefault(_template.block, []).append(_template)
_COMPOSED = 0.3


def draw_draft(draws: Draws) -> Draft:
    """A function of any template, three in ten composed of several operations."""
    if draws.chance(_COMPOSED):
        return composition.compose(draws)
    return fill(draws.choice(_DRAWN), draws)


def draw_relative(draft: Draft, draws: Draws, *, near: bool) -> Draft:
    """A function from the same block of a table as `draft` (`near`), or from the same table."""
    if draft.topic == composition.TOPIC:
        return composition.compose(draws)
    return fill(draws.choice(_RELATIVES[_BLOCKS[draft.template] if near else draft.topic]), draws)
