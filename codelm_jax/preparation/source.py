"""What a data source is: a name, its config keys, documents with their provenance, and what makes its data stale.

To add a source, write a class in `sources/` that extends one of the three kinds below, as a frozen pydantic dataclass
whose fields are its keys in `config.data`, and add it to `registry.py`:

- `FileSource` finds Python files on disk;
- `DocumentSource` yields Python files as texts, which are filtered and dealt into splits like those of a `FileSource`;
- `SplitSource` yields texts that are already dealt into splits.
"""

import abc
import dataclasses
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, cast

import pydantic

from codelm_jax.data.progress import Reporter
from codelm_jax.preparation.candidate import Found, Package
from codelm_jax.schema import flattened

# A resolved config that went through JSON holds lists where the Python one holds tuples.
Names = Annotated[tuple[str, ...], pydantic.Field(strict=False)]


@dataclass(frozen=True)
class Document:
    """A text and where it comes from.

    Attributes:
        text: its contents.
        path: its path below its package's root.
        package: its package.
        split: "train" or "val" for a `SplitSource`; not read otherwise.
    """

    text: str
    path: str
    package: Package
    split: str = ""


@dataclass(frozen=True)
class Inventory:
    """What there is before anything is read; zeros where that is not known."""

    files: int
    total_bytes: int
    found: Found | None = None


class Source(abc.ABC):
    """One kind of training data with the values of its keys.

    Attributes:
        name: value of `config.data.source`.
        path_keys: keys that name files or directories. They must be empty for every other source, and are no part of the
            fingerprint: what they lead to is compared by its contents.
        has_licences: whether its documents carry licences that `config.data.licenses` can filter.
        human: whether people wrote its documents, so that they can tell how often people repeat themselves.
        environment_name: what `environment` describes, for a message.
    """

    name: ClassVar[str]
    path_keys: ClassVar[tuple[str, ...]] = ()
    has_licences: ClassVar[bool] = True
    human: ClassVar[bool] = True
    environment_name: ClassVar[str] = ""

    def settings(self) -> dict[str, Any]:
        """What identifies the chosen documents, as plain JSON by dotted key: a change makes prepared data stale."""
        values = dataclasses.asdict(cast(Any, self))  # each source is a dataclass
        return flattened({key: value for key, value in values.items() if key not in self.path_keys})

    def environment(self) -> dict[str, str]:
        """What the documents also depend on; a change is reported, and the prepared data stays in use."""
        return {}

    def tracked_files(self) -> Iterator[tuple[str, str]] | None:
        """Name and path of each file below `path_keys`, to tell changed sources; None where these keys name the files."""
        return None


class FileSource(Source):
    """Python files on disk."""

    @abc.abstractmethod
    def find(self, seed: int, report: Reporter) -> Found:
        """Lists the files in the order of `seed`.

        Raises:
            UserError: a path is wrong, or something that must be fetched is not available.
        """

    @property
    def nothing_found(self) -> str:
        """Message for the case that there are no files, without the remedy."""
        return f"config.data.source: no Python files found with source={self.name!r}"

    def check_skipped(self, skipped: Counter[str]) -> None:
        """Called with the files left out by reason; raises `UserError` where that must not happen."""


class DocumentSource(Source):
    """Python files as texts."""

    def inventory(self) -> Inventory:
        """What is known of the documents before they are read.

        Raises:
            UserError: a path is wrong.
        """
        return Inventory(0, 0)

    @abc.abstractmethod
    def documents(
        self, benchmarks: Sequence[str], skipped: Counter[str], report: Reporter
    ) -> Iterator[Document]:
        """Yields every document once.

        Args:
            benchmarks: benchmark files of `config.data.decontaminate`, for a source that can do more against them than
                the filter that all documents pass.
            skipped: the source counts here, by reason, what it leaves out.
            report: takes lines and progress.

        Raises:
            UserError: the source cannot be read.
        """


class SplitSource(DocumentSource):
    """Texts that are already dealt into `train` and `val`. Of the filters only secrets, benchmarks and cap apply.

    Attributes:
        split_keys: the key that messages about a split name.
    """

    split_keys: ClassVar[Mapping[str, str]] = {"train": "source", "val": "source"}
