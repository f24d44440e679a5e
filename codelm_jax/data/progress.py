"""Progress of long work: plain lines, and a bar on a terminal."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn, TimeRemainingColumn


@dataclass(frozen=True)
class Advance:
    """`done` of `total` units of one stage are finished; the stage ends when they are equal."""

    stage: str
    done: int
    total: int


# A string is a line to print; an `Advance` may be drawn or dropped.
Reporter = Callable[[str | Advance], None]


@contextlib.contextmanager
def console_report() -> Iterator[Reporter]:
    """Yields a report that prints to the console: a bar per stage on a terminal, else the lines alone."""
    console = Console(highlight=False, soft_wrap=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"))
    bars: dict[str, TaskID] = {}
    with Progress(
        *columns,
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as progress:

        def report(event: str | Advance) -> None:
            if isinstance(event, str):
                console.print(event, markup=False)
                return
            if event.stage not in bars:
                bars[event.stage] = progress.add_task(event.stage, total=event.total)
            progress.update(bars[event.stage], completed=event.done, total=event.total)

        yield report
