"""Recognises a benchmark's task in a function: by its name, its wording or its body.

Functions that share 30 tokens of text with a benchmark are found elsewhere; this finds rewritten ones.
"""

import ast
import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from codelm_jax.text.normal import body_of, form_of
from codelm_jax.text.problems import Problem

ENTRY_POINT = "entry point of a task"
BODY = "body of a task's solution"
WORDING = "wording of a task"

_VERB = re.compile(
    r"^(write a (python )?function (to|that) )?(returns?|find|compute|get|check) (whether |if )?"
)
_PARAGRAPH = re.compile(r"\n\s*\n")
# Fields of statements that hold blocks, and those that hold `except` and `case`.
_BLOCKS = ("body", "orelse", "finalbody")
_BRANCHES = ("handlers", "cases")

_LONGEST_WORDING = 2000  # characters; no task has so many


@dataclasses.dataclass(frozen=True)
class Match:
    """A function that counts as a task's.

    Attributes:
        task: id of the task.
        reason: one of the constants of this module.
        first: its first line, decorators included, counted from 1.
        last: its last line.
        is_needed: whether its block would be empty without it.
    """

    task: str
    reason: str
    first: int = 0
    last: int = 0
    is_needed: bool = False


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
        """Yields the outermost functions that have one. Names of methods and inner functions do not count."""
        pending = [tree.body]
        while pending:
            block = pending.pop()
            found = [(node, self._match(node, block is tree.body)) for node in block]
            is_emptied = block is not tree.body and all(match for _, match in found)
            for node, match in found:
                if match:
                    first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", ()))])
                    is_needed = is_emptied and node is block[0]
                    yield dataclasses.replace(match, first=first, last=node.end_lineno, is_needed=is_needed)
                else:
                    pending.extend(_blocks(node))

    def _match(self, node: ast.stmt, is_outermost: bool) -> Match | None:
        if not isinstance(node, ast.FunctionDef):
            return None
        wording = docstring_wording(node)
        wordings = _PARAGRAPH.split(wording, maxsplit=1)[0], wording[:_LONGEST_WORDING]
        try:
            form = form_of(node) if _shape(node) in self.shapes else ""
        except RecursionError:  # no solution is nested so deeply
            form = ""
        return self.match(node.name if is_outermost else "", wordings, form)


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
    return (ast.get_docstring(function, clean=False) or "").partition(">>>")[0]


def without(text: str, matches: Sequence[Match]) -> str:
    """Cuts functions out of a source; where a block would be empty, `pass` is left."""
    lines = text.split("\n")
    for match in sorted(matches, key=lambda match: match.first, reverse=True):
        head = lines[match.first - 1]
        indent = head[: len(head) - len(head.lstrip())]
        lines[match.first - 1 : match.last] = [f"{indent}pass"] if match.is_needed else []
    return "\n".join(lines)


def plain_wording(text: str) -> str:
    """A wording without its verb, case and punctuation."""
    return _VERB.sub("", " ".join(re.findall(r"[a-z0-9]+", text.lower())))


def _blocks(node: ast.AST) -> Iterator[list[ast.stmt]]:
    """The blocks that a statement holds."""
    for field in _BLOCKS:
        if block := getattr(node, field, None):
            yield block
    for field in _BRANCHES:
        for branch in getattr(node, field, ()):
            yield branch.body


def _shape(function: ast.FunctionDef) -> tuple[int, ...]:
    """Numbers that equal normal forms share and that cost nothing to compare: of parameters and of statements."""
    body = body_of(function)
    arguments = function.args
    inner = [len(getattr(statement, "body", ())) for statement in body]
    return len(arguments.args), len(arguments.kwonlyargs), len(arguments.defaults), *inner
