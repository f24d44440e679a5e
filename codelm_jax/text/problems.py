"""Readers of benchmark files: HumanEval, MBPP, and tasks in a format of this project.

Each is JSON Lines, plain or gzipped (`.gz`). A malformed file is a UserError that names the line.
"""

import dataclasses
import gzip
import json
import re
import zlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from codelm_jax.errors import UserError
from codelm_jax.text.lines import logical_lines

_DEFINED_NAME = re.compile(r"(?:async[ \t]+def|def|class)[ \t]+(\w+)")


@dataclasses.dataclass(frozen=True)
class Problem:
    """A prompt whose completion tests can judge.

    Attributes:
        id: unique in the file.
        prompt: the text to continue (for MBPP, the task in words).
        entry_point: the function or class that the tests call; "" where the prompt defines none.
        tests: statements to run after prompt + completion. Each is a program of its own for HumanEval's `check`,
            asserts otherwise.
        setup: code to run before the tests.
        solution: the reference completion of the prompt (for MBPP a whole program); "" if the file has none.
        wrong_solutions: completions that must fail.
    """

    id: str
    prompt: str
    entry_point: str
    tests: tuple[str, ...]
    setup: str = ""
    solution: str = ""
    wrong_solutions: tuple[str, ...] = ()


def read_humaneval(path: str | Path) -> list[Problem]:
    """Reads HumanEval's file (Chen et al. 2021): `task_id, prompt, entry_point, canonical_solution, test`.

    Its one test is the source of `check(candidate)`.
    """
    return _read(path, "a HumanEval problem", _humaneval)


def read_mbpp(path: str | Path) -> list[Problem]:
    """Reads MBPP's file (Austin et al. 2021): `task_id, text, code, test_list, test_setup_code`."""
    return _read(path, "an MBPP problem", _mbpp)


def read_tasks(path: str | Path) -> list[Problem]:
    """Reads tasks in this project's format: `id, prompt, tests`, optional `entry_point, solution, wrong_solutions, setup`.

    The default `entry_point` is the function or class that the prompt defines last.
    """
    return _read(path, 'a task {"id", "prompt", "tests"}', _task)


def read_problems(path: str | Path) -> list[Problem]:
    """Reads a benchmark file of any of the three kinds."""
    return _read(path, 'a problem of HumanEval, MBPP or {"id", "prompt", "tests"}', _any_kind)


def benchmark_texts(problems: Iterable[Problem]) -> list[str]:
    """Returns every prompt and every solution, for decontamination."""
    return [text for problem in problems for text in (problem.prompt, problem.solution) if text.strip()]


def defined_name(code: str) -> str:
    """Name of the last function or class at the outermost level of `code`; "" where there is none."""
    names = [
        found.group(1)
        for line in logical_lines(code)
        if line.column == 0 and (found := _DEFINED_NAME.match(code, line.start))
    ]
    return names[-1] if names else ""


def _humaneval(record: Mapping[str, Any]) -> Problem:
    return Problem(
        id=_text(record, "task_id"),
        prompt=_text(record, "prompt"),
        entry_point=_text(record, "entry_point"),
        tests=(_text(record, "test"),),
        solution=_text(record, "canonical_solution"),
    )


def _mbpp(record: Mapping[str, Any]) -> Problem:
    task_id = record["task_id"]
    if not isinstance(task_id, int):
        raise TypeError("task_id")
    tests = tuple(_unix(test) for test in _texts(record, "test_list"))
    solution = _unix(_text(record, "code"))
    return Problem(
        id=str(task_id),
        prompt=_unix(_text(record, "text")),
        entry_point=_called_name(solution, tests),
        tests=tests,
        setup=_unix(_text(record, "test_setup_code")),
        solution=solution,
    )


def _task(record: Mapping[str, Any]) -> Problem:
    prompt = _text(record, "prompt")
    optional = {key: _text(record, key) for key in ("setup", "solution") if key in record}
    wrong = _texts(record, "wrong_solutions") if "wrong_solutions" in record else ()
    return Problem(
        id=_text(record, "id"),
        prompt=prompt,
        entry_point=_text(record, "entry_point") if "entry_point" in record else defined_name(prompt),
        tests=_texts(record, "tests"),
        wrong_solutions=wrong,
        **optional,
    )


def _any_kind(record: Mapping[str, Any]) -> Problem:
    if "canonical_solution" in record:
        return _humaneval(record)
    return _mbpp(record) if "test_list" in record else _task(record)


def _called_name(solution: str, tests: tuple[str, ...]) -> str:
    """The function of `solution` that the tests call; of several, the one defined last."""
    names = [found.group(1) for found in _DEFINED_NAME.finditer(solution)]
    tested = [name for name in names if any(re.search(rf"\b{name}\s*\(", test) for test in tests)]
    return (tested or names or [""])[-1]


def _read(path: str | Path, kind: str, convert: Callable[[Mapping[str, Any]], Problem]) -> list[Problem]:
    problems: dict[str, Problem] = {}
    for number, line in enumerate(_lines(Path(path)), start=1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        try:
            record = json.loads(line)
        except (json.JSONDecodeError, RecursionError) as error:
            raise UserError(f"{where}: not JSON ({error})") from None
        if not isinstance(record, dict):
            raise UserError(f"{where}: not {kind}: a JSON object is needed")
        try:
            problem = convert(record)
        except (KeyError, TypeError) as error:
            raise UserError(
                f"{where}: not {kind}: the key {error.args[0]!r} is missing or of the wrong type"
            ) from None
        if problem.id in problems:
            raise UserError(f"{where}: the id {problem.id!r} is also on an earlier line; ids must differ")
        problems[problem.id] = problem
    if not problems:
        raise UserError(f"{path}: holds no problems")
    return list(problems.values())


def _lines(path: Path) -> list[str]:
    try:
        data = path.read_bytes()
        if path.suffix == ".gz":
            data = gzip.decompress(data)
        return data.decode("utf-8").split("\n")
    except FileNotFoundError:
        raise UserError(f"{path}: no such file") from None
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from None
    except (EOFError, zlib.error):
        raise UserError(f"{path}: a broken gzip file; download it again") from None
    except UnicodeDecodeError:
        raise UserError(f"{path}: not UTF-8 text") from None


def _text(record: Mapping[str, Any], key: str) -> str:
    value = record[key]
    if not isinstance(value, str):
        raise TypeError(key)
    return value


def _texts(record: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = record[key]
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise TypeError(key)
    return tuple(value)


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n")
