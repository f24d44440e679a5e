"""The prompt templates: a TOML file that ships with the package and that a user can replace."""

import dataclasses
import importlib.resources
import tomllib
from pathlib import Path
from typing import Annotated, Any

import pydantic
from pydantic.dataclasses import dataclass

from codelm_jax.errors import UserError
from codelm_jax.evals.results import digest
from codelm_jax.schema import STRICT, parse

Text = Annotated[str, pydantic.Field(min_length=1)]
# TOML has lists where the dataclasses hold tuples.
Texts = Annotated[tuple[Text, ...], pydantic.Field(min_length=1, strict=False)]


@dataclass(frozen=True, config=STRICT)
class Category:
    """Worked examples and the prompts that follow them, one at a time."""

    name: Text
    prefix: str
    prompts: Texts


@dataclass(frozen=True, config=STRICT)
class ContextTemplate:
    """A prompt, and the examples that go before it one by one."""

    prompt: Text
    examples: Texts


@dataclass(frozen=True, config=STRICT)
class TaskTemplate:
    """What goes before the prompt of each task."""

    prefix: str


@dataclass(frozen=True, config=STRICT)
class Templates:
    """All prompts of this project's own."""

    category: Annotated[tuple[Category, ...], pydantic.Field(min_length=1)]
    context: ContextTemplate
    tasks: TaskTemplate

    @pydantic.field_validator("category")
    @classmethod
    def _each_prompt_once(cls, categories: tuple[Category, ...]) -> tuple[Category, ...]:
        prompts = [prompt for category in categories for prompt in category.prompts]
        twice = next((prompt for prompt in prompts if prompts.count(prompt) > 1), None)
        if twice is not None:
            raise ValueError(f"the prompt {twice!r} is there twice; results are named by prompt")
        return categories


def load_templates(path: str | Path | None = None) -> Templates:
    """Reads a template file; the package's own without a path.

    Raises:
        UserError: it can't be read, is no TOML, or lacks something; the message names it.
    """
    if path is None:
        own = importlib.resources.files("codelm_jax.evals").joinpath("templates.toml")
        return _parse(own.read_bytes(), "templates.toml")
    try:
        return _parse(Path(path).read_bytes(), str(path))
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from None


def templates_digest(templates: Templates) -> str:
    """Identifies templates by their content."""
    return digest(dataclasses.asdict(templates))


def _parse(data: bytes, name: str) -> Templates:
    try:
        values: dict[str, Any] = tomllib.loads(data.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{name}: not TOML: {error}") from None
    # From the inside out: what is no table stays as it is, for the outer check to refuse.
    tables = values.get("category")
    if isinstance(tables, list) and all(isinstance(table, dict) for table in tables):
        values["category"] = tuple(
            parse(Category, table, f"{name}: category.{i}") for i, table in enumerate(tables)
        )
    for key, cls in (("context", ContextTemplate), ("tasks", TaskTemplate)):
        if isinstance(values.get(key), dict):
            values[key] = parse(cls, values[key], f"{name}: {key}")
    return parse(Templates, values, name)
