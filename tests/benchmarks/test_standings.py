"""The report's arithmetic, against hand calculation."""

import json

import numpy as np
import pytest
from benchmarks.tuning.grid import Cell, read_cells, wanted_cells
from benchmarks.tuning.page import page
from benchmarks.tuning.plot import draw
from benchmarks.tuning.results import measured, splits_of, standing
from benchmarks.tuning.row_losses import KEPT_ROWS, pack, row_losses, score, unpack
from benchmarks.tuning.standings import duel, mean_ranks, paired_difference, ranks


def cell(system, rows, *, set="digits", seed=0, budget_s=60, error=None, digest="a", **more):
    losses = np.asarray(rows, dtype=float)
    return {
        "set": set, "system": system, "seed": seed, "budget_s": budget_s, "error": error,
        "metric": "log_loss", "loss": float(losses.mean()), "row_losses": pack(losses),
        "set_digest": digest, "overrun": 0.02, "predict_10k_s": [0.2, 0.1, 0.3, 0.2, 0.2],
        "size_bytes": 2_000_000, "fit_wall_s": 61.2, "fit_cpu_s": 60.9, "busy": False,
        "machine": {"cpu": "one", "cores": 2}, "versions": {"python": "3.12", "flaml": "2"},
        "finished_at": "2026-11-22T10:00:00+00:00", **more,
    }  # fmt: skip


def test_log_loss_and_rmse_agree_with_a_hand_calculation():
    y = np.array([0, 1, 2])
    predicted = np.array([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1], [1.0, 0.0, 0.0]])
    losses = row_losses(y, predicted, classes=3)
    assert losses == pytest.approx([-np.log(0.5), -np.log(0.8), -np.log(1e-15)])
    squared = row_losses(np.array([1.0, 2.0]), np.array([4.0, 6.0]), classes=0)
    assert score(squared, classes=0) == pytest.approx(np.sqrt((9 + 16) / 2))


def test_a_prediction_that_is_no_number_is_refused_with_a_count():
    with pytest.raises(ValueError, match="1 of 2 predictions are not finite"):
        row_losses(np.array([1.0, 2.0]), np.array([np.nan, 2.0]), classes=0)


def test_two_cells_keep_the_losses_of_the_same_rows_to_half_precision():
    losses = np.random.default_rng(0).exponential(1e6, size=5_000)
    packed = json.loads(json.dumps(pack(losses, unit=1e6)))
    doubled = unpack(pack(2 * losses, unit=2e6))
    assert packed["rows"] == KEPT_ROWS
    assert len(packed["float16"]) < 6_000
    assert doubled == pytest.approx(2 * unpack(packed))
    assert set(np.round(unpack(packed) / losses.max(), 2)) <= set(
        np.round(losses / losses.max(), 2)
    )


def test_a_constant_difference_has_an_interval_of_no_width():
    rows = np.random.default_rng(0).exponential(size=500)
    found = paired_difference(rows + 0.25, rows, metric="log_loss")
    assert (found.estimate, found.lower, found.upper) == pytest.approx((0.25, 0.25, 0.25))


def test_the_interval_agrees_with_the_normal_one_where_that_holds():
    generator = np.random.default_rng(0)
    a, b = generator.exponential(size=(2, 2_000))
    found = paired_difference(a, b, metric="log_loss")
    error = (a - b).std() / np.sqrt(len(a))
    assert found.estimate == pytest.approx((a - b).mean())
    assert found.upper - found.lower == pytest.approx(2 * 1.96 * error, rel=0.05)


def test_losses_of_other_rows_are_refused():
    with pytest.raises(ValueError, match="losses of 3 and 2 rows, expected the same rows"):
        paired_difference(np.ones(3), np.ones(2), metric="rmse")


def test_a_set_counts_once_however_many_splits_it_has():
    first, second = ranks({"a": 0.1, "b": 0.2}), ranks({"a": 0.2, "b": 0.1})
    found = mean_ranks({"one": [first, first, first], "two": [second]})
    assert (found["a"].estimate, found["a"].lower, found["a"].upper) == (1.5, 1.0, 2.0)


def test_lamplighter_is_compared_with_the_best_peer_and_never_with_a_failed_one():
    peers = [
        cell("flaml", [0.5, 0.5]),
        cell("hyperopt_xgboost", [0.4, 0.4]),
        cell("optuna_xgboost", [0.1, 0.1], error="it fell over"),
    ]
    found = duel(cell("lamplighter", [0.5, 0.5]), peers)
    assert found is not None
    assert (found.rival, found.is_worse) == ("hyperopt_xgboost", True)
    assert found.ratio == pytest.approx(1.25)
    assert not duel(cell("lamplighter", [0.5, 0.3]), peers).is_worse
    assert duel(cell("lamplighter", [0.5, 0.3]), peers[2:]) is None


