"""The page of members says what the catalogue does."""

from __future__ import annotations

from pathlib import Path

from lamplighter.training.members.algorithm import Algorithm
from lamplighter.training.members.catalogue import ALGORITHMS
from lamplighter.training.space import Branch, Choice, Dimension, Range, option_value

PAGE = Path(__file__).parents[2] / "docs" / "members.md"


def test_the_page_lists_every_algorithm_with_its_tasks_cost_and_space():
    rows = [line.split(" | ") for line in PAGE.read_text().splitlines() if line.startswith("| `")]
    listed = [(row[0], *row[1:3], row[-1].removesuffix(" |")) for row in rows if len(row) == 5]
    expected = [expected_row(algorithm) for algorithm in ALGORITHMS.values()]
    assert listed == expected, "the page should say:\n" + "\n".join(map(str, expected))


def expected_row(algorithm: Algorithm) -> tuple[str, str, str, str]:
    tasks = "all" if len(algorithm.tasks) == 3 else ", ".join(algorithm.tasks)
    space = "; ".join(worded(name, found) for name, found in algorithm.space.items())
    return f"| `{algorithm.name}`", tasks, algorithm.cost, space


def worded(name: str, dimension: Dimension) -> str:
    if isinstance(dimension, Range):
        return f"`{name}` {dimension.low:g} to {dimension.high:g}"
    assert isinstance(dimension, Choice)
    options = [
        str(option_value(option))
        + (f" (with {below(option)})" if isinstance(option, Branch) else "")
        for option in dimension.options
    ]
    return f"`{name}` {' or '.join(options)}"


def below(branch: Branch) -> str:
    return ", ".join(worded(name, found) for name, found in branch.space.items())
