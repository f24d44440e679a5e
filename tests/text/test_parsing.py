import argparse
import ast
import random
import textwrap

import pytest

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


def test_a_token_limit_never_makes_real_code_invalid():
    rng = random.Random(0)
    tried = 0
    for module in (ast, argparse, random, textwrap):
        with open(module.__file__, encoding="utf-8") as file:
            source = file.read()
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
            start = offsets[node.lineno - 1]
            for _ in range(5):
                cut = rng.randint(offsets[first_simple.end_lineno], offsets[node.end_lineno])
                assert parses(source[start : start + 6], source[start + 6 : cut], hit_limit=True), source[
                    start:cut
                ]
                tried += 1
    assert tried > 100
