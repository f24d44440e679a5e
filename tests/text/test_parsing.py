import argparse
import ast
import dataclasses
import functools
import inspect
import pathlib
import random
import textwrap
import typing
import zipfile

import pytest

from codelm_jax.text.definitions import end_of_definition
from codelm_jax.text.parsing import parses


@pytest.mark.parametrize(
    ("completion", "hit_limit", "expected"),
    [
        ("\n    return x\n", False, True),
        (" return x", False, True),
        ("\n    return x\n\n\nthis is never looked at", False, True),
        ("\n    pass garbage", False, False),
        ("\n    pass\n    garbage garbage", False, False),
        ('\n    """Only a docstring."""\n', False, False),
        ('\n    """A docstring."""\n    pass\n', False, True),
        ("\n    # only a remark\n", False, False),
        ("", False, False),
        ("\nx = 1\n", False, False),
        ("):):):):):):", True, False),
        ("\n    return x\n    y = (1,", True, True),
        ("\n    return x\n    y = (1,", False, False),
        ("\n    if x:\n        retu", True, False),
        ("\n    y = 1\n    if x:\n        retu", True, True),
        ("\n    try:\n        y = 1\n        z", True, True),
        ("\n    try:\n        y = 1\n", False, False),
        ("\n    return 0777\n", False, False),
        ("\n    x = '\0'\n", False, False),
        ("\n    x = '\\d' is 1\n", False, True),
        ("\n    return " + "(" * 5000, False, False),
    ],
)
def test_a_completion_parses_when_python_takes_what_is_kept_of_it(
    completion: str, hit_limit: bool, expected: bool
):
    assert parses("def f(x):", completion, hit_limit=hit_limit) is expected


def test_statements_of_the_prompt_do_not_count():
    assert not parses("def f(x):\n    y = 1\n", "\n", hit_limit=False)
    assert parses("def f(x):\n    y = 1\n", "    z = 2\n", hit_limit=False)


@pytest.mark.parametrize(
    "completion",
    [
        "\n    defs,\n     0,return:\n",
        "\n    x = 1\n    defs 0 return:\n",
        "\n    x = 1\n    if if x:\n        for",
        "\n    x = 1\n    y = (x ):):):):):",
        "\n    x = 1\n    y = (x x, x, x\n",
        "\n    x = 1\n    return (\n    return x",
        "\n    x = 1\n    y = [1, 2) + [3",
        "\n    x = 1\n    def def def def",
        "\n    x = 1\n       if x",
        '\n    x = 1\n    y = """' + "):" * 30,
        "\n    x = 1\n    '''\n    x = 1\n    y = 2\n    z = 3\n",
        "\n    return self self self self",
        "\n    x = 1\n    y = " + "(" * 300,
    ],
)
def test_a_token_limit_excuses_no_junk(completion: str):
    assert not parses("def f(x):", completion, hit_limit=True)


@pytest.mark.parametrize(
    "unfinished",
    [
        "y = 'ab",
        "y = x if",
        "y = not",
        "y = f(x, key=lambda",
        "y = 0x",
        "y !",
        "y = x \\",
        "y = x \\\n",
        "for",
        "@cached\n",
        "match x:\n        case 1:\n",
        "try:\n        y = x\n    exc",
        "y = f'{x",
        "y = [\n        1,\n        2,\n\n        # three\n",
        '"""',
        "def g(self, x) -",
        'if x:\n        "Why',
    ],
)
def test_whatever_python_may_follow_stays_valid(unfinished: str):
    assert parses("def f(x):", "\n    x += 1\n    " + unfinished, hit_limit=True)


@functools.cache
def cut_definitions() -> list[tuple[str, str]]:
    """Real functions and classes, each cut a few times somewhere after its first simple statement."""
    rng = random.Random(0)
    cuts = []
    for module in (argparse, ast, dataclasses, inspect, pathlib, random, textwrap, typing, zipfile):
        source = inspect.getsource(module)
        offsets = [0]
        for line in source.split("\n"):
            offsets.append(offsets[-1] + len(line) + 1)
        for node in ast.parse(source).body:
            if not isinstance(node, ast.FunctionDef | ast.ClassDef) or node.decorator_list:
                continue
            body = node.body[1:] if ast.get_docstring(node) else node.body
            first_simple = next((statement for statement in body if not hasattr(statement, "body")), None)
            if first_simple is None:
                continue
            assert first_simple.end_lineno
            assert node.end_lineno
            start = offsets[node.lineno - 1]
            for _ in range(2):
                cut = rng.randint(offsets[first_simple.end_lineno], offsets[node.end_lineno])
                cuts.append((source[start : start + 6], source[start + 6 : cut]))
    return cuts


def test_real_code_nearly_always_survives_the_token_limit():
    cuts = cut_definitions()
    assert len(cuts) > 200
    refused = [completion for prompt, completion in cuts if not parses(prompt, completion, hit_limit=True)]
    assert len(refused) <= 0.02 * len(cuts)
    # What is refused is the inside of a docstring, and mostly that.
    assert all(completion.count('"""') % 2 for completion in refused)


def test_real_code_that_goes_over_into_junk_does_not_survive():
    tried = 0
    for prompt, completion in cut_definitions():
        written = completion.rstrip()
        may_swallow = completion.count('"""') % 2 or set("'\"#") & set(written.rpartition("\n")[2])
        if may_swallow or end_of_definition(prompt, completion) is not None:
            continue
        assert not parses(prompt, written + " ):):):):", hit_limit=True), completion
        tried += 1
    assert tried > 40
