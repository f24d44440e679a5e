import ast
import inspect
import random

import pytest

from codelm_jax.text.definitions import EndFinder, end_of_definition, kept


def functions(tree: ast.Module) -> list[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return [node for node in ast.walk(tree) if isinstance(node, kinds)]


@pytest.mark.parametrize(
    ("prompt", "completion", "remainder"),
    [
        ("def f(x):", "\n    return x\n\n\nprint(f(1))", "\n    return x\n"),
        ("def f(x):", " return x\nf(1)", " return x\n"),
        ("def f(x):\n    if x:\n", "        y = 1\n    z = 2\nw", "        y = 1\n    z = 2\n"),
        ('def f(x):\n    """Doc."""\n', "    return x\n# end\nf(1)", "    return x\n"),
        ('def f(x):\n    """Doc."""\n', "def g(): pass", ""),
        ("def f(x):\n    ", "return x\n\ndef g():", "return x\n"),
        ("class A:\n    def f(self):", "\n        return 1\n\n    def g", "\n        return 1\n"),
        (
            "class A:",
            "\n    def f(self):\n        return 1\n\n    x = 2\nA",
            "\n    def f(self):\n        return 1\n\n    x = 2\n",
        ),
        (
            "class A:\n    @property\n",
            "    def f(self):\n        return 1\n    def g",
            "    def f(self):\n        return 1\n",
        ),
        ("async def f(", "x):\n    await x\nf", "x):\n    await x\n"),
        (
            "def f(x):",
            "\n    s = '''\nnot the end\n'''\n    return s\nend",
            "\n    s = '''\nnot the end\n'''\n    return s\n",
        ),
        ("def f(x):", "\n    return (1,\n2)\nend", "\n    return (1,\n2)\n"),
        ("def f(x):", "\n    return 1 + \\\n2\nend", "\n    return 1 + \\\n2\n"),
        (
            "def f(x):",
            "\n    y = 1\n# a remark\n    return y\nend",
            "\n    y = 1\n# a remark\n    return y\n",
        ),
        ("def f(x):", "\n    print((((\ndef g():", "\n    print((((\n"),
        ("def f(x):", "\n    print(1)))\nend", "\n    print(1)))\n"),
        ("    def f(x):", "\n\treturn x\n    end", "\n\treturn x\n"),
        ("def f(x):", "\n\treturn x\nend", "\n\treturn x\n"),
        ("def f(x):\r\n", "    return x\r\n\r\nend", "    return x\r\n"),
        ("def a():\n    return 1\n\n\n", "def b():\n    return 2\n\nc", "def b():\n    return 2\n"),
        ("def a():\n    x = 1\n\n", "    return x\n\nc", "    return x\n"),
        ("x = ", "[1,\n 2]\ny = 3\n", "[1,\n 2]\n"),
        ("", "import os\nimport sys\n", "import os\n"),
        ("if a:\n", "    b\nelse:\n    c\nd", "    b\nelse:\n    c\n"),
        ("if a:\n", "    b\nelsewhere = 1\n", "    b\n"),
        (
            "# Add two numbers.\n",
            "def add(a, b):\n    return a + b\nadd",
            "def add(a, b):\n    return a + b\n",
        ),
        ("@cached\n", "def f(x):\n    return x\nend", "def f(x):\n    return x\n"),
    ],
)
def test_a_definition_ends_where_python_leaves_its_block(prompt: str, completion: str, remainder: str):
    assert completion[: end_of_definition(prompt, completion)] == remainder


@pytest.mark.parametrize(
    "completion",
    [
        "\n    return x",
        "\n    return x\n",
        "\n    return x\n\n# a remark",
        "\n    s = '''\nstill inside\n",
        "\n    return (1,\n",
        "\n    return x\\\n",
        '\n    """unfinished\\',
    ],
)
def test_a_definition_that_may_go_on_has_no_end(completion: str):
    assert end_of_definition("def f(x):", completion) is None


@pytest.mark.parametrize(
    ("prompt", "completion", "remainder"),
    [
        ("def f(x):\n    y = ", "x + 1\n    return y\n", "x + 1\n"),
        ("def f(x):\n    y = 1\n", "    return y\n    z\n", "    return y\n"),
        (
            "def f(x):\n    if x:\n",
            "        y = 1\n        z = 2\n    w = 3\n",
            "        y = 1\n        z = 2\n",
        ),
        ("for x in y:", "\n    print(x)\nelse:\n    z\nend", "\n    print(x)\nelse:\n    z\n"),
    ],
)
def test_a_statement_ends_with_its_block(prompt: str, completion: str, remainder: str):
    assert completion[: EndFinder(prompt, "statement").feed(completion)] == remainder


def test_every_function_and_class_of_real_code_ends_where_the_syntax_tree_says():
    checked = 0
    for module in (ast, random):
        source = inspect.getsource(module)
        offsets = [0]
        for line in source.split("\n"):
            offsets.append(offsets[-1] + len(line) + 1)
        for node in functions(ast.parse(source)):
            header_end = offsets[node.lineno - 1] + node.col_offset + len("def ")
            assert node.end_lineno
            expected = min(offsets[node.end_lineno], len(source))
            found = end_of_definition(source[:header_end], source[header_end:])
            assert (len(source) if found is None else header_end + found) == expected, (module, node.name)
            checked += 1
    assert checked > 100


def test_pieces_give_the_same_end_as_the_whole():
    with open(ast.__file__, encoding="utf-8") as file:
        source = file.read()
    rng = random.Random(0)
    starts = [
        m + 1
        for m in range(len(source))
        if source.startswith("\ndef ", m) or source.startswith("\nclass ", m)
    ]
    for start in rng.sample(starts, 25):
        cut = start + rng.randrange(4, 60)
        prompt, completion = source[:cut], source[cut : cut + 700]
        whole = end_of_definition(prompt, completion)
        finder, pieces = EndFinder(prompt), None
        for character in completion:
            pieces = finder.feed(character)
        assert pieces == whole


@pytest.mark.parametrize("unit", ["definition", "statement"])
def test_an_answer_never_changes_on_hostile_text(unit):
    rng = random.Random(1)
    atoms = [
        "def f(x):",
        "\n",
        "\r\n",
        "\r",
        "    ",
        "\t",
        '"""',
        "'''",
        '"',
        "'",
        "\\",
        "(",
        ")",
        "[",
        "#",
        "@d",
        "else",
        ":",
        "x",
        " ",
        "if x:",
        "\f",
        "é",
        "\0",
    ]
    for _ in range(400):
        text = "".join(rng.choices(atoms, k=30))
        cut = rng.randrange(len(text))
        prompt, completion = text[:cut], text[cut:]
        finder = EndFinder(prompt, unit)
        answers = [finder.feed(character) for character in completion]
        assert answers[-1] == EndFinder(prompt, unit).feed(completion)
        assert all(0 <= answer <= i + 1 for i, answer in enumerate(answers) if answer is not None)


def test_what_the_token_limit_cut_off_is_dropped():
    prompt = "def f(x):"
    assert kept(prompt, "\n    y = x\n    retu", hit_limit=True) == "\n    y = x\n"
    assert kept(prompt, "\n    y = x\n    if y:\n        for z in", hit_limit=True) == "\n    y = x\n"
    assert kept(prompt, "\n    y = x\n    retu", hit_limit=False) == "\n    y = x\n    retu"
    assert kept(prompt, "\n    y = x\nend\nmo", hit_limit=True) == "\n    y = x\n"
    assert kept(prompt, " retu", hit_limit=True) == ""
