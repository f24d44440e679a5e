"""Where a run's figures go: one JSON line and one TensorBoard point each."""

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tensorboardX import SummaryWriter

from codelm_jax.atomic import write_atomically


class MetricsWriter:
    """Appends to `metrics.jsonl` and to TensorBoard events in a run directory.

    A resumed run repeats the steps after its checkpoint, so lines beyond the resumed step are dropped first: each step
    stands in the file once.
    """

    def __init__(self, workdir: Path, first_step: int):
        self._path = workdir / "metrics.jsonl"
        _drop_lines_after(self._path, first_step)
        self._file = self._path.open("a", encoding="utf-8")
        self._board = SummaryWriter(str(workdir / "tensorboard"), purge_step=first_step + 1)

    def write(self, step: int, scalars: Mapping[str, float], texts: Mapping[str, str] | None = None) -> None:
        """Records one step's figures (names carry their unit) and, on TensorBoard alone, texts."""
        self._file.write(json.dumps({"step": step, "time": round(time.time(), 3), **scalars}) + "\n")
        self._file.flush()
        for name, value in scalars.items():
            self._board.add_scalar(name, value, step)
        for name, text in (texts or {}).items():
            self._board.add_text(name, text, step)

    def __enter__(self) -> "MetricsWriter":
        return self

    def __exit__(self, *exception: object) -> None:
        self._file.close()
        self._board.close()


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """The lines of a `metrics.jsonl`; a line cut short by a crash, or damaged, ends them."""
    if not path.exists():
        return []
    records = []
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            records.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return records


def _drop_lines_after(path: Path, step: int) -> None:
    records = read_metrics(path)
    kept = "".join(json.dumps(record) + "\n" for record in records if record["step"] <= step)
    write_atomically(path, kept.encode())
