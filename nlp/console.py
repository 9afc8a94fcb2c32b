"""What commands write: results to standard output, bars and errors to standard error."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

errors = Console(stderr=True)


@contextmanager
def progress_bar(label: str) -> Iterator[Progress]:
    """A bar on standard error with count, time spent and time left; silent where no terminal is attached."""
    parts = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*parts, console=errors, transient=True, disable=not errors.is_terminal) as bar:
        bar.add_task(label, total=None)
        yield bar


def print_out(text: str) -> None:
    """To standard output, as it is."""
    sys.stdout.write(text.rstrip("\n") + "\n")
