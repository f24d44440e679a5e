"""The JSON files of a run and of prepared data; each object and each line holds its own digest.

Without it a changed byte would change a figure in a report unnoticed. Files of version 0.1.0 have no digest and are not
checked.
"""

import hashlib
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from codelm_jax.atomic import write_json
from codelm_jax.errors import UserError

_DIGEST = "sha256"


def json_digest(value: Any) -> str:
    """Returns the sha256 of `value` as canonical JSON: sorted keys, no spaces."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def file_sha256(path: Path) -> str:
    """Returns the sha256 of a file, read in pieces.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def with_digest(content: Mapping[str, Any]) -> dict[str, Any]:
    """Returns `content` as JSON reads it back, with its digest."""
    plain = json.loads(json.dumps(dict(content)))
    return {**plain, _DIGEST: json_digest(plain)}


def without_digest(value: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what `with_digest` was given.

    Raises:
        ValueError: `value` differs from its digest.
    """
    content = {key: entry for key, entry in value.items() if key != _DIGEST}
    if _DIGEST in value and value[_DIGEST] != json_digest(content):
        raise ValueError("differs from its digest")
    return content


def write_object(path: Path, content: Mapping[str, Any]) -> None:
    """Writes `content` and its digest to `path` atomically."""
    write_json(path, with_digest(content))


def read_object(path: Path, remedy: str = "delete it and write it again") -> dict[str, Any]:
    """Reads what `write_object` wrote.

    Raises:
        FileNotFoundError: there is no such file.
        UserError: it cannot be read, is not a JSON object, or differs from its digest; ends in `remedy`.
    """
    try:
        value = json.loads(path.read_bytes())
    except FileNotFoundError:
        raise
    except OSError as error:
        raise UserError(f"{path}: cannot read it: {error.strerror}") from None
    except (ValueError, RecursionError):
        raise UserError(f"{path}: damaged, not JSON; {remedy}") from None
    if not isinstance(value, dict):
        raise UserError(f"{path}: damaged, not a JSON object; {remedy}")
    try:
        return without_digest(value)
    except ValueError:
        raise UserError(f"{path}: contents do not match their sha256; {remedy}") from None


def metrics_line(record: Mapping[str, Any]) -> str:
    """Returns a line of `metrics.jsonl` with its digest."""
    return json.dumps(with_digest(record)) + "\n"


def warn_on_stderr(line: str) -> None:
    """Prints a warning to standard error."""
    print(f"WARNING: {line}", file=sys.stderr, flush=True)


def read_metrics(path: Path, warn: Callable[[str], None] = warn_on_stderr) -> list[dict[str, Any]]:
    """Returns the lines of a `metrics.jsonl` without damaged ones.

    Args:
        path: the file; may be missing.
        warn: called with one line about the lines that are left out.
    """
    *lines, rest = path.read_bytes().split(b"\n") if path.exists() else [b""]
    records, damaged = [], []
    for number, line in enumerate([*lines, rest] if rest else lines, 1):
        record = _record(line)
        if record is not None:
            records.append(record)
        elif number <= len(lines):
            damaged.append(number)
        else:
            warn(f"{path}: the last line, {number}, was cut short, and is left out: its figures are lost")
    if damaged:
        shown = ", ".join(map(str, damaged[:3])) + (
            f" and {len(damaged) - 3} more" if len(damaged) > 3 else ""
        )
        warn(f"{path}: damaged, and left out: line {shown}")
    return records


def _record(line: bytes) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
        return without_digest(record) if isinstance(record.get("step"), int) else None
    except (ValueError, AttributeError, RecursionError):
        return None
