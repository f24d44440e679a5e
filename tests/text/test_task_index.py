"""Laws of how a benchmark's task is recognised in a function, and cut out of a file."""

import ast

import pytest

from codelm_jax.text.problems import Problem
from codelm_jax.text.task_index import BODY, ENTRY_POINT, WORDING, Match, task_index, without

PROBLEMS = [
    Problem(
        "H/1",
        'def count_big(items, limit):\n    """Count the items above limit.\n    >>> count_big([1], 0)\n    1\n    """\n',
        "count_big",
        ("def check(c): pass",),
        solution="    total = 0\n    for item in items:\n        if item > limit:\n            total += 1\n    return total\n",
    ),
    Problem(
        "7",
        "Write a function to find the widest word.",
        "widest",
        ("assert widest('a')",),
        solution="def widest(text):\n    return max(text.split(), key=len)\n",
    ),
]
INDEX = task_index(PROBLEMS)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("def count_big(x):\n    return x\n", ("H/1", ENTRY_POINT)),
        ("@cache\ndef widest(x):\n    return x\n", ("7", ENTRY_POINT)),
        (
            "def f(a: list, b=None):\n    'Other.'\n    n = 0\n    for x in a:\n        if x > b:\n            n += 1\n    return n\n",
            None,
        ),
        (
            "def f(a: list, b: int) -> int:\n    'Other.'\n    n = 0\n    for x in a:\n        if x > b:\n            n += 1\n    return n\n",
            ("H/1", BODY),
        ),
        ("class A:\n    x = 1\n    def f(s):\n        return max(s.split(), key=len)\n", ("7", BODY)),
        ("def f(x):\n    'Find the  Widest word!'\n    return x\n", ("7", WORDING)),
        (
            "def f(x):\n    '''The widest word.\n\n    Args:\n        x: text.\n    '''\n    return x\n",
            ("7", WORDING),
        ),
        (
            "try:\n    pass\nexcept E:\n    def f(x):\n        'The widest word'\n        return x\n    y = 1\n",
            ("7", WORDING),
        ),
        ("def f(s):\n    return " + "s + " * 900 + "s\n", None),
        ("class A:\n    def widest(self):\n        return self\n", None),
        ("def f(s):\n    return min(s.split(), key=len)\n", None),
        ("def f(x):\n    ''\n    return x\n", None),
    ],
)
def test_a_task_is_recognised_by_name_wording_or_body(source, expected):
    found = [(match.task, match.reason) for match in INDEX.matches(ast.parse(source))]
    assert found == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("source", "left"),
    [
        ("x = 1\n@cache\n@other(\n    2\n)\ndef widest(x):\n    return x\ny = 2\n", "x = 1\ny = 2\n"),
        ("def widest(x):\n    def count_big(y):\n        return y\n    return x\n\nz = 3\n", "\nz = 3\n"),
        (
            "if a:\n    def f(x):\n        'The widest word'\n    def g(x):\n        'The widest word'\nelse:\n    b = 1\n",
            "if a:\n    pass\nelse:\n    b = 1\n",
        ),
        ("def widest(x): return x\ndef count_big(x): return x\nz = 3", "z = 3"),
    ],
)
def test_a_file_without_its_tasks_still_parses(source, left):
    assert without(source, list(INDEX.matches(ast.parse(source)))) == left
    ast.parse(left)


def test_nothing_matches_an_empty_index():
    assert list(task_index([]).matches(ast.parse("def f(x):\n    return x\n"))) == []
    assert INDEX.match("", ("",), "") is None
    assert INDEX.match("widest", (), "") == Match("7", ENTRY_POINT)
