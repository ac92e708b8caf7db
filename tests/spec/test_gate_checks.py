"""What a spec may ask of candidates, and each wrong wish with its line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from lamplighter.cli.main import main
from lamplighter.spec import InvalidSpecError, load_spec

HEAD = """\
model: churn
owner: {team: growth}
task: %s
data:
  tables:
    customers: {source: {parquet: a.parquet}, key: [customer_id]}
  target: churned
gate:
"""
GATE_BEGINS = HEAD.count("\n") + 1


def write(folder: Path, gate: str, task: str = "binary", more: str = "") -> Path:
    path = folder / "churn.yaml"
    path.write_text(HEAD % task + gate + more)
    return path


@pytest.mark.parametrize(
    ("gate", "line", "key", "message"),
    [
        (
            "  slices:\n    by:\n      age: {edges: [30, 20]}\n",
            2,
            "gate.slices.by.age",
            "edges are 30, 20; give finite numbers that rise",
        ),
        (
            "  slices:\n    by:\n      age: {edges: [30], bins: 3}\n",
            2,
            "gate.slices.by.age",
            "bins stands beside edges; give one of them",
        ),
        ("  slices: {by: {}}\n", 0, "gate.slices.by", "got {}, expected at least 1"),
        (
            "  slices: {by: {a: {values: [1, '1']}}}\n",
            0,
            "gate.slices.by.a",
            "values names one twice",
        ),
        (
            "  fairness:\n    by: {sex: {}}\n    limits: {equal_odds: 0.1}\n",
            2,
            "gate.fairness.limits.equal_odds",
            "unknown key; did you mean",
        ),
        ("  calibration: {slope: [2, 1]}\n", 0, "gate.calibration", "give the least, then the"),
        ("  calibration: {}\n", 0, "gate.calibration", "says no limit; give max_error"),
        ("  cost: {worse_by: 1}\n", 0, "", "gate.cost is for models whose decisions have costs"),
        ("  max_size_mb: 0\n", 0, "gate.max_size_mb", "expected greater than 0"),
        (
            "  behaviour:\n    monotonicity:\n      - {column: age, by: 0}\n",
            2,
            "gate.behaviour.monotonicity.0",
            "by is 0; give a finite number other than 0",
        ),
        (
            "  behaviour:\n    functionality:\n      - {name: n, rows: [{age: 3}]}\n",
            2,
            "gate.behaviour.functionality.0",
            "says neither above nor below",
        ),
        (
            "  behaviour:\n    invariance:\n      - {column: city, values: [Bern]}\n",
            2,
            "gate.behaviour.invariance.0.values",
            "expected at least 2",
        ),
    ],
)
def test_a_wrong_wish_is_said_with_its_line(
    tmp_path: Path, gate: str, line: int, key: str, message: str
) -> None:
    with pytest.raises(InvalidSpecError) as invalid:
        load_spec(write(tmp_path, gate))
    (problem,) = invalid.value.problems
    assert (problem.line, problem.key) == (GATE_BEGINS + line, key)
    assert message in problem.message


@pytest.mark.parametrize(
    ("task", "gate", "message"),
    [
        ("regression", "  fairness: {by: {sex: {}}}\n", "gate.fairness compares who is decided"),
        ("multiclass", "  calibration: {slope: [1, 2]}\n", "gate.calibration.slope is for binary"),
        ("regression", "  calibration: {max_error: 0.1}\n", "is for binary and multiclass, got"),
        (
            "regression",
            "  calibration: {max_coverage_error: 0.1}\n",
            "needs levels; set ensemble.quantiles too",
        ),
        ("binary", "  slices: {by: {a: {}}, metric: cost}\n", "set decision.costs too"),
        (
            "binary",
            "  behaviour: {monotonicity: [{column: a, by: 1, of_class: 1}]}\n",
            "gate.behaviour has of_class, which is for the task multiclass, got binary",
        ),
    ],
)
def test_what_does_not_fit_the_task_is_refused(
    tmp_path: Path, task: str, gate: str, message: str
) -> None:
    with pytest.raises(InvalidSpecError) as invalid:
        load_spec(write(tmp_path, gate, task))
    (problem,) = invalid.value.problems
    assert problem.line == GATE_BEGINS
    assert message in problem.message


def test_check_names_the_line_of_a_function_and_of_a_metric(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gate = (
        "  slices:\n    by: {age: {}}\n    metric: log_los\n"
        "  behaviour:\n    functionality:\n      - name: n\n        above: 0\n"
        "        rows: os:getcwd\n"
    )
    assert main(["check", str(write(tmp_path, gate))]) == 1
    said = capsys.readouterr().out
    assert f"line {GATE_BEGINS + 2:<4} gate.slices.metric: 'log_los' is not a metric" in said
    assert f"line {GATE_BEGINS + 7:<4} gate.behaviour.functionality.0.rows: os:getcwd is" in said


def test_a_spec_without_these_sections_asks_for_no_check(tmp_path: Path) -> None:
    gate: dict[str, Any] = load_spec(write(tmp_path, "  mode: enforce\n")).document()["gate"]
    names = ("slices", "fairness", "calibration", "cost", "max_size_mb", "behaviour")
    assert [gate[name] for name in names] == [None] * 6
    assert gate["max_latency_ms_per_1k"] is None


def test_all_sections_together_are_read_back_from_their_document(tmp_path: Path) -> None:
    gate = {
        "slices": {"by": {"age": {"bins": 3}, "city": {"values": ["Bern", 3]}}, "bound": 0.5},
        "fairness": {"by": {"sex": {}}, "limits": {"demographic_parity_ratio": 0.8}},
        "calibration": {"max_error": 0.1, "slope": [0.5, 2]},
        "behaviour": {
            "functionality": [{"name": "n", "rows": [{"age": 3, "city": "Bern"}], "below": 1}]
        },
    }
    text = yaml.safe_dump({"gate": gate}).removeprefix("gate:\n")
    spec = load_spec(write(tmp_path, text))
    assert type(spec).model_validate(spec.document()) == spec
