"""What a run prints: a progress bar on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Mapping

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

_SHOWN = ("loss", "nll", "tokens_per_second", "mfu")


class TrainProgress:
    """A progress bar with the latest figures and the time left; use it as a context manager."""

    def __init__(self, max_steps: int, first_step: int):
        self._console = Console(soft_wrap=True)
        self._is_terminal = self._console.is_terminal
        self._first_step, self._max_steps = first_step, max_steps
        self._started = time.monotonic()
        self._bar = Progress(
            TextColumn("training"),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("{task.fields[figures]}"),
            TimeRemainingColumn(),
            console=self._console,
            disable=not self._is_terminal,
        )
        self._task = self._bar.add_task(
            "training", total=max_steps, completed=first_step, figures="compiling"
        )

    def __enter__(self) -> "TrainProgress":
        self._bar.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._bar.stop()

    def update(self, step: int, figures: Mapping[str, float]) -> None:
        """Shows the figures of the last logging interval."""
        text = " ".join(f"{name} {_short(name, figures[name])}" for name in _SHOWN if name in figures)
        self._bar.update(self._task, completed=step, figures=text)
        if not self._is_terminal:
            elapsed = time.monotonic() - self._started
            left = elapsed / (step - self._first_step) * (self._max_steps - step)
            print(f"step {step}/{self._max_steps} {text} eta {_clock(left)}", flush=True)

    def say(self, line: str) -> None:
        """Prints a line above the bar."""
        if self._is_terminal:
            self._bar.console.print(line, markup=False, highlight=False)
        else:
            print(line, flush=True)

    def warn(self, line: str) -> None:
        """Prints a warning that stays on screen, on stderr where output is not a terminal."""
        if self._is_terminal:
            self._bar.console.print(f"WARNING: {line}", style="bold red", markup=False)
        else:
            print(f"WARNING: {line}", file=sys.stderr, flush=True)


def _short(name: str, value: float) -> str:
    if name == "mfu":
        return f"{value:.1%}"
    if name == "tokens_per_second":
        return f"{value:,.0f}"
    return f"{value:.4g}"


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}"
