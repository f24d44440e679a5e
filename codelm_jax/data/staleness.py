"""Whether prepared data still is what the settings and sources would give; if not, which of them changed."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from codelm_jax.data import corpus_list, sources
from codelm_jax.data.config import DataConfig
from codelm_jax.data.progress import Report
from codelm_jax.data.tokenizer import CodeTokenizer
from codelm_jax.errors import UserError

# A file that was never opened (it is beyond the cap) has no hash and no part in the corpus.
_UNREAD = ""
_TOKENIZER = "config.data.tokenizer_path"


def settings_of(config: DataConfig, vocab_size: int) -> dict[str, Any]:
    """Everything the user chose that shapes the data, as plain JSON. Where the data lies is not part of it."""
    chosen = {f"config.data.{key}": value for key, value in asdict(config).items() if key != "prepared_dir"}
    if config.source == "packages":
        chosen["config.data.corpus (pins)"] = corpus_list.load(config.corpus).digest
    else:
        del chosen["config.data.corpus"]  # nothing reads it
    if config.max_package_share == 1.0:
        del chosen["config.data.max_package_share"]  # as in data prepared before there was this key
    plain: dict[str, Any] = json.loads(json.dumps({**chosen, "config.model.vocab_size": vocab_size}))
    return plain


def fingerprint(settings: Mapping[str, Any], sha256_of_file: Mapping[str, str]) -> str:
    """Identifies prepared data by its settings and the contents of its files."""
    return hashlib.sha256(json.dumps([settings, sha256_of_file], sort_keys=True).encode()).hexdigest()


def record_candidates(
    candidates: Iterable[sources.Candidate], sha256_of_path: Mapping[str, str]
) -> dict[str, list[Any]]:
    """What `refuse_if_stale` needs to know of source files: path -> [size, mtime_ns, sha256]."""
    return {c.path: [c.size, c.mtime_ns, sha256_of_path.get(c.path, _UNREAD)] for c in candidates}


def record_file(path: str) -> list[Any]:
    """The same for one named file."""
    status = Path(path).stat()
    return [status.st_size, status.st_mtime_ns, _sha256(path)]


def refuse_if_stale(
    manifest: Mapping[str, Any],
    tokenizer: CodeTokenizer,
    config: DataConfig,
    settings: Mapping[str, Any],
    report: Report,
) -> None:
    """Compares `manifest` with today's settings and sources.

    Settings must be equal, and so must the contents of source directories and named files that are still there.
    An existing tokenizer is known by its content, wherever it lies now: a run that keeps it may be renamed.
    Prepared data outlives its sources: those that are gone are only mentioned. For `python-env` the prepared data is
    the corpus by definition; a changed environment is mentioned too.

    Raises:
        UserError: names each setting that differs, old against new, or the sources that changed.
    """
    where = config.prepared_dir
    remedy = f"delete {where} to prepare again, or set config.data.prepared_dir to another directory"
    old = manifest["settings"]
    differing = [key for key in sorted({*old, *settings}) if old.get(key) != settings.get(key)]
    moved = ""
    if _TOKENIZER in differing and old.get(_TOKENIZER) and _is_file_of(tokenizer, config.tokenizer_path):
        differing.remove(_TOKENIZER)
        moved = old[_TOKENIZER]
    if differing:
        listed = ", ".join(f"{key} was {_shown(old, key)}, is {_shown(settings, key)}" for key in differing)
        raise UserError(f"{where}: prepared with other settings: {listed}; {remedy}")

    changed = [
        path
        for path, was in manifest["inputs"].items()
        if path != moved and Path(path).exists() and not _same(path, was)
    ]
    if changed:
        raise UserError(f"{where}: {changed[0]} changed since the data was prepared; {remedy}")

    if config.source == "directories":
        _refuse_changed_directories(manifest["sources"], config, where, remedy, report)
    elif config.source == "python-env" and manifest["environment"] != sources.installed_versions():
        report(f"{where}: installed packages changed since it was prepared; using the prepared data as it is")


def _is_file_of(tokenizer: CodeTokenizer, path: str) -> bool:
    try:
        return bool(path) and CodeTokenizer.from_file(path).to_json() == tokenizer.to_json()
    except UserError:
        return False


def _refuse_changed_directories(
    known: Mapping[str, list[Any]], config: DataConfig, where: str, remedy: str, report: Report
) -> None:
    gone = [directory for directory in config.directories if not Path(directory).exists()]
    if gone:
        report(f"{where}: {gone[0]} is not on this machine; using the prepared data as it is")
        return
    present = {c.path for c in sources.find_in_directories(config.directories, seed=0).candidates}
    new = present - known.keys()
    removed = [path for path, was in known.items() if path not in present and was[2] != _UNREAD]
    changed = [
        path for path, was in known.items() if path in present and was[2] != _UNREAD and not _same(path, was)
    ]
    if new or removed or changed:
        example = min([*new, *removed, *changed])
        raise UserError(
            f"{where}: its sources changed since it was prepared ({len(changed)} changed, {len(new)} new,"
            f" {len(removed)} gone; {example}); {remedy}"
        )


def _same(path: str, was: list[Any]) -> bool:
    """Size and time settle it as a rule; a file that was only touched is told by its contents."""
    size, mtime_ns, sha256 = was
    status = Path(path).stat()
    if status.st_size != size:
        return False
    return status.st_mtime_ns == mtime_ns or _sha256(path) == sha256


def _sha256(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _shown(settings: Mapping[str, Any], key: str) -> str:
    return repr(settings[key]) if key in settings else "not set"
