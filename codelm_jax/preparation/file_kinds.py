"""What a file is by its path or as a whole: tests, docstrings only."""

import ast
import re

_TEST_FOLDERS = {"test", "tests"}
_TEST_FILE = re.compile(r"test_.*\.py|.*_test\.py|tests?\.py|conftest\.py")
_Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def is_test_path(path: str) -> bool:
    """Whether a path below a package's root is that of test code."""
    *folders, name = path.split("/")
    return not _TEST_FOLDERS.isdisjoint(folders) or _TEST_FILE.fullmatch(name) is not None


def holds_only_docstrings(tree: ast.Module) -> bool:
    """Whether nothing in a module runs: strings, `pass`, `...`, and definitions that hold no more."""
    pending = [*tree.body]
    while pending:
        node = pending.pop()
        if isinstance(node, _Definition):
            pending.extend(node.body)
        elif isinstance(node, ast.Expr):
            if not (isinstance(node.value, ast.Constant) and isinstance(node.value.value, str | type(...))):
                return False
        elif not (isinstance(node, ast.Pass) or _is_future_import(node)):
            return False
    return True


def _is_future_import(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"
