"""Whether a completion is Python: the `parses` metric."""

import ast
import codeop
import warnings

from codelm_jax.text.definitions import end_of_definition, kept
from codelm_jax.text.lines import enclosing, last_lexeme, logical_lines

_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def parses(prompt: str, completion: str, *, hit_limit: bool) -> bool:
    """Whether a completion is valid Python up to its end.

    The part that `kept` returns must contain a statement other than a docstring, and Python must accept prompt and part
    together. If the token limit cut the definition off, this alone would accept anything in a line that is never finished.
    Therefore the whole completion must then be the beginning of some Python program: the parser may object to nothing
    but the end of the text (the last word may be cut). A triple-quoted string that is still open cannot be judged and
    must not be longer than the rest.

    Args:
        prompt: the text before the completion, from its file's or template's beginning.
        completion: the text generated.
        hit_limit: whether generation stopped at its token limit.
    """
    source = prompt + kept(prompt, completion, hit_limit=hit_limit)
    if hit_limit and end_of_definition(prompt, completion) is None:
        if not _can_go_on(prompt, completion):
            return False
        source += _missing_handlers(source)
    tree = parse(source)
    return tree is not None and adds_statement(tree, prompt)


def parse(source: str) -> ast.Module | None:
    """Returns the syntax tree of `source`, or None where Python refuses it."""
    try:
        return _compiled(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _compiled(source: str, flags: int = 0) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return compile(source, "<completion>", "exec", ast.PyCF_ONLY_AST | flags, dont_inherit=True)


def _can_go_on(prompt: str, completion: str) -> bool:
    """Whether a completion that was cut off is the beginning of valid Python, and not mostly the inside of a string."""
    source = prompt + completion
    lines = list(logical_lines(source))
    if not lines or lines[-1].is_finished:
        return _is_beginning(source)
    last = last_lexeme(source, lines[-1].start)
    in_string = source.startswith(('"""', "'''"), last)
    if in_string and len(source) - last > len(completion) / 2:
        return False
    return _is_beginning(source) or _is_beginning(source[:last])


def _is_beginning(source: str) -> bool:
    """Whether Python's parser objects to nothing but the end of `source`."""
    # With a backslash the end of the text is not the end of a line, which would be an error after `x =`.
    joined = source if source.endswith(("\n", "\\")) else source + "\\"
    try:
        _compiled(joined, codeop.PyCF_ALLOW_INCOMPLETE_INPUT)  # pyright: ignore[reportAttributeAccessIssue]
    except SyntaxError as error:
        return error.msg == "incomplete input"
    except (ValueError, RecursionError, MemoryError):
        return False
    return True


def _missing_handlers(source: str) -> str:
    """Closes the `try` blocks that are still open at the end."""
    openers = [line.indent for line in enclosing(list(logical_lines(source))) if line.word == "try"]
    return "".join(f"\n{indent}finally:\n{indent} pass" for indent in openers)


def adds_statement(tree: ast.Module, prompt: str) -> bool:
    """Whether a simple statement other than a docstring ends after the prompt."""
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
