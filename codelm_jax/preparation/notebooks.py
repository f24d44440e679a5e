"""The Python code of a Jupyter notebook."""

import json
import re
from typing import Any

from codelm_jax.data.decoding import Rejected
from codelm_jax.text.lines import logical_lines

SUFFIX = ".ipynb"
BROKEN = "broken notebook"
OTHER_LANGUAGE = "notebook in another language"

# Cell magics that run their cell as Python; all others give it to something else.
_PYTHON_CELLS = {"capture", "debug", "prun", "time", "timeit"}
_CELL_MAGIC = re.compile(r"\s*%%(\S*)[^\n]*\n?")
# `%magic`, `!command`, `?help`, `help?`, and assignments of what they return.
_MAGIC = re.compile(r"(?:[%!?]|[\w.]+\?{1,2}[ \t]*(?=\n|\Z)|[\w, ]+=\s*(?:%\w|!))(?:\\\n|[^\n])*\n?")


def notebook_code(text: str) -> str:
    """Joins the code cells of a notebook with blank lines; lines that only IPython reads are left out.

    Raises:
        Rejected: it is no notebook, or one in another language.
    """
    try:
        notebook = json.loads(text)
        language = _language(notebook)
        sources = [_source(cell) for cell in _cells(notebook) if cell["cell_type"] == "code"]
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        raise Rejected(BROKEN) from None
    if language != "python":
        raise Rejected(OTHER_LANGUAGE)
    cells = filter(None, map(_python_of, sources))
    return "".join(f"{cell}\n\n" for cell in cells).rstrip("\n") + "\n"


def _cells(notebook: Any) -> list[Any]:
    """Format 3 keeps cells in worksheets."""
    if "worksheets" in notebook:
        return [cell for sheet in notebook["worksheets"] for cell in sheet["cells"]]
    return notebook["cells"]


def _source(cell: Any) -> str:
    """Format 3 calls it input; it is one string or a list of lines."""
    source = cell["source"] if "source" in cell else cell["input"]
    return "".join([source] if isinstance(source, str) else source).replace("\r\n", "\n")


def _language(notebook: Any) -> str:
    """Python where the notebook does not say."""
    metadata = notebook.get("metadata", {})
    named = metadata.get("language_info", {}).get("name") or metadata.get("kernelspec", {}).get("language")
    return "python" if named is None or named.lower() in ("ipython", "python", "python3") else str(named)


def _python_of(cell: str) -> str:
    """A cell without magics; "" where nothing of it is Python."""
    if magic := _CELL_MAGIC.match(cell):
        if magic[1] not in _PYTHON_CELLS:
            return ""
        cell = cell[magic.end() :]
    kept: list[str] = []
    place = 0
    while line := next(logical_lines(cell, place), None):
        if magic := _MAGIC.match(cell, line.start):
            kept.append(cell[place : line.start] + ("pass\n" if line.indent else ""))
            place = magic.end()
        else:
            kept.append(cell[place : line.end])
            place = line.end
    return "".join([*kept, cell[place:]]).strip("\n")
