"""What corpus to build and how: the `config.data` section."""

import dataclasses
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self, cast

import pydantic

from codelm_jax.data.training_sets import TRAINING_KEYS
from codelm_jax.errors import UserError, did_you_mean
from codelm_jax.preparation.registry import SOURCES
from codelm_jax.preparation.source import Names, Source
from codelm_jax.schema import STRICT, parse

_PREFIX = "config.data"
_HOLDS_A_SOURCE: pydantic.ConfigDict = {**STRICT, "arbitrary_types_allowed": True}


@pydantic.dataclasses.dataclass(frozen=True, config=_HOLDS_A_SOURCE)
class DataConfig:
    """The corpus, its filters and where the prepared data is kept; every value is set in `configs/strongreg.py`.

    Attributes:
        source: one of `registry.py`, with its own keys.
        tokenizer_path: a `tokenizer.json` with the five special tokens; "" trains one on the corpus.
        licenses: SPDX identifiers to accept, from package metadata; () accepts all, unknown ones included.
        drop_secrets: leave out files that seem to hold keys, tokens or passwords.
        decontaminate: benchmark files; training files that share a run of 30 code tokens with them are dropped.
        decontaminate_level: 2 also cuts functions out of training files that have a task's entry point, wording or, but
            for its names, solution.
        max_bytes: cap on the corpus, in UTF-8 bytes after all filters.
        max_package_share: largest share of a package, of `max_bytes` or of what is found if that is less; held-out
            packages of a list are not limited. 1.0 limits none.
        max_test_share: largest share of test files, likewise; they are known by their paths. 1.0 limits none.
        drop_docstring_only: leave out files in which nothing runs.
        max_file_bytes: larger source files are skipped.
        max_line_length: files with a longer line (in characters) are skipped.
        near_duplicate_threshold: Jaccard similarity of 5-token shingles from which a file counts as a copy.
        split_seed: deals files into splits; figures of models compare only under the same seed.
        tokenizer_bytes: how much training text the tokenizer is trained on.
        prepared_dir: where the prepared data is kept; reused when nothing changed.
    """

    source: Source
    tokenizer_path: str
    licenses: Names
    drop_secrets: bool
    decontaminate: Names
    decontaminate_level: Literal[1, 2]
    max_bytes: Annotated[int, pydantic.Field(ge=1)]
    max_package_share: Annotated[float, pydantic.Field(gt=0.0, le=1.0)]
    max_test_share: Annotated[float, pydantic.Field(ge=0.0, le=1.0)]
    drop_docstring_only: bool
    max_file_bytes: Annotated[int, pydantic.Field(ge=1)]
    max_line_length: Annotated[int, pydantic.Field(ge=1)]
    near_duplicate_threshold: Annotated[float, pydantic.Field(ge=0.3, le=1.0)]
    split_seed: Annotated[int, pydantic.Field(ge=0)]
    tokenizer_bytes: Annotated[int, pydantic.Field(ge=1)]
    prepared_dir: Annotated[str, pydantic.Field(min_length=1)]

    @pydantic.model_validator(mode="after")
    def _licences_can_be_filtered(self) -> Self:
        if self.licenses and not self.source.has_licences:
            raise ValueError(
                f"licenses must be empty with source={self.source.name!r}: its documents carry no licence"
            )
        return self


def parse_data_config(values: Mapping[str, Any]) -> DataConfig:
    """Reads the section `config.data`; keys of other sources than the chosen one may be missing.

    Raises:
        UserError: names the first key at fault.
    """
    name = values.get("source")
    if name not in SOURCES:
        raise UserError(f"{_PREFIX}.source = {name!r}: no such source; choose one of {', '.join(SOURCES)}")
    chosen = SOURCES[name]
    common = {field.name for field in dataclasses.fields(DataConfig)}
    # Every source is a dataclass; an abstract class can't say so.
    keys_of = {
        source: {field.name for field in dataclasses.fields(cast(Any, source))} for source in SOURCES.values()
    }
    known = common.union(TRAINING_KEYS, *keys_of.values())
    for key in values:
        if key not in known:
            raise UserError(
                f"{_PREFIX}.{key}: no such key{did_you_mean(key, known)}; the keys are {', '.join(sorted(known))}"
            )
    for source in SOURCES.values():
        for key in source.path_keys:
            if source is not chosen and values.get(key):
                raise UserError(
                    f"{_PREFIX}: {key} is only read with source={source.name!r}, and source is {name!r}"
                )
    for key in chosen.path_keys:
        if key in values and not values[key]:
            raise UserError(f"{_PREFIX}: source={name!r} needs {key}")
    own = parse(chosen, {key: values[key] for key in keys_of[chosen] if key in values}, _PREFIX)
    return parse(DataConfig, {key: values[key] for key in common if key in values} | {"source": own}, _PREFIX)
