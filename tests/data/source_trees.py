"""Small source trees and settings for the tests of the data room."""

import random
import re
from pathlib import Path
from typing import Any

from codelm_jax.data.prepared import PreparedData
from codelm_jax.data.progress import Reporter
from codelm_jax.preparation.config import DataConfig, parse_data_config
from codelm_jax.preparation.fingerprints import SHINGLE_TOKENS
from codelm_jax.preparation.prepare import prepare

VOCAB_SIZE = 400

_WORDS = [
    "alpha", "beta", "gamma", "delta", "omega", "index", "total", "count", "value", "table", "frame", "query", "batch",
    "token", "layer", "state", "cache", "graph", "node", "edge", "left", "right", "parent", "child", "first", "last",
    "begin", "finish", "width", "height", "depth", "color", "shape", "label", "score", "limit", "reader",
]  # fmt: skip


def python_source(seed: int, functions: int = 12) -> str:
    """Python that parses and shares next to nothing with another seed's."""
    rng = random.Random(seed)
    lines = [f'"""Module {rng.choice(_WORDS)} {rng.choice(_WORDS)}."""', ""]
    for number in range(functions):
        a, b, c, d = rng.sample(_WORDS, 4)
        lines += [
            f"def {a}_{b}_{number}({c}, {d}={rng.randint(0, 999)}):",
            f"    {rng.choice(_WORDS)}_{rng.choice(_WORDS)} = {c} {rng.choice('+-*')} {rng.randint(0, 999)}",
            f"    for {rng.choice(_WORDS)} in range({d}):",
            f"        {c}.{rng.choice(_WORDS)}({rng.choice(_WORDS)!r}, {rng.choice(_WORDS)}_{rng.choice(_WORDS)})",
            f"    return {c}, {rng.choice(_WORDS)}_{rng.choice(_WORDS)}({d})",
            "",
        ]
    return "\n".join(lines)


def write_file(path: Path, text: str) -> None:
    """Writes a file and the folders above it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def write_packages(root: Path, packages: int = 20, files: int = 4, seed: int = 0) -> Path:
    """Writes `packages` packages of equal size below `root`."""
    for package in range(packages):
        for file in range(files):
            path = root / f"package_{package:02}" / f"module_{file}.py"
            write_file(path, python_source(seed + 1000 * package + file))
    return root


def raw_data(tmp_path: Path, **changes: Any) -> dict[str, Any]:
    """A data section that reads `tmp_path/src` and prepares `tmp_path/prepared`."""
    return {
        "source": "directories",
        "corpus": "",
        "directories": (str(tmp_path / "src"),),
        "train_path": "",
        "val_path": "",
        "tokenizer_path": "",
        "licenses": (),
        "drop_secrets": True,
        "decontaminate": (),
        "decontaminate_level": 1,
        "max_bytes": 10_000_000,
        "max_package_share": 1.0,
        "max_test_share": 1.0,
        "drop_docstring_only": False,
        "max_file_bytes": 100_000,
        "max_line_length": 1000,
        "near_duplicate_threshold": 0.7,
        "split_seed": 0,
        "tokenizer_bytes": 1_000_000,
        "prepared_dir": str(tmp_path / "prepared"),
    } | changes


def data_config(tmp_path: Path, **changes: Any) -> DataConfig:
    """The same, read."""
    return parse_data_config(raw_data(tmp_path, **changes))


def prepare_quietly(config: DataConfig, report: Reporter | None = None) -> PreparedData:
    """Prepares with a vocabulary that small trees can fill."""
    return prepare(config, vocab_size=VOCAB_SIZE, report=report or quiet)


def texts(prepared: PreparedData, split: str) -> list[str]:
    """The documents of a split."""
    return [prepared.tokenizer.decode(ids) for ids in getattr(prepared, split).documents()]


def contents(prepared: PreparedData) -> tuple[str, ...]:
    """Everything that training sees of the data."""
    headers = (prepared.train.header, prepared.val.header, prepared.test.header)
    return prepared.tokenizer.to_json(), *(header.sha256 for header in headers)


def quiet(event: object) -> None:
    """A report for tests that do not look at it."""


def code_tokens(text: str) -> list[str]:
    """The same tokens by a regular expression; non-ASCII bytes are word bytes."""
    data = text.encode().decode("latin-1")
    return [
        token.lower()
        for token in re.findall(r"[A-Za-z0-9_\x80-\xff]+|[^A-Za-z0-9_\x80-\xff \t\n\r\f\v]", data)
    ]


def jaccard(a: str, b: str) -> float:
    """Similarity of two texts' sets of 5-token shingles, by comparing them all."""

    def shingles(text: str) -> set[tuple[str, ...]]:
        tokens = code_tokens(text)
        return {tuple(tokens[i : i + SHINGLE_TOKENS]) for i in range(len(tokens) - SHINGLE_TOKENS + 1)}

    return len(shingles(a) & shingles(b)) / len(shingles(a) | shingles(b))
