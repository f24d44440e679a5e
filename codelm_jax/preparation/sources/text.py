"""Source `text`: one text file to train on and one that is held out."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from pydantic.dataclasses import dataclass

from codelm_jax.data.progress import Reporter
from codelm_jax.data.text_files import read_documents
from codelm_jax.errors import UserError
from codelm_jax.preparation.candidate import Package
from codelm_jax.preparation.source import Document, Inventory, SplitSource
from codelm_jax.schema import STRICT


@dataclass(frozen=True, config=STRICT)
class Text(SplitSource):
    """UTF-8 files whose lines `<|endoftext|>` separate documents, or JSON Lines.

    Attributes:
        train_path: the training text.
        val_path: the held-out text.
    """

    name = "text"
    path_keys = ("train_path", "val_path")
    has_licences = False
    split_keys = {"train": "train_path", "val": "val_path"}  # noqa: RUF012

    train_path: str
    val_path: str

    def inventory(self) -> Inventory:
        sizes = [_size(self.train_path, "train_path"), _size(self.val_path, "val_path")]
        if os.path.samefile(self.train_path, self.val_path):
            raise UserError(
                "config.data.val_path: is the same file as train_path; hold out text that does not train"
            )
        return Inventory(len(sizes), sum(sizes))

    def documents(
        self, benchmarks: Sequence[str], skipped: Counter[str], report: Reporter
    ) -> Iterator[Document]:
        for split, key in self.split_keys.items():
            path = getattr(self, key)
            for number, text in enumerate(read_documents(path, f"config.data.{key}")):
                yield Document(text, str(number), Package(path), split)


def _size(path: str, key: str) -> int:
    if Path(path).is_dir():
        raise UserError(
            f"config.data.{key}: {path} is a directory; name a text file, or use source='directories' for Python files"
        )
    if not Path(path).is_file():
        raise UserError(f"config.data.{key}: {path} is not a file; correct the path")
    return Path(path).stat().st_size
