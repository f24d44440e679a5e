"""Laws of which functions can be read and run on their own."""

import ast

import pytest

from codelm_jax.text.self_contained import self_contained_functions


def names(source):
    return [each.node.name for each in self_contained_functions(ast.parse(source))]


@pytest.mark.parametrize(
    "source",
    [
        "def f(x):\n    return x\n",
        "def f(x):\n    return sorted(len(y) for y in x)\n",
        "import math\ndef f(x):\n    return math.sqrt(x)\n",
        "from math import sqrt as root\ndef f(x):\n    return root(x)\n",
        "import os.path\ndef f(x):\n    return os.path.join(x)\n",
        "def f(x):\n    import math\n    return math.sqrt(x)\n",
        "def f(n):\n    return 1 if n < 2 else n * f(n - 1)\n",
        "def f(x: np.ndarray, y: 'Any' = 1) -> Thing:\n    z: Thing = x\n    return z\n",
        "def f(x):\n    def g(y):\n        return y\n    return g(x)\n",
        "def f(x):\n    try:\n        pass\n    except ValueError as e:\n        return e\n",
        "def f(x):\n    match x:\n        case [a, *b]:\n            return a, b\n        case {'k': c, **d}:\n            return c, d\n",
        "def f(x):\n    with open(x) as g:\n        return g\n",
        "def f(x):\n    if (y := x):\n        return y\n",
        'def f(x):\n    """Docstring\n' + "\n" * 40 + '    """\n    return x\n',
    ],
)
def test_functions_that_read_only_what_everybody_has_are_found(source):
    assert names(source) == ["f"]


@pytest.mark.parametrize(
    "source",
    [
        "def f(x):\n    return other(x)\n",
        "import numpy as np\ndef f(x):\n    return np.sum(x)\n",
        "from . import math\ndef f(x):\n    return math(x)\n",
        "def f(x):\n    from .math import sqrt\n    return sqrt(x)\n",
        "def f(x):\n    import numpy\n    return numpy.sum(x)\n",
        "LIMIT = 3\ndef f(x):\n    return x < LIMIT\n",
        "def max(x):\n    pass\ndef f(x):\n    return max(x)\n",
        "def f(x, y=LIMIT):\n    return x\n",
        "@cache\ndef f(x):\n    return x\n",
        "def f(x):\n    print(x)\n",
        "def f(x):\n    yield x\n",
        "def f(x):\n    def g():\n        return 1\n",
        "def f(x):\n    global y\n    y = x\n    return y\n",
        "async def f(x):\n    return x\n",
        "class A:\n    def f(self):\n        return 1\n",
        "def f(x):\n" + "    x += 1\n" * 20 + "    return x\n",
        "def f(x):\n    '''Docstring.'''\n",
        "def f(x):\n    return " + "x + " * 900 + "x\n",
    ],
)
def test_other_functions_are_not(source):
    assert names(source) == []


def test_the_source_defines_the_function_anywhere():
    source = "import math\nfrom os import path as p\ndef f(x: Unknown, y=2, *z) -> Unknown:\n    return p.sep + str(math.sqrt(x))\n"
    [found] = self_contained_functions(ast.parse(source))
    assert found.arity == (1, None)
    namespace = {}
    exec(found.source, namespace)
    assert namespace["f"](4).endswith("2.0")
    assert found.imports == ("import math", "from os import path as p")
