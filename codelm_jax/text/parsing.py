"""Whether a completion is Python: the `parses` metric."""

import ast
import warnings

from codelm_jax.text.definitions import end_of_definition, kept
from codelm_jax.text.lines import enclosing, logical_lines

_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def parses(prompt: str, completion: str, *, hit_limit: bool) -> bool:
    """Whether what `kept` keeps of the completion adds a statement other than a docstring, and parses with the prompt.

    Args:
        prompt: the text before the completion, from its file's or template's beginning.
        completion: the text generated.
        hit_limit: whether generation stopped at its token limit. Then a `try` whose handler is still to come counts as
            complete, as headers and lines do that the limit cut off.
    """
    remainder = kept(prompt, completion, hit_limit=hit_limit)
    source = prompt + remainder
    if hit_limit and end_of_definition(prompt, completion) is None:
        source += _missing_handlers(source)
    tree = parse(source)
    return tree is not None and _adds_statement(tree, prompt)


def parse(source: str) -> ast.Module | None:
    """Returns the syntax tree of `source`, or None where Python refuses it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _missing_handlers(source: str) -> str:
    """Closes the `try` blocks that are still open at the end."""
    openers = [line.indent for line in enclosing(list(logical_lines(source))) if line.word == "try"]
    return "".join(f"\n{indent}finally:\n{indent} pass" for indent in openers)


def _adds_statement(tree: ast.Module, prompt: str) -> bool:
    """Whether a simple statement that is no docstring ends after the prompt."""
    lines = prompt.split("\n")
    prompt_end = (len(lines), len(lines[-1].encode()))
    docstrings = {
        id(node.body[0]) for node in ast.walk(tree) if isinstance(node, _Definition) and _has_docstring(node)
    }
    return any(
        isinstance(node, ast.stmt)
        and not hasattr(node, "body")
        and not hasattr(node, "cases")
        and id(node) not in docstrings
        and (node.end_lineno or 0, node.end_col_offset or 0) > prompt_end
        for node in ast.walk(tree)
    )


def _has_docstring(node: _Definition) -> bool:
    first = node.body[0]
    return (
        isinstance(first, ast.Expr)
        and isinstance(first.value, ast.Constant)
        and isinstance(first.value.value, str)
    )
