"""From settings to a corpus: lists the sources, then filters and splits them."""

from pathlib import Path

from codelm_jax.data.progress import Reporter
from codelm_jax.errors import UserError
from codelm_jax.preparation import judging
from codelm_jax.preparation.built_corpus import BuiltCorpus, listed
from codelm_jax.preparation.config import DataConfig
from codelm_jax.preparation.file_corpus import corpus_of_files
from codelm_jax.preparation.source import DocumentSource, FileSource, Inventory, SplitSource
from codelm_jax.preparation.split_corpus import corpus_of_splits
from codelm_jax.preparation.spool import spooled
from codelm_jax.text.problems import Problem, benchmark_texts, read_problems
from codelm_jax.text.task_index import task_index


def find(config: DataConfig, report: Reporter) -> Inventory:
    """Lists the sources and their sizes; packages of a list are fetched first.

    Raises:
        UserError: a path of the settings is wrong, or there is nothing.
    """
    _problems(config)  # a mistake in these files must show now, not after a minute's work
    source = config.source
    if isinstance(source, DocumentSource):
        return source.inventory()
    assert isinstance(source, FileSource)
    found = source.find(config.split_seed, report)
    if not found.candidates:
        remedy = (
            "name directories that hold some" if source.path_keys else "use source='directories' or 'text'"
        )
        raise UserError(f"{source.nothing_found}{listed(found.skipped)}; {remedy}")
    total = sum(candidate.size for candidate in found.candidates)
    return Inventory(len(found.candidates), total, found)


def build(config: DataConfig, inventory: Inventory, scratch: Path, report: Reporter) -> BuiltCorpus:
    """Filters and splits the sources.

    Args:
        config: the source and the filters.
        inventory: what `find` returned.
        scratch: a file to create for texts that come from no file of their own; it must stay until the corpus is encoded.
        report: takes lines and progress.

    Raises:
        UserError: nothing is left, or too little for the splits.
    """
    runs = judging.benchmark_runs(benchmark_texts(_problems(config)))
    rules = judging.Rules(
        config.max_file_bytes,
        config.max_line_length,
        config.drop_secrets,
        runs,
        config.drop_docstring_only,
        task_index(_problems(config)) if config.decontaminate_level > 1 else None,
    )
    source = config.source
    if isinstance(source, SplitSource):
        return corpus_of_splits(config, source, rules, report)
    found = inventory.found
    if isinstance(source, DocumentSource):
        found = spooled(source, config, scratch, report)
    assert found is not None
    return corpus_of_files(config, found, rules, report)


def _problems(config: DataConfig) -> list[Problem]:
    for path in config.decontaminate:
        if Path(path).exists() and not Path(path).is_file():  # opening a pipe would wait for ever
            raise UserError(f"config.data.decontaminate: {path} is no regular file; name a benchmark file")
    try:
        return [problem for path in config.decontaminate for problem in read_problems(path)]
    except UserError as error:
        raise UserError(f"config.data.decontaminate: {error}") from None
