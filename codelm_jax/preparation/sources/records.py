"""Source `records`: rows of parquet, Arrow and JSON Lines files, as data sets of code are published."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Annotated, Any

import pydantic
from pydantic.dataclasses import dataclass

from codelm_jax.data.licences import UNKNOWN
from codelm_jax.data.progress import Advance, Reporter
from codelm_jax.errors import UserError
from codelm_jax.preparation.candidate import Package
from codelm_jax.preparation.record_files import SUFFIXES, read_rows, suffix_of
from codelm_jax.preparation.source import Document, DocumentSource, Inventory, Names
from codelm_jax.schema import STRICT

_KEY = "config.data.records"
# For rows without a package.
_PACKAGE = "records"


@dataclass(frozen=True, config=STRICT)
class Records(DocumentSource):
    """One Python file a row. The order of rows and files never matters.

    Attributes:
        records: files, or directories below which all files of a known kind are read.
        content_column: the source text.
        licence_column: an SPDX expression, or a list of licences that all hold; "" where there is none.
        package_column: what is held out and counted as one, such as a repository; "" takes the first folder of the path.
        path_column: the file's path inside its package; "" names a row by its contents.
    """

    name = "records"
    path_keys = ("records",)

    records: Names
    content_column: Annotated[str, pydantic.Field(min_length=1)]
    licence_column: str
    package_column: str
    path_column: str

    def inventory(self) -> Inventory:
        files = [Path(path) for _, path in self.tracked_files()]
        return Inventory(len(files), sum(file.stat().st_size for file in files))

    def tracked_files(self) -> Iterator[tuple[str, str]]:
        """The files of a directory by their path below it; a file that is named by its name."""
        found = 0
        for given in map(Path, self.records):
            if given.is_file():
                if not suffix_of(given):
                    raise UserError(f"{_KEY}: {given} is none of {', '.join(SUFFIXES)}; convert it")
                found += 1
                yield given.name, str(given)
                continue
            if not given.is_dir():
                raise UserError(f"{_KEY}: {given} is not there; correct the path")
            for path in sorted(given.rglob("*")):
                relative = path.relative_to(given)
                hidden = any(part.startswith(".") for part in relative.parts)
                if path.is_file() and suffix_of(path) and not hidden:
                    found += 1
                    yield relative.as_posix(), str(path)
        if not found:
            raise UserError(
                f"{_KEY}: no files of records in {', '.join(self.records)}; they end in {', '.join(SUFFIXES)}"
            )

    def documents(
        self, benchmarks: Sequence[str], skipped: Counter[str], report: Reporter
    ) -> Iterator[Document]:
        columns = {
            name: getattr(self, name)
            for name in ("content_column", "licence_column", "package_column", "path_column")
            if getattr(self, name)
        }
        paths = [Path(path) for _, path in self.tracked_files()]
        for number, path in enumerate(paths):
            report(Advance("reading records", number, len(paths)))
            for row in read_rows(path, columns, skipped):
                document = self._document(row, skipped)
                if document is not None:
                    yield document
        report(Advance("reading records", len(paths), len(paths)))

    def _document(self, row: dict[str, Any], skipped: Counter[str]) -> Document | None:
        text = row["content_column"]
        if not isinstance(text, str):
            skipped["row without text"] += 1
            return None
        # The name decides only the order, so characters that cannot be encoded may be replaced.
        contents = hashlib.sha256(text.encode(errors="replace")).hexdigest()
        path = PurePosixPath(_text(row.get("path_column")).lstrip("/") or f"{contents[:32]}.py")
        package = _text(row.get("package_column"))
        if not package and len(path.parts) > 1:
            package, path = path.parts[0], PurePosixPath(*path.parts[1:])
        return Document(
            text, str(path), Package(package or _PACKAGE, "", _licence(row.get("licence_column")))
        )


def _licence(value: Any) -> str:
    """A list of licences holds as a whole: all of them must be allowed."""
    licences = value if isinstance(value, list) else [value]
    return " AND ".join(filter(None, map(_text, licences))) or UNKNOWN


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""
