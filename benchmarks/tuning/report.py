"""Write the benchmark's page, ``docs/benchmarks/tuning.md``, and its plot from finished cells.

    .venv/bin/python -m benchmarks.tuning.report

Reads ``benchmarks/results/tuning`` alone, so it can be made anywhere; what is missing is said on
the page.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from benchmarks.tuning.declared_set import PROJECT
from benchmarks.tuning.grid import RESULTS, read_cells
from benchmarks.tuning.page import page
from benchmarks.tuning.plot import draw
from benchmarks.tuning.results import splits_of

PAGE = PROJECT / "docs" / "benchmarks" / "tuning.md"


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the page and the plot."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--out", type=Path, default=PAGE)
    asked = parser.parse_args(arguments)
    splits, left_out = splits_of(read_cells(asked.results))
    if not splits:
        raise SystemExit(f"{asked.results} holds no finished cells; run `make bench-tuning`")
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(page(splits, left_out), encoding="utf-8")
    draw(splits, asked.out.with_suffix(".svg"))
    print(f"wrote {asked.out}")


if __name__ == "__main__":
    main()
