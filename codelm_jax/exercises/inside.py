"""Runs in the sandbox only, as a program of its own: many functions, each on its cases and against every task's tests.

`sieve` sends this module's source. It imports nothing of the package.
"""

import ast
import builtins
import copy
import gc
import hashlib
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any

# Turns of loops, calls of the function itself, and lengths of ranges, in one case and in one task's tests. Limits on steps, not on time, give the same
# verdict on any machine. No function here needs as many for a task that it solves.
CASE_STEPS = 100_000
TASK_STEPS = 5_000
# Items or bits of a variable that an assignment may leave: strings that double in a loop take long within few steps.
SIZE = 20_000
# Largest argument of factorials and binomial coefficients.
FACTOR = 1_000
# A function that is too long in so many cases is given up.
ENDLESS = 3
_left = 0
_Function = Callable[..., Any]


class _TooLong(BaseException):
    """A call took more than its steps."""


def _step() -> None:
    global _left
    _left -= 1
    if _left < 0:
        raise _TooLong


def _grown(value: object) -> None:
    if isinstance(value, (str, list, tuple, dict, set)):
        size = len(value)
    else:
        size = value.bit_length() if isinstance(value, int) else 0
    if size > SIZE:
        raise _TooLong


def _bounded_range(*arguments: int) -> range:
    """A range whose length counts as steps, because comprehensions are not instrumented."""
    global _left
    numbers = range(*arguments)
    _left -= len(numbers)
    if _left < 0:
        raise _TooLong
    return numbers


def _counted(values: Iterable[Any]) -> Iterator[Any]:
    for value in values:
        _step()
        yield value


def _power(base: Any, exponent: Any) -> Any:
    if isinstance(base, int) and isinstance(exponent, int) and base.bit_length() * exponent > SIZE:
        raise _TooLong
    return base**exponent


def _bounded(function: _Function) -> _Function:
    """A function of integers that takes long for large ones, without them."""

    def call(*arguments: int) -> Any:
        if any(argument > FACTOR for argument in arguments):
            raise _TooLong
        return function(*arguments)

    return call


class _Counted(ast.NodeTransformer):
    """Makes every turn of a loop and every call a step, and looks at the size of what is assigned."""

    def _loop(self, node: Any) -> Any:
        self.generic_visit(node)
        node.body.insert(0, _call("_step"))
        return node

    def _assignment(self, node: Any) -> Any:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        names = [target.id for target in targets if isinstance(target, ast.Name)]
        return [node, *(_call("_grown", name) for name in names)]

    def visit_comprehension(self, node: ast.comprehension) -> ast.comprehension:
        self.generic_visit(node)
        # What goes over a list alone ends soon; combinations of a list may not.
        if "itertools" in ast.dump(node.iter):
            node.iter = ast.Call(ast.Name("_counted", ast.Load()), [node.iter], [])
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        if not isinstance(node.op, ast.Pow):
            return node
        return ast.Call(ast.Name("_power", ast.Load()), [node.left, node.right], [])

    visit_While = _loop
    visit_For = _loop
    visit_FunctionDef = _loop
    visit_Assign = _assignment
    visit_AugAssign = _assignment


def _call(function: str, *names: str) -> ast.Expr:
    arguments: list[ast.expr] = [ast.Name(name, ast.Load()) for name in names]
    return ast.Expr(ast.Call(ast.Name(function, ast.Load()), arguments, []))


def _loaded(source: str, name: str) -> _Function:
    tree = ast.fix_missing_locations(_Counted().visit(ast.parse(source)))
    namespace: dict[str, Any] = {"_step": _step, "_grown": _grown, "_counted": _counted, "_power": _power}
    namespace["range"] = _bounded_range
    exec(compile(tree, "<function>", "exec"), namespace)
    return namespace[name]


def _value(function: _Function, arguments: list[Any]) -> str:
    """The value of one call as source, or "!" and the class of what it raised."""
    global _left
    _left = CASE_STEPS
    try:
        return repr(function(*copy.deepcopy(arguments)))
    except _TooLong:
        return "!TooLong"
    except (SystemExit, Exception) as error:
        return f"!{type(error).__name__}"


def _tests(setup: str, check: str, entry_point: str) -> tuple[Callable[[_Function], Any], _Function]:
    """A task's first assertion, as a function that returns its truth, and all of its tests."""
    namespace: dict[str, Any] = {"__name__": "check"}
    exec(compile(setup, "<setup>", "exec"), namespace)
    tree: Any = ast.parse(check)
    if "def check(" not in check:
        wrapped: Any = ast.parse(f"def check({entry_point}): pass")
        wrapped.body[0].body, tree = tree.body, wrapped
    exec(compile(tree, "<check>", "exec"), namespace)
    function = next(node for node in tree.body if getattr(node, "name", "") == "check")
    first = function.body[0]
    if not isinstance(first, ast.Assert):
        return lambda candidate: True, namespace["check"]
    # Nearly every candidate fails here, and returning costs less than raising.
    function.name, function.body = "first", [ast.Return(first.test)]
    exec(compile(ast.fix_missing_locations(tree), "<first>", "exec"), namespace)
    return namespace["first"], namespace["check"]


def _passed(function: _Function, tasks: list[Any]) -> list[str]:
    """Ids of the tasks whose tests the function passes."""
    global _left
    passed = []
    for task_id, (first, check) in tasks:
        _left = TASK_STEPS
        try:
            if first(function):
                _left = TASK_STEPS
                check(function)
                passed.append(task_id)
        except (_TooLong, SystemExit, Exception):
            continue
    return passed


def examine(functions: list[Any], tasks: list[Any], probes: dict[str, list[Any]]) -> list[Any]:
    """Examines functions.

    Args:
        functions: [source, name, number of parameters, cases, names of probe sets] each; a case is a list of arguments.
        tasks: [id, setup, check, entry point, least and most arguments] each.
        probes: lists of arguments by name.

    Returns:
        For each function [values of the cases, digests of its values on the probes, ids of the tasks that it passes].
    """
    by_arity: dict[int, list[Any]] = {}
    for task_id, setup, check, entry_point, least, most in tasks:
        try:
            tests = _tests(setup, check, entry_point)
        except NameError:
            continue  # its tests need classes of its own solution, which no function here has
        for arity in range(least, most + 1):
            by_arity.setdefault(arity, []).append((task_id, tests))
    gc.disable()
    for name in ("factorial", "comb", "perm"):
        setattr(math, name, _bounded(getattr(math, name)))
    builtins.print = lambda *arguments, **keywords: None
    return [_examined(function, by_arity, probes) for function in functions]


def _examined(function: list[Any], by_arity: dict[int, list[Any]], probes: dict[str, list[Any]]) -> list[Any]:
    source, name, arity, cases, probe_sets = function
    try:
        loaded = _loaded(source, name)
    except Exception as error:  # an import that there is none of here
        return [[f"!{type(error).__name__}"] * len(cases), ["not loaded"] * len(probe_sets), []]
    values: list[str] = []
    for case in cases:
        values.append(_value(loaded, case))
        if values.count("!TooLong") == ENDLESS:
            return [["!TooLong"] * len(cases), ["endless"] * len(probe_sets), []]
    digests = []
    for probe_set in probe_sets:
        answers = "\n".join(_value(loaded, arguments) for arguments in probes[probe_set])
        digests.append(hashlib.sha256(f"{probe_set}\n{answers}".encode()).hexdigest()[:16])
    return [values, digests, _passed(loaded, by_arity.get(arity, []))]
