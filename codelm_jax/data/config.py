"""What corpus to build and how: the `config.data` section."""

from typing import Annotated, Literal, Self

import pydantic

from codelm_jax.schema import STRICT

# A resolved config that went through JSON holds lists where the Python one holds tuples.
Names = Annotated[tuple[str, ...], pydantic.Field(strict=False)]


@pydantic.dataclasses.dataclass(frozen=True, config=STRICT)
class DataConfig:
    """The corpus, its filters and where the prepared data lies; every value is set in `configs/strongreg.py`.

    Attributes:
        source: `packages` (a pinned list of packages), `python-env` (standard library and installed packages),
            `directories`, or `text` (ready files).
        corpus: with `packages`, the name of a list in `configs/corpora`, or the path of another `.toml` list.
        directories: with `directories`, the folders to read; each one's immediate subfolders count as packages.
        train_path: with `text`, a UTF-8 file; lines holding only `<|endoftext|>` separate documents.
        val_path: with `text`, the held-out file of the same form.
        tokenizer_path: a `tokenizer.json` with the five special tokens; "" trains one on the corpus.
        licenses: SPDX identifiers to accept, from package metadata; () accepts all, unknown ones included.
        drop_secrets: leave out files that look as if they hold keys, tokens or passwords.
        decontaminate: benchmark files; training files that share a run of 30 code tokens with them are dropped.
        max_bytes: cap on the corpus, in UTF-8 bytes after all filters.
        max_package_share: largest share of a package, of `max_bytes` or of what is found if that is less; held-out
            packages of a list are not limited. 1.0 limits none.
        max_file_bytes: larger source files are skipped.
        max_line_length: files with a longer line (in characters) are skipped.
        near_duplicate_threshold: Jaccard similarity of 5-token shingles from which a file counts as a copy.
        split_seed: deals files into splits; keep it, or models can't be compared.
        tokenizer_bytes: how much training text the tokenizer is trained on.
        prepared_dir: where the prepared data is kept; reused when nothing changed.
    """

    source: Literal["packages", "python-env", "directories", "text"]
    corpus: str
    directories: Names
    train_path: str
    val_path: str
    tokenizer_path: str
    licenses: Names
    drop_secrets: bool
    decontaminate: Names
    max_bytes: Annotated[int, pydantic.Field(ge=1)]
    max_package_share: Annotated[float, pydantic.Field(gt=0.0, le=1.0)]
    max_file_bytes: Annotated[int, pydantic.Field(ge=1)]
    max_line_length: Annotated[int, pydantic.Field(ge=1)]
    near_duplicate_threshold: Annotated[float, pydantic.Field(ge=0.3, le=1.0)]
    split_seed: Annotated[int, pydantic.Field(ge=0)]
    tokenizer_bytes: Annotated[int, pydantic.Field(ge=1)]
    prepared_dir: Annotated[str, pydantic.Field(min_length=1)]

    @pydantic.model_validator(mode="after")
    def _each_source_has_its_own_keys(self) -> Self:
        for key, source in _KEY_OF_SOURCE.items():
            given = bool(getattr(self, key))
            if given and self.source != source:
                raise ValueError(f"{key} is only read with source={source!r}, and source is {self.source!r}")
            if not given and self.source == source:
                raise ValueError(f"source={source!r} needs {key}")
        if self.source == "packages" and not self.corpus:
            raise ValueError("source='packages' needs corpus")
        if self.source == "text" and self.licenses:
            raise ValueError("licenses must be empty with source='text': text files carry no licence")
        return self


_KEY_OF_SOURCE = {"directories": "directories", "train_path": "text", "val_path": "text"}
