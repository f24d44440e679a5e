"""How code is laid out: no line too wide, no parentheses that nobody would write."""

import ast
import re

_WIDEST = 92
_OPENING = re.compile(r"(?<![\w)\]])\(")
# Parentheses around these make precedence plain and stay.
_TELLING = re.compile(r" (?:and|or|not|in|is|if|else|for|==|!=|<=?|>=?|//) |^not |,")
_PRODUCT = re.compile(r"[*/%]")


def is_narrow(body: str) -> bool:
    """Whether every line of an unindented body fits."""
    return all(len(line) <= _WIDEST for line in body.split("\n"))


def without_idle_parentheses(source: str) -> str:
    """`source` without parentheses that change nothing and make nothing plainer."""
    start = 0
    while found := _OPENING.search(source, start):
        start = found.end()
        end = _closing(source, start)
        if end is None:
            continue
        inner = source[start:end]
        shorter = source[: found.start()] + inner + source[end + 1 :]
        if not _is_telling(source, found.start(), inner, end) and _is_same(source, shorter):
            source, start = shorter, found.start()
    return source


def _closing(source: str, start: int) -> int | None:
    """Where the parenthesis that was opened before `start` closes."""
    depth = 1
    for i in range(start, len(source)):
        depth += {"(": 1, ")": -1}.get(source[i], 0)
        if depth == 0:
            return i
    return None


def _is_telling(source: str, before: int, inner: str, end: int) -> bool:
    is_operation = " " in inner
    beside = source[max(0, before - 3) : before] + source[end + 1 : end + 4]
    return bool(_TELLING.search(inner)) or (is_operation and bool(_PRODUCT.search(beside)))


def _is_same(one: str, other: str) -> bool:
    try:
        return ast.dump(ast.parse(one)) == ast.dump(ast.parse(other))
    except SyntaxError:
        return False
