"""The YAML in docs/search.md is what a spec may say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lamplighter.spec.search import SHIPPED_ALGORITHMS, Search
from lamplighter.spec.yaml_text import parse_yaml
from lamplighter.tuning.chosen_algorithms import chosen_algorithms
from lamplighter.tuning.methods import METHODS, method_of
from lamplighter.tuning.override import from_spec

PAGE = (Path(__file__).parents[2] / "docs" / "search.md").read_text()
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, flags=re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_every_block_can_be_searched(block: str) -> None:
    search = Search.model_validate(parse_yaml(block)["search"])
    shipped = tuple(name for name in search.algorithms if name in SHIPPED_ALGORITHMS)
    known = search.model_copy(update={"algorithms": shipped})
    assert set(chosen_algorithms(known, "binary")) == set(shipped)
    for estimator in search.estimators.values():
        assert [from_spec(given) for given in estimator.space.values()]


def test_the_table_of_methods_is_complete_and_says_who_can_search_branches() -> None:
    rows = re.findall(r"^\| `(\w+)`.*\| ([a-z ]+) \|$", PAGE, flags=re.MULTILINE)
    assert {name for name, _ in rows} == set(METHODS)
    for name, branches in rows:
        if name != "halving":
            assert (branches == "yes") == METHODS[name].handles_branches


def test_the_default_is_the_one_that_the_page_says() -> None:
    assert method_of(Search()) is METHODS["tpe"]
    assert "`tpe` (the default)" in PAGE
