"""Whether prepared data still is what the settings and sources would give; if not, which of them changed.

Where sources lie is no setting: files are compared by their contents, and those of directories also by their names below.
"""

import hashlib
import json
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from codelm_jax.data import corpus_list, sources
from codelm_jax.data.config import DataConfig
from codelm_jax.data.progress import Report
from codelm_jax.data.tokenizer import CodeTokenizer
from codelm_jax.errors import UserError
from codelm_jax.run_files import file_sha256

# A file that was never opened (it is beyond the cap) has no hash and no part in the corpus.
_UNREAD = ""
_SECTION = "config.data."
_DIRECTORIES = f"{_SECTION}directories"
_TOKENIZER = f"{_SECTION}tokenizer_path"
_BENCHMARKS = f"{_SECTION}decontaminate"
_FILES = (f"{_SECTION}train_path", f"{_SECTION}val_path", _TOKENIZER, _BENCHMARKS)
_LOCATIONS = (*_FILES, _DIRECTORIES)


@dataclass(frozen=True)
class Differences:
    """Between prepared data and today, each "" if there is none.

    Attributes:
        settings: the keys that differ, with old and new value.
        sources: the file or files whose contents changed.
    """

    settings: str
    sources: str


def settings_of(config: DataConfig, vocab_size: int) -> dict[str, Any]:
    """Everything the user chose that shapes the data, except where anything lies, as plain JSON."""
    chosen = {f"{_SECTION}{key}": value for key, value in asdict(config).items() if key != "prepared_dir"}
    chosen["config.model.vocab_size"] = vocab_size
    del chosen[f"{_SECTION}corpus"]  # a location: the pins count
    if config.source == "packages":
        chosen[f"{_SECTION}corpus (pins)"] = corpus_list.load(config.corpus).digest
    if config.max_package_share == 1.0:
        del chosen[f"{_SECTION}max_package_share"]  # as in data prepared before there was this key
    return json.loads(json.dumps({key: value for key, value in chosen.items() if key not in _LOCATIONS}))


def locations_of(config: DataConfig) -> dict[str, Any]:
    """The paths of the sources as the config gives them, by key, as plain JSON."""
    given = {key: getattr(config, key.removeprefix(_SECTION)) for key in _LOCATIONS}
    return json.loads(json.dumps(given))


def benchmark_digests(config: DataConfig, inputs: Mapping[str, list[Any]]) -> dict[str, list[str]]:
    """The setting that says what the corpus was cleaned of: the sha256 of each file, from its record."""
    return {_BENCHMARKS: sorted({inputs[path][2] for path in config.decontaminate})}


def fingerprint(settings: Mapping[str, Any], sha256_of_file: Mapping[str, str]) -> str:
    """Identifies prepared data by its settings and the contents of its files."""
    return hashlib.sha256(json.dumps([settings, sha256_of_file], sort_keys=True).encode()).hexdigest()


def record_candidates(
    candidates: Iterable[sources.Candidate], sha256_of_path: Mapping[str, str]
) -> list[list[Any]]:
    """What `compare` needs to know of files in directories: [key, size, mtime_ns, sha256, inode] of each."""
    return [
        [c.key, c.size, c.mtime_ns, sha256_of_path.get(c.path, _UNREAD), _inode(c.path)] for c in candidates
    ]


def record_file(path: str) -> list[Any]:
    """The same for one named file, without a key."""
    status = Path(path).stat()
    return [status.st_size, status.st_mtime_ns, file_sha256(Path(path)), status.st_ino]


def compare(
    manifest: Mapping[str, Any],
    tokenizer: CodeTokenizer,
    config: DataConfig,
    settings: Mapping[str, Any],
    report: Report,
) -> Differences:
    """Compares `manifest` with today's settings and sources.

    Sources of the same names and other contents have changed; sources of other names and contents are another setting.
    Prepared data outlives its sources: directories that are gone are only reported. For `python-env` the prepared data
    is the corpus by definition, so that a changed environment is only reported, too.
    """
    old = manifest["settings"]
    # Earlier versions counted the paths as settings.
    was = manifest.get("locations") or {key: old.get(key) for key in _LOCATIONS}
    now = locations_of(config)
    keys = sorted({*old, *settings} - {*_LOCATIONS})
    differing = [_change(key, old, settings) for key in keys if old.get(key) != settings.get(key)]
    changed: list[str] = []
    other = {key: _other_files(was[key], now[key], manifest["inputs"]) for key in _FILES}
    if _is_file_of(tokenizer, config.tokenizer_path):
        other[_TOKENIZER] = ""
    if config.source == "directories" == old.get(f"{_SECTION}source"):
        other[_DIRECTORIES] = _other_sources(was[_DIRECTORIES], manifest["sources"], config, report)
    for key, difference in other.items():
        if difference and _names(was[key]) == _names(now[key]):
            changed.append(difference)
        elif difference:
            differing.append(_change(key, was, now))
    if config.source == "python-env" and manifest["environment"] != sources.installed_versions():
        report(
            f"{config.prepared_dir}: installed packages changed since it was prepared; using the prepared data as it is"
        )
    return Differences(", ".join(differing), "; ".join(changed))


