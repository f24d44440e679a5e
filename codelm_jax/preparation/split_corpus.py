"""A corpus of texts that come with their splits: secrets, benchmarks and the cap are all that is filtered."""

import contextlib
import hashlib
import itertools
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from codelm_jax.data.decoding import Rejected
from codelm_jax.data.progress import Reporter
from codelm_jax.data.tokenizer import SPECIAL_TOKENS
from codelm_jax.errors import UserError
from codelm_jax.preparation import fingerprints, judging, splits
from codelm_jax.preparation.built_corpus import (
    BENCHMARK_OVERLAP,
    SECRET,
    BuiltCorpus,
    SplitTexts,
    decontamination_record,
    too_few,
)
from codelm_jax.preparation.composition import SourceCensus, census, composition, is_sampled
from codelm_jax.preparation.config import DataConfig
from codelm_jax.preparation.secret_filter import holds_secret
from codelm_jax.preparation.selection import BEYOND_CAP
from codelm_jax.preparation.source import SplitSource
from codelm_jax.text.task_index import Match

# Of the runs of a held-out document: from this share on it counts as one that also trains.
_MOSTLY = 0.5


def corpus_of_splits(
    config: DataConfig, source: SplitSource, rules: judging.Rules, report: Reporter
) -> BuiltCorpus:
    """Filters the documents of `source`.

    Raises:
        UserError: nothing is left, or all that is held out also trains.
    """
    skipped: Counter[str] = Counter()
    read: dict[str, list[str]] = {"train": [], "val": []}
    for document in source.documents(config.decontaminate, skipped, report):
        read[document.split].append(document.text)
    found = sum(map(len, read.values())) + skipped.total()
    held_out_skipped: Counter[str] = Counter()
    documents = _without_secrets(read["train"], config, skipped)
    held_out = _without_secrets(read["val"], config, held_out_skipped)
    cut = [_cut(text, rules) for text in documents]
    clean = [
        text
        for _, text in cut
        if text and not judging.shares_run(fingerprints.code_token_hashes(text), rules.benchmark_runs)
    ]
    if len(clean) < len(documents):
        skipped[BENCHMARK_OVERLAP] += len(documents) - len(clean)
    within = itertools.accumulate(len(text.encode()) for text in clean)
    train = [text for text, total in zip(clean, within, strict=True) if total <= config.max_bytes]
    if len(train) < len(clean):
        skipped[BEYOND_CAP] += len(clean) - len(train)
    if not train:
        raise too_few("no training document", config, skipped, Counter(), source.split_keys["train"])
    if not held_out:
        raise too_few("no held-out document", config, held_out_skipped, Counter(), source.split_keys["val"])
    seen = _check_held_out(source, train, held_out, report)
    record: dict[str, Any] = {
        "found_files": found,
        "skipped": dict((skipped + held_out_skipped).most_common()),
        "test_unit": splits.NO_TEST,
        "held_out_in_training": seen,
        "decontamination": decontamination_record(
            config,
            len(documents) - len(clean),
            _bytes(documents) - _bytes(clean),
            [match for matches, _ in cut for match in matches],
        ),
        "composition": composition(_censuses(train), [("", "", len(text.encode())) for text in train]),
    }
    return BuiltCorpus({"train": _texts(train), "val": _texts(held_out)}, record)


def count_in_training(held_out: Sequence[str], train: Iterable[str]) -> int:
    """How many documents of `held_out` also train: as a whole, or at least half of their runs of 30 code tokens."""
    runs_of = [judging.benchmark_runs([document]) for document in held_out]
    all_runs = np.unique(np.concatenate(runs_of))
    in_training = np.zeros(len(all_runs), bool)
    documents = {document.strip() for document in held_out}
    whole: set[str] = set()
    for document in train:
        whole |= documents & {document.strip()}
        if len(all_runs):
            runs = judging.benchmark_runs([document])
            places = np.minimum(np.searchsorted(all_runs, runs), len(all_runs) - 1)
            in_training[places[all_runs[places] == runs]] = True
    return sum(
        document.strip() in whole
        or bool(len(runs) and in_training[np.searchsorted(all_runs, runs)].mean() >= _MOSTLY)
        for document, runs in zip(held_out, runs_of, strict=True)
    )


def _check_held_out(
    source: SplitSource, train: Sequence[str], held_out: Sequence[str], report: Reporter
) -> int:
    """Warns about held-out documents that also train, and names of special tokens; returns how many also train."""
    key = source.split_keys["val"]
    seen = count_in_training(held_out, train)
    if seen == len(held_out):
        raise UserError(f"config.data.{key}: all of its documents also train; hold out text that does not")
    if seen:
        report(
            f"warning: config.data.{key}: {seen} of {len(held_out)} documents also train, so scores are too good"
        )
    for split, documents in (("train", train), ("val", held_out)):
        if names := sum(document.count(name) for document in documents for name in SPECIAL_TOKENS):
            report(
                f"warning: config.data.{source.split_keys[split]}: {names} names of special tokens inside lines are read as"
                " ordinary characters; to separate documents, put <|endoftext|> on a line of its own"
            )
    return seen


def _without_secrets(documents: list[str], config: DataConfig, skipped: Counter[str]) -> list[str]:
    if not config.drop_secrets:
        return documents
    kept = [document for document in documents if not holds_secret(document)]
    if len(kept) < len(documents):
        skipped[SECRET] += len(documents) - len(kept)
    return kept


def _cut(text: str, rules: judging.Rules) -> tuple[tuple[Match, ...], str]:
    """A document that does not parse is compared as text only."""
    try:
        return judging.cut_tasks(text, judging.parsed(text), rules.tasks) if rules.tasks else ((), text)
    except Rejected:
        return (), text


def _censuses(documents: list[str]) -> list[SourceCensus]:
    """Of a sample; documents that do not parse are not measured."""
    total = _bytes(documents)
    found: list[SourceCensus] = []
    for text in documents:
        if is_sampled(hashlib.sha256(text.encode()).hexdigest(), total):
            with contextlib.suppress(Rejected):
                found.append(census(text, judging.parsed(text), ""))
    return found


def _texts(documents: list[str]) -> SplitTexts:
    return SplitTexts(lambda: iter(documents), len(documents), _bytes(documents))


def _bytes(documents: list[str]) -> int:
    return sum(len(document.encode()) for document in documents)
