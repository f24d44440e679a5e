"""Recognises a benchmark's task in a function: by its name, its wording or its body.

Functions that share 30 tokens of text with a benchmark are found elsewhere; this finds rewritten ones.
"""

import ast
import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping

from codelm_jax.text.normal import body_of, form_of
from codelm_jax.text.problems import Problem

ENTRY_POINT = "entry point of a task"
BODY = "body of a task's solution"
WORDING = "wording of a task"

_VERB = re.compile(
    r"^(write a (python )?function (to|that) )?(returns?|find|compute|get|check) (whether |if )?"
)
# Statements that hold others, and the fields in which they hold them.
_BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")

_LONGEST_WORDING = 2000  # characters; no task has so many


@dataclasses.dataclass(frozen=True)
class Match:
    """Why a function counts as a task's: `reason` is one of the constants of this module."""

    task: str
    reason: str


@dataclasses.dataclass(frozen=True)
class TaskIndex:
    """What identifies the tasks; each maps to the id of the first task that has it.

    Attributes:
        names: entry points.
        wordings: of prompts and docstrings, without verb, case and punctuation.
        forms: alpha-normal forms of the solutions.
        shapes: of the solutions: functions of other shapes need no normal form.
    """

    names: Mapping[str, str]
    wordings: Mapping[str, str]
    forms: Mapping[str, str]
    shapes: frozenset[tuple[int, ...]]

    def match(self, name: str, wordings: Iterable[str], form: str) -> Match | None:
        """Compares a function that is given by its name, wordings and normal form; empty ones match nothing."""
        if name in self.names:
            return Match(self.names[name], ENTRY_POINT)
        if form in self.forms:
            return Match(self.forms[form], BODY)
        for wording in map(plain_wording, wordings):
            if wording in self.wordings:
                return Match(self.wordings[wording], WORDING)
        return None

    def matches(self, tree: ast.Module) -> Iterator[Match]:
        """Yields a match for each function of a module that has one. Names of methods and inner functions do not count."""
        outermost = {id(node) for node in tree.body}
        for function in _functions(tree):
            name = function.name if id(function) in outermost else ""
            form = form_of(function) if _shape(function) in self.shapes else ""
            wording = docstring_wording(function)
            if found := self.match(name, (wording.partition("\n\n")[0], wording[:_LONGEST_WORDING]), form):
                yield found


def task_index(problems: Iterable[Problem]) -> TaskIndex:
    """Indexes the tasks of benchmarks."""
    names: dict[str, str] = {}
    wordings: dict[str, str] = {}
    forms: dict[str, str] = {}
    shapes: set[tuple[int, ...]] = set()
    for problem in problems:
        functions = solution_functions(problem)
        texts = [problem.prompt, *map(docstring_wording, functions)]
        for wording in filter(None, map(plain_wording, texts)):
            wordings.setdefault(wording, problem.id)
        if problem.entry_point:
            names.setdefault(problem.entry_point, problem.id)
        for function in functions:
            if function.name == problem.entry_point and body_of(function):
                forms.setdefault(form_of(function), problem.id)
                shapes.add(_shape(function))
    return TaskIndex(names, wordings, forms, frozenset(shapes))


def solution_functions(problem: Problem) -> list[ast.FunctionDef]:
    """Top-level functions of a task's solution, with the prompt where that is its beginning."""
    for source in (problem.solution, problem.prompt + problem.solution):
        try:
            found = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
        except (SyntaxError, ValueError):
            continue
        if any(function.name == problem.entry_point for function in found):
            return found
    return []


def docstring_wording(function: ast.FunctionDef) -> str:
    """The docstring up to its first example."""
    return (ast.get_docstring(function) or "").partition(">>>")[0]


def plain_wording(text: str) -> str:
    """A wording without its verb, case and punctuation."""
    return _VERB.sub("", " ".join(re.findall(r"[a-z0-9]+", text.lower())))


def _functions(tree: ast.Module) -> Iterator[ast.FunctionDef]:
    """Every function that is defined in a block; blocks are walked without their expressions."""
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.FunctionDef):
            yield node
        for field in _BLOCKS:
            pending.extend(getattr(node, field, ()))


def _shape(function: ast.FunctionDef) -> tuple[int, ...]:
    """Numbers that equal normal forms share and that cost nothing to compare: of parameters and of statements."""
    body = body_of(function)
    arguments = function.args
    inner = [len(getattr(statement, "body", ())) for statement in body]
    return len(arguments.args), len(arguments.kwonlyargs), len(arguments.defaults), *inner
