"""The templates of page and card, filled in strictly."""

from typing import Any

import jinja2

from codelm_jax.evals.wording import visible


def environment(*, autoescape: bool) -> jinja2.Environment:
    """Templates of this room; a name that they lack is an error, and no character of what they show is invisible."""
    return jinja2.Environment(
        loader=jinja2.PackageLoader("codelm_jax.report", "."),
        autoescape=autoescape,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        finalize=_visible,
    )


def _visible(value: Any) -> Any:
    return visible(value) if type(value) is str else value
