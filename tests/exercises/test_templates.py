import ast
import hashlib

import pytest

from codelm_jax.exercises.catalogue import TEMPLATES, draw_draft
from codelm_jax.exercises.draws import Draws
from codelm_jax.exercises.filling import fill
from codelm_jax.exercises.normal import normal_form
from codelm_jax.exercises.sieve import source_of
from codelm_jax.exercises.template import table


def test_there_are_six_hundred_templates_each_with_a_key_of_its_own():
    assert len({template.key for template in TEMPLATES}) == len(TEMPLATES) >= 600


def test_every_template_fills_to_python_without_a_placeholder_left():
    for template in TEMPLATES:
        draft = fill(template, Draws(template.key))
        text = f"{draft.name} {draft.ask} {draft.body}"
        assert "$" not in text, text
        assert "@(" not in text, text
        (function,) = ast.parse(source_of(draft)).body
        assert function.name == draft.name
        assert draft.name.isidentifier()
        arguments = [argument.arg for argument in function.args.args]
        assert len(set(arguments)) == len(arguments)


def test_a_function_uses_nothing_but_its_own_names_and_builtins():
    builtin = set(dir(__builtins__)) if not isinstance(__builtins__, dict) else set(__builtins__)
    for i in range(400):
        draft = draw_draft(Draws(f"names {i}"))
        tree = ast.parse(source_of(draft))
        names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
        bound = {node.id for node in names if isinstance(node.ctx, ast.Store)}
        bound |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)} | {draft.name}
        assert {node.id for node in names} <= bound | builtin, source_of(draft)


def test_draws_are_the_same_on_every_machine_and_python_version():
    text = "".join(repr(draw_draft(Draws(f"fixed {i}"))) for i in range(300))
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == "abe798652cb3b4ba"


def test_parallel_groups_make_near_neighbours_of_one_block():
    first, second = table(
        "toys",
        "@(largest/smallest) @(most/least) : L+ -> int\n- the @(largest/smallest)\n> return @(max/min)($L) // 2",
    )
    assert (first.names, second.names) == (("largest", "most"), ("smallest", "least"))
    assert second.bodies == ("return min($L) // 2",)
    assert first.block == second.block == first.key


@pytest.mark.parametrize(
    "block",
    [
        "no header",
        "name : L -> int\n- only a wording",
        "name : L -> int\n> return 0",
        "name : Y -> int\n- the answer\n> return 0",
        "name : L -> int\n- @(a/b)\n> return @(1/2/3)",
        "name : L -> int\n  return 0",
    ],
)
def test_a_block_that_breaks_the_notation_is_refused(block):
    with pytest.raises(ValueError, match=r"block|header|wording|parameter"):
        table("toys", block)


@pytest.mark.parametrize(
    ("first", "second", "is_equal"),
    [
        (
            "def f(a, b):\n    return a + b",
            'def g(x: int, y) -> int:\n    """Doc."""\n    return x + y',
            True,
        ),
        ("def f(a):\n    return f(a - 1)", "def g(n):\n    return g(n - 1)", True),
        ("def f(a, b):\n    return a - b", "def f(a, b):\n    return b - a", False),
        ("def f(a):\n    return a[1:]", "def f(a):\n    return a[:1]", False),
        ("def f(a):\n    return len(a)", "def f(a):\n    return sum(a)", False),
        ("def f(a):\n    return a > 1", "def f(a):\n    return a >= 1", False),
    ],
)
def test_normal_forms_are_equal_if_only_names_and_docs_differ(first, second, is_equal):
    name = second.split("(")[0].removeprefix("def ")
    assert (normal_form(first, "f") == normal_form(second, name)) == is_equal