def _other_files(was: Any, now: Any, inputs: Mapping[str, list[Any]]) -> str:
    """Says which of the files `now` has contents that none of `was` had; "" where all contents are the same.

    A file that is gone is taken for the recorded one of its name.
    """
    recorded = {inputs[path][2]: path for path in _paths(was)}
    found: dict[str, str] = {}
    for path in _paths(now):
        if Path(path).exists():
            same = [record[2] for record in inputs.values() if _same(path, record)]
        else:
            same = [sha256 for sha256, old in recorded.items() if _names(old) == _names(path)]
        found[same[0] if same else f"unknown contents of {path}"] = path
    if found.keys() == recorded.keys():
        return ""
    example = next((path for sha256, path in found.items() if sha256 not in recorded), "")
    return f"{example or 'a file'} changed since the data was prepared"


def _other_sources(was: Any, recorded: Any, config: DataConfig, report: Report) -> str:
    """Says how the files of the directories differ from the `recorded` ones; "" where they do not."""
    gone = [directory for directory in config.directories if not Path(directory).exists()]
    if gone:
        if set(_names(gone)) <= set(_names(was)):
            report(
                f"{config.prepared_dir}: {gone[0]} is not on this machine; using the prepared data as it is"
            )
            return ""
        return f"{gone[0]} is not there"
    known: dict[str, list[list[Any]]] = defaultdict(list)
    by_path = isinstance(recorded, dict)  # as earlier versions wrote it
    for key, *record in [[os.path.realpath(p), *r] for p, r in recorded.items()] if by_path else recorded:
        known[key].append(record)
    changed: list[str] = []
    new: list[str] = []
    for candidate in sources.find_in_directories(config.directories, seed=0).candidates:
        key = os.path.realpath(candidate.path) if by_path else candidate.key
        records = known[key]
        match = next((r for r in records if r[2] == _UNREAD or _same(candidate.path, r)), None)
        if match is not None:
            records.remove(match)
        else:
            (changed if records else new).append(key)
            del records[:1]
    removed = [key for key, records in known.items() for record in records if record[2] != _UNREAD]
    if not (changed or new or removed):
        return ""
    return (
        f"its sources changed since it was prepared ({len(changed)} changed, {len(new)} new, {len(removed)} gone;"
        f" {min([*changed, *new, *removed])})"
    )


def _is_file_of(tokenizer: CodeTokenizer, path: str) -> bool:
    try:
        return bool(path) and CodeTokenizer.from_file(path).to_json() == tokenizer.to_json()
    except UserError:
        return False


def _same(path: str, was: list[Any]) -> bool:
    """Size, time and inode settle it as a rule; of a file that was touched or copied the contents decide."""
    size, mtime_ns, sha256, *inode = was  # earlier versions recorded no inode
    try:
        status = Path(path).stat()
        if status.st_size != size:
            return False
        untouched = status.st_mtime_ns == mtime_ns and inode == [status.st_ino]
        return untouched or file_sha256(Path(path)) == sha256
    except OSError:
        return False


def _inode(path: str) -> int:
    try:
        return Path(path).stat().st_ino
    except OSError:
        return 0


def _paths(value: Any) -> Sequence[str]:
    """One path, several, or none, as a config has them."""
    return [path for path in ([value] if isinstance(value, str) else value or ()) if path]


def _names(value: Any) -> list[str]:
    return sorted(Path(os.path.abspath(path)).name for path in _paths(value))


def _change(key: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    was, now = (repr(values[key]) if key in values else "not set" for values in (old, new))
    return f"{key} was {was}, is {now}"
