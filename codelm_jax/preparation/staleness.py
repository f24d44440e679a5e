"""Tells whether prepared data is still what the settings and sources would give, and if not, which of them changed.

Where sources are is no setting: files are compared by their contents, listed ones also by their names.
"""

import json
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from codelm_jax.data.prepared import PreparedData
from codelm_jax.data.progress import Reporter
from codelm_jax.data.tokenizer import CodeTokenizer
from codelm_jax.errors import UserError
from codelm_jax.preparation.candidate import Candidate
from codelm_jax.preparation.config import DataConfig
from codelm_jax.preparation.notebooks import SUFFIX
from codelm_jax.preparation.registry import SOURCES
from codelm_jax.preparation.source_walk import NOTEBOOK
from codelm_jax.run_files import file_sha256

# A file that was never opened (it is beyond the cap) has no hash and no part in the corpus.
_UNREAD = ""
_SECTION = "config.data."
_BENCHMARKS = "decontaminate"
_TOKENIZER = "tokenizer_path"
# What data prepared before there was a key holds: the value is no setting, so that such data stays in use.
_BEFORE_THE_KEY = {
    "max_package_share": 1.0,
    "max_test_share": 1.0,
    "drop_docstring_only": False,
    "decontaminate_level": 1,
}
_COMMON_PATH_KEYS = (_TOKENIZER, _BENCHMARKS)


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
    """Everything the user chose that shapes the data, except paths, as plain JSON."""
    apart = {"source", "prepared_dir", *_COMMON_PATH_KEYS}
    chosen = {field.name: getattr(config, field.name) for field in fields(config) if field.name not in apart}
    for key, value in _BEFORE_THE_KEY.items():
        if chosen[key] == value:
            del chosen[key]
    chosen |= {"source": config.source.name, **config.source.settings()}
    settings = {f"{_SECTION}{key}": value for key, value in chosen.items()}
    return json.loads(json.dumps(settings | {"config.model.vocab_size": vocab_size}))


def locations_of(config: DataConfig) -> dict[str, Any]:
    """The paths that the config gives, by key, as plain JSON."""
    given = {key: getattr(config, key) for key in _COMMON_PATH_KEYS}
    given |= {key: getattr(config.source, key) for key in config.source.path_keys}
    return json.loads(json.dumps({f"{_SECTION}{key}": value for key, value in given.items()}))


def input_files(config: DataConfig) -> list[str]:
    """The files that the config names one by one."""
    own = () if config.source.tracked_files() is not None else config.source.path_keys
    given = [*(getattr(config.source, key) for key in own), config.tokenizer_path, config.decontaminate]
    return [path for value in given for path in _paths(value)]


def benchmark_digests(config: DataConfig, inputs: Mapping[str, list[Any]]) -> dict[str, list[str]]:
    """The setting for the benchmarks that were kept out: the sha256 of each file, from its record."""
    return {f"{_SECTION}{_BENCHMARKS}": sorted({inputs[path][2] for path in config.decontaminate})}


def record_candidates(candidates: Iterable[Candidate], sha256_of_path: Mapping[str, str]) -> list[list[Any]]:
    """What `compare` needs of listed files: [name, size, mtime_ns, sha256, inode] of each."""
    return [
        [c.key, c.size, c.mtime_ns, sha256_of_path.get(c.path, _UNREAD), _inode(c.path)] for c in candidates
    ]


def record_file(path: str) -> list[Any]:
    """The same for one named file, without a name."""
    status = Path(path).stat()
    return [status.st_size, status.st_mtime_ns, file_sha256(Path(path)), status.st_ino]


def compare(
    prepared: PreparedData, config: DataConfig, settings: Mapping[str, Any], report: Reporter
) -> Differences:
    """Compares prepared data with today's settings and sources.

    Files of the same names with other contents are changed sources; files of other names and contents are another
    setting. Paths that are gone are only reported: prepared data may outlive its sources. So is a changed environment:
    there the prepared data is the corpus by definition.
    """
    manifest, source = prepared.manifest, config.source
    old = manifest["settings"]
    # Version 0.1.0 counted the paths as settings.
    was, now = manifest.get("locations") or old, locations_of(config)
    path_keys = {f"{_SECTION}{key}" for each in SOURCES.values() for key in each.path_keys} | now.keys()
    keys = sorted({*old, *settings} - path_keys)
    differing = [_change(key, old, settings) for key in keys if old.get(key) != settings.get(key)]
    own = [f"{_SECTION}{key}" for key in source.path_keys]
    is_listed = source.tracked_files() is not None
    other = {
        key: _other_files(was.get(key), value, manifest["inputs"])
        for key, value in now.items()
        if key not in own or not is_listed
    }
    if _is_file_of(prepared.tokenizer, config.tokenizer_path):
        other[f"{_SECTION}{_TOKENIZER}"] = ""
    if is_listed and old.get(f"{_SECTION}source") == source.name:
        other |= {key: _other_sources(was.get(key), now[key], manifest, config, report) for key in own}
    changed: list[str] = []
    for key, difference in other.items():
        if difference and _names(was.get(key)) == _names(now[key]):
            changed.append(difference)
        elif difference:
            differing.append(_change(key, was, now))
    if source.environment_name and manifest["environment"] != source.environment():
        report(
            f"{config.prepared_dir}: {source.environment_name} changed since it was prepared; using the prepared data as"
            " it is"
        )
    return Differences(", ".join(differing), "; ".join(changed))


def _other_files(was: Any, now: Any, inputs: Mapping[str, list[Any]]) -> str:
    """Names one of the files `now` whose contents none of `was` had; "" where all contents are the same.

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


def _other_sources(
    was: Any, now: Any, manifest: Mapping[str, Any], config: DataConfig, report: Reporter
) -> str:
    """Tells how the listed files differ from the recorded ones; "" where they do not."""
    gone = [path for path in _paths(now) if not Path(path).exists()]
    if gone:
        if set(_names(gone)) <= set(_names(was)):
            report(
                f"{config.prepared_dir}: {gone[0]} is not on this machine; using the prepared data as it is"
            )
            return ""
        return f"{gone[0]} is not there"
    recorded = manifest["sources"]
    has_no_notebooks = NOTEBOOK in manifest.get("skipped", ())  # as before they were read
    known: dict[str, list[list[Any]]] = defaultdict(list)
    by_path = isinstance(recorded, dict)  # as version 0.1.0 wrote it
    for key, *record in [[os.path.realpath(p), *r] for p, r in recorded.items()] if by_path else recorded:
        known[key].append(record)
    changed: list[str] = []
    new: list[str] = []
    for name, path in config.source.tracked_files() or ():
        if has_no_notebooks and name.endswith(SUFFIX):
            continue
        key = os.path.realpath(path) if by_path else name
        records = known[key]
        match = next((r for r in records if r[2] == _UNREAD or _same(path, r)), None)
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
    """Compares size, time and inode; the contents where a file was touched or copied."""
    size, mtime_ns, sha256, *inode = was  # version 0.1.0 recorded no inode
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
