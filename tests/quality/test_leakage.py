"""Planted leaks of eight kinds are found, and honest tables of several kinds are left alone."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from sklearn import datasets

from lamplighter.errors import DataError
from lamplighter.quality.leakage import LabelledRows, Unfilled, find_leakage, remedy

ROWS, DAYS = 4_000, 60
Plant = Callable[[pd.DataFrame, np.ndarray, np.random.Generator], pd.Series]


def shop(seed: int = 0, rows: int = ROWS) -> tuple[pd.DataFrame, np.ndarray]:
    """Make visits of a shop, two of whose columns say something about the label."""
    random = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "age": random.normal(40, 12, rows).round(1),
            "spend": random.gamma(2, 30, rows).round(2),
            "city": random.choice(["Bern", "Cork", "Lima"], rows),
            "visits": random.poisson(3, rows),
            "stars": np.where(random.random(rows) < 0.3, np.nan, random.integers(1, 6, rows)),
        }
    )
    score = (X["age"] - 40) / 12 + (X["city"] == "Lima") - 1.5
    return X, (random.random(rows) < 1 / (1 + np.exp(-score))).astype(int).to_numpy()


def in_time(X: pd.DataFrame, y: np.ndarray, *, task: str = "binary", seed: int = 0) -> LabelledRows:
    """Spread rows over 60 days, the last 12 of them held out."""
    random = np.random.default_rng(seed)
    day = np.sort(random.integers(0, DAYS, len(X)))
    return LabelledRows(
        features=X.reset_index(drop=True),
        label=np.asarray(y),
        holdout=day >= DAYS - 12,
        task=task,  # type: ignore[arg-type]
        blocks=np.array([f"2024-{1 + d // 30:02d}-{1 + d % 30:02d}" for d in day]),
        times=day * 86_400.0 + np.sort(random.integers(0, 86_400, len(X))),
    )


def without_time(X: pd.DataFrame, y: np.ndarray, *, task: str = "binary") -> LabelledRows:
    """Hold out a random third."""
    holdout = np.random.default_rng(1).random(len(X)) < 0.33
    return LabelledRows(
        features=X.reset_index(drop=True),
        label=np.asarray(y),
        holdout=holdout,
        task=task,  # type: ignore[arg-type]
    )


def missing_only_where_positive(X, y, random):
    return pd.Series(np.where((y == 1) & (random.random(len(y)) < 0.1), None, "N123"))


def there_only_where_positive(X, y, random):
    return pd.Series(
        np.where((y == 1) & (random.random(len(y)) < 0.5), random.random(len(y)), None)
    )


def a_code_of_its_own(X, y, random):
    return pd.Series(np.where((y == 1) & (random.random(len(y)) < 0.1), 99, X["visits"]))


def the_label_itself(X, y, random):
    return pd.Series(y)


def the_label_in_other_units(X, y, random):
    return pd.Series(20 * y + random.normal(0, 0.1, len(y)))


def a_mean_of_labels_own_ones_in_it(X, y, random):
    return pd.Series(y).groupby(random.integers(0, len(y) // 4, len(y))).transform("mean")


STOPPING: list[tuple[Plant, str]] = [
    (missing_only_where_positive, "decides the label: where it is missing"),
    (there_only_where_positive, "decides the label: where it is there"),
    (a_code_of_its_own, "decides the label: where it is 99"),
    (the_label_itself, "decides the label"),
    (the_label_in_other_units, "is a copy of the label"),
    (a_mean_of_labels_own_ones_in_it, "decides the label"),
]


@pytest.mark.parametrize("arranged", [in_time, without_time], ids=["in time", "without time"])
@pytest.mark.parametrize(("plant", "said"), STOPPING, ids=lambda v: getattr(v, "__name__", ""))
def test_a_planted_leak_stops_and_names_its_column(
    plant: Plant, said: str, arranged: Callable[..., LabelledRows]
) -> None:
    X, y = shop()
    planted = plant(X, y, np.random.default_rng(7))
    found = find_leakage(arranged(X.assign(leak=planted), y))
    assert [problem.columns for problem in found.problems] == [("leak",)]
    assert said in str(found.problems[0])
    assert "features.accept: {leak: why}" in remedy(found.problems, table="visits")


def late_by_so_much(X, y, random):
    return pd.Series(y + random.normal(0, 0.5, len(y)))


def a_number_given_out(X, y, random):
    return pd.Series(np.arange(len(y)) + 100_000)


def a_name(X, y, random):
    return pd.Series([f"v{n:x}" for n in random.permutation(len(y))])


WARNING: list[tuple[Plant, str]] = [
    (late_by_so_much, "predicts too well"),
    (a_number_given_out, "looks like an identifier"),
    (a_name, "looks like an identifier"),
]


@pytest.mark.parametrize("arranged", [in_time, without_time], ids=["in time", "without time"])
@pytest.mark.parametrize(("plant", "said"), WARNING, ids=lambda v: getattr(v, "__name__", ""))
def test_what_may_be_a_leak_warns_and_does_not_stop(
    plant: Plant, said: str, arranged: Callable[..., LabelledRows]
) -> None:
    X, y = shop()
    planted = plant(X, y, np.random.default_rng(7))
    found = find_leakage(arranged(X.assign(leak=planted), y))
    assert found.problems == ()
    assert [(w.columns, said in str(w)) for w in found.warnings] == [(("leak",), True)]


def test_free_text_differs_in_every_row_and_is_no_identifier() -> None:
    X, y = shop()
    random = np.random.default_rng(7)
    words = np.array(["good", "tea", "was", "late", "again", "box", "cold"])
    text = [" ".join(random.choice(words, 12)) for _ in range(len(y))]
    assert len(set(text)) > 0.99 * len(text)
    assert find_leakage(without_time(X.assign(review=text), y)).warnings == ()


def test_a_clock_is_warned_of() -> None:
    X, y = shop()
    rows = in_time(X, y)
    assert rows.times is not None
    day = pd.Series(rows.times // 86_400)
    (warning,) = find_leakage(in_time(X.assign(day=day), y)).warnings
    assert "tells the time" in str(warning)


def test_rows_that_the_source_gives_twice_are_warned_of() -> None:
    X, y = shop()
    doubled = pd.concat([X, X.head(400)])
    found = find_leakage(without_time(doubled, np.concatenate([y, y[:400]])))
    assert ["rows in both parts"] == [w.kind for w in found.warnings]


def test_a_customer_on_both_sides_is_warned_of_where_the_label_goes_with_the_customer() -> None:
    X, y = shop()
    random = np.random.default_rng(3)
    customer = random.integers(0, 500, len(y))
    keys = pd.DataFrame({"customer": customer, "visit": np.arange(len(y))})
    loyal = (random.random(500) < 0.5)[customer] ^ (random.random(len(y)) < 0.2)
    rows = without_time(X, loyal.astype(int))
    with_keys = LabelledRows(rows.features, rows.label, rows.holdout, rows.task, keys=keys)
    (warning,) = find_leakage(with_keys).warnings
    assert (warning.kind, warning.columns) == ("entities in both parts", ("customer",))
    unrelated = LabelledRows(rows.features, y, rows.holdout, rows.task, keys=keys)
    assert find_leakage(unrelated).warnings == ()


@pytest.mark.parametrize("arranged", [in_time, without_time], ids=["in time", "without time"])
def test_a_column_that_is_another_one_in_the_newest_rows_is_named(
    arranged: Callable[..., LabelledRows],
) -> None:
    X, y = shop()
    rows = arranged(X, y)
    X.loc[rows.holdout, "spend"] += 100
    (warning,) = find_leakage(arranged(X, y)).warnings
    assert (warning.kind, warning.columns) == ("tells newest rows apart", ("spend",))


@pytest.mark.parametrize("seed", range(12))
def test_nothing_is_said_of_an_honest_table(seed: int) -> None:
    X, y = shop(seed)
    for rows in (in_time(X, y, seed=seed), without_time(X, y)):
        assert find_leakage(rows).findings == ()


def test_seasons_do_not_count_as_newest_rows_that_differ() -> None:
    X, y = shop()
    rows = in_time(X, y)
    assert rows.times is not None
    season = pd.Series(
        20 * np.sin(rows.times / 86_400 / 6) + np.random.default_rng(0).normal(size=ROWS)
    )
    assert find_leakage(in_time(X.assign(temperature=season), y)).findings == ()


@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("breast_cancer", "binary"),
        ("iris", "multiclass"),
        ("wine", "multiclass"),
        ("digits", "multiclass"),
        ("diabetes", "regression"),
    ],
)
def test_honest_data_of_others_pass_without_a_word(name: str, task: str) -> None:
    loaded = getattr(datasets, f"load_{name}")(as_frame=True)
    assert find_leakage(without_time(loaded.data, loaded.target, task=task)).findings == ()


def test_where_one_in_two_hundred_is_fraud_an_ordinary_value_decides_nothing() -> None:
    random = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "amount": random.gamma(2, 30, 50_000).round(),
            "shop": random.integers(0, 500, 50_000).astype(str),
            "card_age": np.where(random.random(50_000) < 0.3, np.nan, random.poisson(20, 50_000)),
        }
    )
    fraud = (random.random(50_000) < 0.005 * np.exp(0.01 * (X["amount"] - 60))).astype(int)
    assert find_leakage(in_time(X, fraud.to_numpy())).findings == ()
    block = pd.Series(np.where((fraud == 1) & (random.random(50_000) < 0.5), "blocked", "open"))
    (problem,) = find_leakage(in_time(X.assign(card=block), fraud.to_numpy())).problems
    assert "where it is 'blocked'" in str(problem)


def test_a_storm_of_one_day_decides_nothing() -> None:
    X, y = shop()
    rows = in_time(X, y)
    storm = rows.block_codes == 7
    assert storm.sum() >= 50
    wind = pd.Series(np.where(storm, 99.0, np.random.default_rng(0).gamma(2, 5, ROWS)))
    y = np.where(storm, 1, y)
    assert find_leakage(in_time(X.assign(wind=wind), y)).problems == ()


def test_a_range_of_a_measured_number_is_warned_of_and_not_stopped() -> None:
    # As departure delays: from 40 minutes on every flight is late, whatever the minute.
    X, y = shop()
    random = np.random.default_rng(0)
    delay = pd.Series(np.where(y == 1, random.poisson(45, ROWS), random.poisson(28, ROWS)))
    found = find_leakage(in_time(X.assign(delay=delay), y))
    assert found.problems == ()
    assert [w.kind for w in found.warnings] == ["predicts too well"]


def test_a_regression_is_stopped_by_a_copy_and_by_a_value_that_pins_it() -> None:
    X, _ = shop()
    random = np.random.default_rng(9)
    price = 2 * X["age"].to_numpy() + random.normal(0, 20, ROWS)
    assert find_leakage(in_time(X, price, task="regression")).findings == ()
    copied = find_leakage(in_time(X.assign(euros=price * 0.93), price, task="regression"))
    assert [p.kind for p in copied.problems] == ["copies the label"]
    cancelled = random.random(ROWS) < 0.05
    state = pd.Series(np.where(cancelled, "cancelled", "sent"))
    pinned = find_leakage(
        in_time(X.assign(state=state), np.where(cancelled, 0.0, price), task="regression")
    )
    assert ["decides the label: where it is 'cancelled'" in str(p) for p in pinned.problems] == [
        True
    ]


def test_a_declared_time_after_the_prediction_stops() -> None:
    X, y = shop()
    late = Unfilled("visits", "stars", "2h", late_rows=3_999, rows=4_000)
    (problem,) = find_leakage(in_time(X, y), unfilled=[late]).problems
    assert "'stars' is filled in 2h after the event" in str(problem)
    assert "3,999 of 4,000 examples (100.0%)" in str(problem)


def test_what_is_accepted_neither_stops_nor_warns() -> None:
    X, y = shop()
    planted = X.assign(leak=y, number=np.arange(ROWS))
    accept = {"leak": "a test", "number": "another", "age": "no need"}
    found = find_leakage(in_time(planted, y), accept=accept)
    assert found.findings == ()
    assert {a.finding.columns for a in found.accepted} == {("leak",), ("number",)}
    assert dict(found.unused) == {"age": "no need"}


def test_a_name_that_nothing_has_is_refused_with_the_nearest() -> None:
    X, y = shop()
    with pytest.raises(DataError, match=r"names 'spnd'.*the nearest name is 'spend'"):
        find_leakage(in_time(X, y), accept={"spnd": "x"})


@pytest.mark.parametrize("rows", [1, 2, 3, 60])
def test_few_rows_and_odd_columns_are_looked_at_without_a_complaint(rows: int) -> None:
    X, y = shop(rows=rows)
    odd = X.assign(
        nothing=np.nan,
        endless=np.where(np.arange(rows) % 2, np.inf, -np.inf),
        mixed=pd.Series([1, "a", None, 2.5] * rows, dtype=object).head(rows),
        flag=pd.Series([True, None, False] * rows, dtype="boolean").head(rows),
        kind=pd.Series(["a", "b"] * rows, dtype="category").head(rows),
    )
    for arranged in (in_time, without_time):
        find_leakage(arranged(odd, y))
        find_leakage(arranged(odd, y + 0.5 * np.arange(rows), task="regression"))


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100))
def test_a_hundred_honest_tables_give_no_finding(seed: int) -> None:
    X, y = shop(1_000 + seed)
    assert find_leakage(in_time(X, y, seed=seed)).findings == ()


def test_a_number_beyond_single_precision_is_no_trouble() -> None:
    X, y = shop()
    X.loc[::7, "spend"] = 1e308
    for arranged in (in_time, without_time):
        assert find_leakage(arranged(X, y)).findings == ()
