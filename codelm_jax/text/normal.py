"""The alpha-normal form of a function: equal for functions that differ only in names, docstring and type hints."""

import ast

_IGNORED = {
    "ctx",
    "kind",
    "type_comment",
    "type_params",
    "returns",
    "annotation",
    "decorator_list",
    "docstring",
}


def normal_form(source: str, name: str) -> str:
    """Returns the normal form of the last top-level function called `name`, the same on every Python version.

    Raises:
        ValueError: there is no such function.
        SyntaxError: the source is not Python.
    """
    found = [n for n in ast.parse(source).body if isinstance(n, ast.FunctionDef) and n.name == name]
    if not found:
        raise ValueError(f"no function {name}")
    return form_of(found[-1])


def form_of(function: ast.FunctionDef) -> str:
    """Returns the normal form of a parsed function.

    Raises:
        RecursionError: its expressions are nested too deeply.
    """
    bound = {n.arg for n in ast.walk(function) if isinstance(n, ast.arg)}
    bound |= {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    names = {} if function.name in bound else {function.name: "f"}
    renamed = ast.FunctionDef(name="f", args=function.args, body=body_of(function), decorator_list=[])
    return _form(renamed, bound, names)


def body_of(function: ast.FunctionDef) -> list[ast.stmt]:
    """The statements of a function without its docstring."""
    return function.body[ast.get_docstring(function, clean=False) is not None :]


def _form(node: object, bound: set[str], names: dict[str, str]) -> str:
    if isinstance(node, list):
        return "[" + ",".join(_form(item, bound, names) for item in node) + "]"
    if not isinstance(node, ast.AST):
        return repr(node)
    if isinstance(node, ast.arg):
        return _renamed(node.arg, bound, names)
    if isinstance(node, ast.Name):
        return _renamed(node.id, bound, names)
    parts = [
        f"{field}={_form(value, bound, names)}"
        for field, value in ast.iter_fields(node)
        if field not in _IGNORED and value is not None and value != []
    ]
    return f"{type(node).__name__}({','.join(parts)})"


def _renamed(name: str, bound: set[str], names: dict[str, str]) -> str:
    if name in bound and name not in names:
        names[name] = f"v{len(names)}"
    return names.get(name, name)
