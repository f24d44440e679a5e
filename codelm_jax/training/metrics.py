"""Writes the figures of a run: a JSON line per step, and a TensorBoard point per figure."""

import contextlib
import math
import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tensorboardX import RecordWriter
from tensorboardX.proto.event_pb2 import Event, SessionLog  # pyright: ignore[reportAttributeAccessIssue]
from tensorboardX.summary import scalar, text

from codelm_jax.atomic import write_atomically
from codelm_jax.run_files import metrics_line, read_metrics, warn_on_stderr

_BOARD_FLUSH_SECONDS = 30.0


class MetricsWriter:
    """Appends to `metrics.jsonl` and to TensorBoard events in a run directory.

    A resumed run repeats the steps after its checkpoint, so lines after the resumed step are removed first: each step is
    in the file once. The file is the record, so an error in writing it is raised. TensorBoard is a convenience: at its
    first error it is closed with a warning, and the run continues.

    Args:
        workdir: the run directory.
        first_step: the step that the run resumes from; lines after it are removed.
        warn: called with one line for damaged lines, and for a TensorBoard that was closed.
    """

    def __init__(self, workdir: Path, first_step: int, warn: Callable[[str], None] = warn_on_stderr):
        path = workdir / "metrics.jsonl"
        _drop_lines_after(path, first_step, warn)
        self._file = path.open("a", encoding="utf-8")
        self._board = _Board(workdir / "tensorboard", first_step, warn)

    def write(self, step: int, scalars: Mapping[str, float], texts: Mapping[str, str] | None = None) -> None:
        """Records one step's figures and, on TensorBoard only, texts.

        Raises:
            OSError: `metrics.jsonl` cannot be written.
        """
        self._file.write(metrics_line({"step": step, "time": round(time.time(), 3), **scalars}))
        self._file.flush()
        self._board.write(step, scalars, texts or {})

    def __enter__(self) -> "MetricsWriter":
        return self

    def __exit__(self, *exception: object) -> None:
        # A run that ends by an error prints only that error.
        self._board.close(silent=any(exception))
        self._file.close()


class _Board:
    """TensorBoard events, written by the caller's own thread.

    tensorboardX's SummaryWriter passes them to a thread through a bounded queue: a full disk ends the thread, and the
    next points wait forever.
    """

    def __init__(self, directory: Path, first_step: int, warn: Callable[[str], None]):
        self._directory, self._warn = directory, warn
        self._file: RecordWriter | None = None
        self._flushed_at = -math.inf
        with self._dropped_at_an_error():
            directory.mkdir(parents=True, exist_ok=True)
            name = f"events.out.tfevents.{int(time.time())}.{socket.gethostname()}.{os.getpid()}"
            self._file = RecordWriter(str(directory / name))
            self._put(self._file, Event(file_version="brain.Event:2"))
            # TensorBoard then hides the earlier points of the steps that are repeated now.
            self._put(self._file, Event(step=first_step + 1, session_log=SessionLog(status=SessionLog.START)))

    def write(self, step: int, scalars: Mapping[str, float], texts: Mapping[str, str]) -> None:
        if self._file is None:
            return
        with self._dropped_at_an_error():
            for name, value in scalars.items():
                self._put(self._file, Event(step=step, summary=scalar(name, value)))
            for name, content in texts.items():
                self._put(self._file, Event(step=step, summary=text(name, content)))
            if time.monotonic() - self._flushed_at > _BOARD_FLUSH_SECONDS:
                self._file.flush()
                self._flushed_at = time.monotonic()

    def close(self, silent: bool) -> None:
        if self._file is not None:
            with self._dropped_at_an_error(silent):
                self._file.flush()
                self._file.close()

    @staticmethod
    def _put(file: RecordWriter, event: Event) -> None:
        event.wall_time = time.time()
        file.write(event.SerializeToString())

    @contextlib.contextmanager
    def _dropped_at_an_error(self, silent: bool = False) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if not silent:
                self._warn(
                    f"{self._directory}: {error.strerror}: no more TensorBoard events until the run is started again"
                )
            file, self._file = self._file, None
            if file is not None:
                # What is left in its buffer does not fit either.
                with contextlib.suppress(OSError):
                    file.close()


def _drop_lines_after(path: Path, step: int, warn: Callable[[str], None]) -> None:
    records = read_metrics(path, warn)
    kept = "".join(metrics_line(record) for record in records if record["step"] <= step)
    write_atomically(path, kept.encode())
