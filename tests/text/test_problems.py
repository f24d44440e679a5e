import gzip
import json

import pytest

from codelm_jax.errors import UserError
from codelm_jax.text.problems import (
    benchmark_texts,
    defined_name,
    read_humaneval,
    read_mbpp,
    read_problems,
    read_tasks,
)

HUMANEVAL = {
    "task_id": "HumanEval/0",
    "prompt": "import math\n\n\ndef half(x):\n",
    "entry_point": "half",
    "canonical_solution": "    return x / 2\n",
    "test": "def check(candidate):\n    assert candidate(4) == 2\n",
}
MBPP = {
    "task_id": 11,
    "text": "Write a function to halve a number.",
    "code": "def inner(x):\r\n  return x / 2\r\ndef half(x):\r\n  return inner(x)\r\ndef late(x):\r\n  return x",
    "test_list": ["assert half(4) == 2"],
    "test_setup_code": "",
    "challenge_test_list": [],
}
TASK = {"id": "half", "prompt": "def half(x):\n", "tests": ["assert half(4) == 2"]}


def write(path, *records) -> str:
    lines = "".join(record if isinstance(record, str) else json.dumps(record) + "\n" for record in records)
    path.write_bytes(gzip.compress(lines.encode()) if path.suffix == ".gz" else lines.encode())
    return str(path)


@pytest.mark.parametrize("name", ["h.jsonl", "h.jsonl.gz"])
def test_humaneval_is_read_plain_or_gzipped(tmp_path, name):
    (problem,) = read_humaneval(write(tmp_path / name, HUMANEVAL))
    assert (problem.id, problem.entry_point, problem.solution) == (
        "HumanEval/0",
        "half",
        "    return x / 2\n",
    )
    assert problem.tests == (HUMANEVAL["test"],)


def test_mbpp_calls_the_function_its_tests_name_and_loses_carriage_returns(tmp_path):
    (problem,) = read_mbpp(write(tmp_path / "m.jsonl", MBPP))
    assert (problem.id, problem.entry_point) == ("11", "half")
    assert "\r" not in problem.solution


def test_own_tasks_need_three_keys_only(tmp_path):
    (problem,) = read_tasks(write(tmp_path / "t.jsonl", TASK, "\n"))
    assert (problem.entry_point, problem.solution, problem.wrong_solutions) == ("half", "", ())
    (problem,) = read_tasks(
        write(tmp_path / "t.jsonl", TASK | {"entry_point": "other", "setup": "import math"})
    )
    assert (problem.entry_point, problem.setup) == ("other", "import math")


def test_decontamination_gets_every_prompt_and_solution_of_any_kind_of_file(tmp_path):
    mixed = write(tmp_path / "mixed.jsonl", HUMANEVAL, MBPP, TASK)
    assert benchmark_texts(read_problems(mixed)) == [
        HUMANEVAL["prompt"],
        HUMANEVAL["canonical_solution"],
        MBPP["text"],
        MBPP["code"].replace("\r\n", "\n"),
        TASK["prompt"],
    ]


@pytest.mark.parametrize(
    ("records", "message"),
    [
        (["{broken\n"], "line 1: not JSON"),
        ([TASK, "[1]\n"], "line 2: .* a JSON object is needed"),
        ([TASK, {"id": "b", "prompt": "x"}], "line 2: .* the key 'tests' is missing"),
        ([{**TASK, "tests": "assert True"}], "line 1: .* the key 'tests' is missing or of the wrong type"),
        ([{**TASK, "tests": [1]}], "line 1: .* the key 'tests'"),
        ([{**TASK, "id": 3}], "line 1: .* the key 'id'"),
        ([TASK, TASK], "line 2: the id 'half' is also on an earlier line"),
        (["\n"], "holds no problems"),
    ],
)
def test_a_bad_file_is_named_with_its_line(tmp_path, records, message):
    path = write(tmp_path / "bad.jsonl", *records)
    with pytest.raises(UserError, match=message) as caught:
        read_tasks(path)
    assert path in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    whole = write(tmp_path / "whole.jsonl.gz", HUMANEVAL)
    cut, plain, binary = tmp_path / "cut.jsonl.gz", tmp_path / "plain.jsonl.gz", tmp_path / "binary.jsonl"
    cut.write_bytes((tmp_path / "whole.jsonl.gz").read_bytes()[:-20])
    plain.write_text("{}")
    binary.write_bytes(b"\xff\xfe")
    assert len(read_humaneval(whole)) == 1
    for path in (cut, plain, binary, tmp_path / "missing.jsonl", tmp_path):
        with pytest.raises(UserError, match=str(path)):
            read_humaneval(path)


def test_the_defined_name_is_the_last_outermost_one():
    assert (
        defined_name("def a():\n    def b(): pass\nclass C:\n    pass\nasync def d(x):\n    def e(): pass\n")
        == "d"
    )
    assert defined_name("x = 1\n") == ""
