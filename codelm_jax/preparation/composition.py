"""What a corpus is made of, in shares of its bytes."""

import ast
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from codelm_jax.preparation.file_kinds import holds_only_docstrings, is_test_path
from codelm_jax.preparation.generated import says_generated
from codelm_jax.text.self_contained import self_contained_functions

CLASSES = "classes"
FUNCTIONS = "top_level_functions"
TEST_FILES = "test_files"
TEST_FUNCTIONS = "test_functions"
DOCSTRINGS = "docstrings"
COMMENTS = "comment_lines"
SELF_CONTAINED = "self_contained_documented_functions"
GENERATED = "generated_files"
DOCSTRING_FILES = "docstring_only_files"
PARTS = (
    CLASSES, FUNCTIONS, TEST_FILES, TEST_FUNCTIONS, DOCSTRINGS, COMMENTS, SELF_CONTAINED, GENERATED, DOCSTRING_FILES,
)  # fmt: skip

_MEASURED_BYTES = 4_000_000
_LARGEST = 10
_COMMENT_LINE = re.compile(r"[ \t\f]*#")
_Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class SourceCensus:
    """Bytes of Python files by part. The parts overlap.

    Attributes:
        files: how many were measured.
        total: their bytes.
        parts: bytes of each of `PARTS`.
        self_contained: how many self-contained documented functions they hold.
    """

    files: int = 0
    total: int = 0
    parts: Counter[str] = field(default_factory=Counter)
    self_contained: int = 0


def is_sampled(text_sha256: str, corpus_bytes: int) -> bool:
    """Whether a file is measured: all of a small corpus, else those with the lowest digests, about 4 MB."""
    return int(text_sha256[:12], 16) * corpus_bytes < _MEASURED_BYTES << 48


def census(text: str, tree: ast.Module, path: str) -> SourceCensus:
    """Measures one file.

    Args:
        text: its source.
        tree: of that source.
        path: below its package's root.
    """
    ends = [0, *accumulate(len(line.encode()) + 1 for line in text.split("\n"))]
    total = ends[-1] - 1

    def size(node: ast.stmt) -> int:
        first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", ()))])
        return ends[node.end_lineno or first] - ends[first - 1]

    parts: Counter[str] = Counter()
    for node in _outermost(tree):
        if isinstance(node, ast.ClassDef):
            parts[CLASSES] += size(node)
        elif isinstance(node, _Function):
            parts[FUNCTIONS] += size(node)
    in_strings: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | _Function):
            if ast.get_docstring(node, clean=False) is not None:
                parts[DOCSTRINGS] += size(node.body[0])
            if isinstance(node, _Function) and node.name.startswith("test"):
                parts[TEST_FUNCTIONS] += size(node)
        elif isinstance(node, ast.Constant | ast.JoinedStr):
            in_strings.update(range(node.lineno + 1, (node.end_lineno or 0) + 1))
    parts[COMMENTS] = sum(
        ends[number] - ends[number - 1]
        for number, line in enumerate(text.split("\n"), start=1)
        if _COMMENT_LINE.match(line) and number not in in_strings
    )
    documented = [each.node for each in self_contained_functions(tree) if ast.get_docstring(each.node)]
    parts[SELF_CONTAINED] = sum(map(size, documented))
    whole = {
        TEST_FILES: is_test_path(path),
        GENERATED: says_generated(text),
        DOCSTRING_FILES: holds_only_docstrings(tree),
    }
    parts.update({part: total for part, applies in whole.items() if applies})
    return SourceCensus(1, total, parts, len(documented))


def composition(censuses: Sequence[SourceCensus], files: Sequence[tuple[str, str, int]]) -> dict[str, Any]:
    """What the manifest says a corpus is made of.

    Args:
        censuses: of the files that were measured.
        files: package, licence and bytes of all files; both names are empty where they are not known.
    """
    packages: Counter[str] = Counter()
    licences: Counter[str] = Counter()
    for package, licence, size in files:
        packages[package] += size
        licences[licence] += size
    parts: Counter[str] = Counter()
    for each in censuses:
        parts += each.parts
    total = sum(each.total for each in censuses)
    return {
        "measured": {
            "files": len(censuses),
            "bytes": total,
            "of_files": len(files),
            "of_bytes": packages.total(),
            "chosen": f"files with the lowest sha256 of their text, about {_MEASURED_BYTES / 1e6:.0f} MB",
        },
        "shares": {part: round(parts[part] / max(1, total), 4) for part in PARTS},
        SELF_CONTAINED: sum(each.self_contained for each in censuses),
        "largest_packages": _shares(packages),
        "licences": _shares(licences),
    }


def composition_lines(record: Mapping[str, Any]) -> Iterator[str]:
    """The same for the terminal."""
    measured = record["measured"]
    shares = ", ".join(
        f"{100 * share:.1f} % {part.replace('_', ' ')}" for part, share in record["shares"].items()
    )
    of = "" if measured["files"] == measured["of_files"] else f" in a sample of {measured['files']} files"
    yield f"training bytes{of}: {shares}"
    if licences := ", ".join(f"{100 * share:.1f} % {name}" for name, share in record["licences"].items()):
        yield f"licences: {licences}"


def _outermost(tree: ast.Module) -> Iterator[ast.stmt]:
    """The statements of a module, those under `if`, `try` and `with` too."""
    pending: list[ast.AST] = [*tree.body]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If | ast.Try | ast.TryStar | ast.With | ast.ExceptHandler):
            pending.extend(ast.iter_child_nodes(node))
        elif isinstance(node, ast.stmt):
            yield node


def _shares(sizes: Counter[str]) -> dict[str, float]:
    """The largest ones, largest first."""
    total = max(1, sizes.total())
    ordered = sorted((item for item in sizes.items() if item[0]), key=lambda item: (-item[1], item[0]))
    return {name: round(size / total, 4) for name, size in ordered[:_LARGEST]}
