import ast

import pytest

from codelm_jax.exercises.catalogue import TEMPLATES, draw_draft
from codelm_jax.exercises.draws import Draws
from codelm_jax.exercises.filling import fill
from codelm_jax.exercises.kinds import KINDS, value
from codelm_jax.exercises.layout import without_idle_parentheses
from codelm_jax.exercises.sieve import source_of
from codelm_jax.exercises.template import table
from codelm_jax.text.normal import normal_form

IMPORTS = (ast.Import, ast.ImportFrom)
WITH_IMPORTS = ("groups", "times")


def test_there_are_six_hundred_templates_each_with_a_key_of_its_own():
    assert len({template.key for template in TEMPLATES}) == len(TEMPLATES) >= 600


def test_every_template_fills_to_python_without_a_placeholder_left():
    for template in TEMPLATES:
        draft = fill(template, Draws(template.key))
        text = f"{draft.name} {draft.ask} {draft.body}"
        assert "$" not in text, text
        assert "@(" not in text, text
        function = ast.parse(source_of(draft)).body[-1]
        assert isinstance(function, ast.FunctionDef)
        assert function.name == draft.name
        assert draft.name.isidentifier()
        arguments = [argument.arg for argument in function.args.args]
        assert len(set(arguments)) == len(arguments)


def test_a_function_uses_its_own_names_builtins_and_imports_only_and_all_of_its_imports():
    builtin = set(dir(__builtins__)) if not isinstance(__builtins__, dict) else set(__builtins__)
    drafts = [draw_draft(Draws(f"names {i}")) for i in range(300)]
    drafts += [fill(template, Draws("imports")) for template in TEMPLATES if template.topic in WITH_IMPORTS]
    for draft in drafts:
        tree = ast.parse(source_of(draft))
        names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
        bound = {node.id for node in names if isinstance(node.ctx, ast.Store)}
        bound |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)} | {draft.name}
        imported = {
            alias.name for node in ast.walk(tree) if isinstance(node, IMPORTS) for alias in node.names
        }
        used = {node.id for node in names}
        assert imported <= used <= bound | builtin | imported, source_of(draft)


def test_every_kind_of_parameter_has_values_that_can_be_written_down():
    for kind in KINDS:
        for i in range(20):
            drawn = value(kind, Draws(f"{kind} {i}"))
            assert ast.literal_eval(repr(drawn)) == drawn


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


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("return (x * y) + z", "return x * y + z"),
        ("return x - (y - z)", "return x - (y - z)"),
        ("return (word[-3:])[:1]", "return word[-3:][:1]"),
        ("return (x // 2) * 2", "return (x // 2) * 2"),
        ("return (x and y) or z", "return (x and y) or z"),
        ("return '(' + (s) + ')'", "return '(' + s + ')'"),
        ("return f(x), (f)(x)", "return f(x), f(x)"),
        ("return sum((v % 2) for v in (a, b))", "return sum(v % 2 for v in (a, b))"),
    ],
)
def test_only_parentheses_that_make_nothing_plainer_go(source, expected):
    assert without_idle_parentheses(source) == expected
