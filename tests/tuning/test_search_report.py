"""The report of a search, and which parameters it says mattered."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

import numpy as np
import pytest

from lamplighter.training.trial import TrialRecord
from lamplighter.tuning.importance import parameter_importance
from lamplighter.tuning.search_report import render_search, search_document, trial_table


def trial(index: int, loss: float | None = 0.5, **changes) -> TrialRecord:
    given = {"algorithm": "linear", "params": {"C": 1.0}, "seconds": 2.0, "status": "ok"} | changes
    return TrialRecord(index=index, loss=loss, **given)


def document(trials: list[TrialRecord]) -> dict:
    return search_document(
        trials,
        key="flights/search-1",
        model="flights",
        as_of=datetime(2013, 7, 1, tzinfo=UTC),
        method="tpe",
        loss="log_loss",
    )


def searched(count: int = 40, seed: int = 0) -> list[TrialRecord]:
    """Trials whose loss is 10 times as sensitive to `a` as to `b`, and not at all to `c`."""
    rng = np.random.default_rng(seed)
    made = []
    for i in range(count):
        params = {
            "a": float(rng.random()),
            "b": float(rng.random()),
            "c": ["x", "y"][int(rng.integers(2))],
            "rounds": int(rng.integers(1, 300)),
        }
        loss = 0.3 + params["a"] + 0.1 * params["b"]
        made.append(trial(i, loss, algorithm="xgboost", params=params))
    return made


def test_importance_finds_the_parameter_that_moved_the_loss():
    (found,) = parameter_importance(searched())
    assert found.parameters[0][0] == "a"
    shares = dict(found.parameters)
    assert shares["a"] > 0.8
    assert shares["b"] < 0.2
    assert sum(shares.values()) == pytest.approx(1.0)
    assert "rounds" not in shares
    assert found.explained > 0.5


def test_importance_says_nothing_of_few_trials_or_of_noise():
    assert parameter_importance(searched(11)) == []
    rng = np.random.default_rng(1)
    noise = [trial(i, float(rng.random()), params={"a": float(rng.random())}) for i in range(40)]
    assert parameter_importance(noise) == []


def test_importance_bears_parameters_that_exist_only_in_some_trials():
    rng = np.random.default_rng(0)
    trials = []
    for i in range(40):
        layers = int(rng.integers(0, 3))
        params = {"layers": layers, "kind": ["relu", "tanh"][i % 2]}
        if layers:
            params["width_1"] = int(rng.integers(8, 64))
        trials.append(trial(i, 1.0 - 0.3 * layers, algorithm="mlp", params=params))
    (found,) = parameter_importance(trials)
    assert found.parameters[0][0] in ("layers", "width_1")
    assert dict(found.parameters)["layers"] > 0.4


def test_failed_trials_and_those_on_little_data_are_no_progress():
    found = document(
        [
            trial(0, 0.6),
            trial(1, None, status="failed", error="no memory"),
            trial(2, 0.1, fidelity=0.25),
            trial(3, 0.5, worker=1),
            trial(4, None, status="pruned", folds=(0.9,)),
            trial(5, 0.55),
        ]
    )
    assert [(p["trial"], p["best"], p["seconds"]) for p in found["progress"]] == [
        (0, 0.6, 2.0),
        (3, 0.5, 2.0),
        (5, 0.5, 10.0),
    ]
    assert (found["trials"], found["failed"], found["pruned"]) == (6, 1, 1)
    assert found["best"]["index"] == 3
    assert found["sentence"] == (
        "6 trials (1 failed, 1 given up early, 1 on lower rungs only); "
        "the best is linear with log_loss 0.5000 out of fold."
    )
    assert found["errors"] == [{"algorithm": "linear", "error": "no memory", "trials": 1}]


def test_the_page_shows_the_numbers_of_the_document_and_loads_nothing():
    found = document([*searched(), trial(40, 0.29)])
    page = render_search(found)
    assert "0.29000" in page
    assert page.count("<svg") == 2
    assert page.count('class="dot base"') == 41
    assert not re.search(r'(?:src|href)="http', page)
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_what_trials_say_is_escaped():
    bad = "<script>alert(1)</script>"
    page = render_search(
        document([trial(0, 0.5, params={"kind": bad}), trial(1, None, status="failed", error=bad)])
    )
    assert "<script>" not in page


@pytest.mark.parametrize(
    "trials",
    [
        [],
        [trial(0)],
        [trial(0, None, status="failed", error="no")],
        [trial(0, 0.5), trial(1, 0.5)],
        [trial(0, 0.5), trial(1, 1e9), trial(2, 0.4)],
    ],
    ids=["none", "one", "failed", "equal", "far off"],
)
def test_any_search_has_a_page(trials):
    found = document(trials)
    assert found["model"] in render_search(found)


def test_the_table_holds_every_trial_and_every_parameter():
    table = trial_table(
        [trial(1, params={"b": 2}), trial(0, None, status="failed", params={"a": 1})]
    )
    assert table["columns"][-2:] == ["a", "b"]
    assert [row[0] for row in table["data"]] == [0, 1]
    assert [row[-2:] for row in table["data"]] == [[1, None], [None, 2]]


def test_a_page_of_few_trials_has_whole_trials_and_no_more_digits_than_are_read():
    learnt = {"C": 0.23128099456798917, "knots": 4}
    page = render_search(document([trial(0), trial(1, 0.6), trial(2, 0.4, params=learnt)]))
    labels = re.findall(r'text-anchor="middle">([\d.]+)</text>', page)
    assert labels == ["0", "1", "2"]
    assert "<dd>0.2313</dd>" in page
    assert "<dd>4</dd>" in page
