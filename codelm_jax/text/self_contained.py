"""Functions that need nothing but builtins and the standard library, so that they can be read and run on their own."""

import ast
import builtins
import dataclasses
import sys
from collections.abc import Iterator

from codelm_jax.text.normal import body_of

_MOST_LINES = 20
_BUILTINS = frozenset(dir(builtins))
_Scope = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef


@dataclasses.dataclass(frozen=True)
class SelfContained:
    """A top-level function without decorators that returns a value and whose body has at most 20 lines.

    Attributes:
        node: the function.
        imports: statements that import what it reads, in the order of the names.
    """

    node: ast.FunctionDef
    imports: tuple[str, ...]

    @property
    def arity(self) -> tuple[int, int | None]:
        """Fewest and most positional arguments of a call; None for no limit."""
        arguments = self.node.args
        most = len(arguments.posonlyargs) + len(arguments.args)
        return most - len(arguments.defaults), None if arguments.vararg else most

    @property
    def source(self) -> str:
        """A program that defines the function and never evaluates its type hints."""
        return "\n".join(["from __future__ import annotations", *self.imports, ast.unparse(self.node), ""])


def self_contained_functions(tree: ast.Module) -> Iterator[SelfContained]:
    """Yields the self-contained functions of a module: they read only parameters, locals, builtins and stdlib imports."""
    short = [node for node in tree.body if isinstance(node, ast.FunctionDef) and _is_short(node)]
    if not short:
        return
    imported = _standard_imports(tree)
    bound = _bound_by(tree) - imported.keys()
    for function in short:
        try:
            needed = _free_names(function) - {function.name}
        except RecursionError:  # nested too deeply to be read or written
            continue
        if all(name in imported or (name in _BUILTINS and name not in bound) for name in needed):
            statements = tuple(imported[name] for name in sorted(needed & imported.keys()))
            yield SelfContained(function, statements)


def is_standard(module: str | None) -> bool:
    """Whether a dotted name belongs to the standard library of the running Python."""
    return module is not None and module.partition(".")[0] in sys.stdlib_module_names


def _is_short(function: ast.FunctionDef) -> bool:
    body = body_of(function)
    if function.decorator_list or not body:
        return False
    lines = (body[-1].end_lineno or 0) - body[0].lineno + 1
    return lines <= _MOST_LINES and _returns_value(function)


def _returns_value(function: ast.FunctionDef) -> bool:
    """A generator does not."""
    pending: list[ast.AST] = [*function.body]
    returns = False
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Yield | ast.YieldFrom):
            return False
        returns = returns or (isinstance(node, ast.Return) and node.value is not None)
        if not isinstance(node, _Scope):
            pending.extend(ast.iter_child_nodes(node))
    return returns


def _standard_imports(tree: ast.Module) -> dict[str, str]:
    """Import statements of the module that concern the standard library, by the name that each binds."""
    found: dict[str, str] = {}
    for node in tree.body:
        if isinstance(node, ast.Import):
            for alias in node.names:
                if is_standard(alias.name):
                    found[alias.asname or alias.name.partition(".")[0]] = ast.unparse(ast.Import([alias]))
        elif isinstance(node, ast.ImportFrom) and not node.level and is_standard(node.module):
            for alias in node.names:
                found[alias.asname or alias.name] = ast.unparse(ast.ImportFrom(node.module, [alias], 0))
    return found


def _bound_by(tree: ast.Module) -> set[str]:
    """Names that the module binds outside of functions and classes, so that a builtin may be hidden."""
    bound: set[str] = set()
    pending: list[ast.AST] = [*tree.body]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            bound.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            bound |= {alias.asname or alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Store):
                bound.add(node.id)
        elif not isinstance(node, ast.Lambda):
            pending.extend(ast.iter_child_nodes(node))
    return bound


class _Names(ast.NodeVisitor):
    """Names that a function reads and those that it binds anywhere; type hints are not read."""

    def __init__(self) -> None:
        self.read: set[str] = set()
        self.bound: set[str] = set()

    def visit_Name(self, node: ast.Name) -> None:
        (self.read if isinstance(node.ctx, ast.Load) else self.bound).add(node.id)

    def visit_arg(self, node: ast.arg) -> None:
        self.bound.add(node.arg)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        for child in (node.target, node.value):
            if child is not None:
                self.visit(child)

    def _visit_definition(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.bound.add(node.name)
        for child in (node.args, *node.decorator_list, *node.body):
            self.visit(child)

    visit_FunctionDef = _visit_definition
    visit_AsyncFunctionDef = _visit_definition

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.bound.add(node.name)
        self.generic_visit(node)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self.bound.add(node.name)
        self.generic_visit(node)

    def _visit_capture(self, node: ast.MatchAs | ast.MatchStar) -> None:
        if node.name:
            self.bound.add(node.name)
        self.generic_visit(node)

    visit_MatchAs = _visit_capture
    visit_MatchStar = _visit_capture

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        if node.rest:
            self.bound.add(node.rest)
        self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._import(alias.name, alias.asname or alias.name.partition(".")[0])

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            self._import(f"{'.' * node.level}{node.module or ''}", alias.asname or alias.name)

    def _import(self, module: str, name: str) -> None:
        if is_standard(module):
            self.bound.add(name)
        else:
            self.read.add(f"import {module}")  # no name that anything binds

    def visit_Global(self, node: ast.Global) -> None:
        self.read.add("global")


def _free_names(function: ast.FunctionDef) -> set[str]:
    names = _Names()
    names.visit(function)
    return names.read - names.bound
