"""Whether a completion is Python: the `parses` metric."""

import ast
import codeop
import warnings

from codelm_jax.text.definitions import end_of_definition, kept
from codelm_jax.text.lines import enclosing, last_lexeme, logical_lines

_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef


def parses(prompt: str, completion: str, *, hit_limit: bool) -> bool:
    """Whether a completion is Python, as far as it goes.

    What `kept` keeps of it must hold a statement other than a docstring, and Python must accept prompt and remainder
    as a whole. Where the token limit cut the definition off, that alone would let a model write anything into a line
    that it never finishes. So there, all that was written must have some continuation that is Python: its parser must
    come to the end without an objection (the last word, which may be cut, aside), and what nothing can be said of, a
    triple-quoted string that is still open, must not be longer than the rest.

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
    """Whether a completion that was cut off is the beginning of Python, and not mostly the inside of a string."""
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
    # After a backslash the end of the text is no end of a line, which would be a mistake after `x =`.
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
