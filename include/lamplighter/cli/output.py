"""What the command line prints: one JSON document on stdout, or lines for a reader."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.table import Table

OK, ERROR, USAGE, REJECTED, INCONCLUSIVE = 0, 1, 2, 10, 11


def print_json(document: Any) -> None:
    """Print one JSON document on stdout, and nothing else there."""
    json.dump(document, sys.stdout, indent=2, default=str)
    sys.stdout.write("\n")


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table on stdout, as wide as the terminal or, in a pipe, as its content."""
    # Cells are other people's words: nothing in them is markup.
    width = None if sys.stdout.isatty() else 200
    console = Console(width=width, markup=False, emoji=False)
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column)
    for row in rows:
        table.add_row(*(str(cell) for cell in row))
    console.print(table)


def complain(message: object) -> None:
    """Print a message on stderr."""
    print(message, file=sys.stderr)