def test_untuned_systems_count_in_every_budget_and_other_rows_are_left_out():
    cells = [
        cell("lamplighter", [0.3]),
        cell("lamplighter", [0.2], budget_s=180),
        cell("untuned_xgboost", [0.1]),
        cell("flaml", [0.3], digest="other rows"),
    ]
    splits, left_out = splits_of(cells)
    assert [(s.budget_s, sorted(s.cells)) for s in splits] == [
        (60, ["lamplighter", "untuned_xgboost"]),
        (180, ["lamplighter", "untuned_xgboost"]),
    ]
    assert left_out == ["digits, FLAML, 60 s, seed 0: made on other rows than the rest"]


def test_splits_that_lack_a_system_are_not_ranked_and_a_failure_is_last():
    cells = [
        cell("lamplighter", [0.3]),
        cell("flaml", [0.2], error="it fell over"),
        *(cell("lamplighter", [0.3], seed=seed) for seed in (1, 2)),
        *(cell("flaml", [0.4], seed=seed) for seed in (1, 2)),
        cell("lamplighter", [0.1], set="wine"),
    ]
    cells[1].pop("loss")
    found = standing(splits_of(cells)[0], 60)
    assert (found.sets, found.splits) == (("digits",), 3)
    assert (found.ranks["lamplighter"].estimate, found.ranks["flaml"].estimate) == (1.0, 2.0)


def test_a_system_with_few_cells_is_not_ranked_and_hides_no_split():
    cells = [cell("lamplighter", [0.3], set=name) for name in ("digits", "wine", "iris")] + [
        cell("flaml", [0.2], set="wine")
    ]
    found = standing(splits_of(cells)[0], 60)
    assert (found.splits, found.left_out) == (3, ("flaml",))


def test_costs_are_medians_over_sets():
    cells = [
        cell("flaml", [0.1], size_bytes=1e6),
        cell("flaml", [0.1], set="wine", size_bytes=5e6, overrun=0.2),
        cell("flaml", [0.1], set="wine", seed=1, size_bytes=9e6),
    ]
    found = measured(splits_of(cells)[0], "flaml")
    assert (found.size_mb, found.predict_s, found.worst_overrun) == (4.0, 0.2, 0.2)
    assert (found.fit_s, found.cpu_s) == (61.2, 60.9)


def test_the_grid_runs_untuned_systems_once_and_the_longer_budget_on_three_sets():
    cells = list(wanted_cells(["digits", "mnist"], ["flaml", "untuned_xgboost"], [0], [60, 180]))
    assert cells == [
        Cell("digits", "untuned_xgboost", 60, 0),
        Cell("digits", "flaml", 60, 0),
        Cell("mnist", "untuned_xgboost", 60, 0),
        Cell("mnist", "flaml", 60, 0),
        Cell("mnist", "flaml", 180, 0),
    ]
    named = wanted_cells(["prices"], ["flaml", "untuned_xgboost"], [2], [30], longer_on=["prices"])
    assert list(named) == [
        Cell("prices", "untuned_xgboost", 60, 2),
        Cell("prices", "flaml", 30, 2),
    ]


def test_the_page_says_what_is_missing_and_equal_cells_give_an_equal_plot(tmp_path):
    cells = [
        cell("lamplighter", [0.3, 0.3, 0.3]),
        cell("flaml", [0.2, 0.2, 0.2]),
        cell("untuned_xgboost", [0.4, 0.4, 0.4], overrun=None),
        cell("untuned_stacking", [0.4], overrun=None, error="killed"),
    ]
    for each in cells:
        path = Cell(each["set"], each["system"], 60, 0).path(tmp_path)
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(each))
    splits, left_out = splits_of(read_cells(tmp_path))
    text = page(splits, left_out)
    assert "in 0 of 1 cells (0%; target: at least 80 %)" in text
    assert "Worst ratio to the best peer, median of seeds: 1.500, on digits" in text
    assert "in 0 of 1 cells (target: none)" in text
    assert "Failed, and ranked last: digits, stacking, untuned, 60 s, seed 0: killed." in text
    assert "4 of 24 cells of these sets are finished" in text
    first, second = tmp_path / "a.svg", tmp_path / "b.svg"
    draw(splits, first)
    draw(splits, second)
    assert first.read_bytes() == second.read_bytes()
