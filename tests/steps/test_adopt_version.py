"""Adopting a version: a stranger's model scores as it does in MLflow, or nothing is changed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import pandas as pd
import pytest
from sklearn.compose import make_column_transformer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from lamplighter.cli.main import main
from lamplighter.contracts import Actor, RunRequest
from lamplighter.data.examples import feature_view, known_examples
from lamplighter.errors import DataError, FrozenError, RegistryError, UsageError
from lamplighter.features.build import build_features
from lamplighter.registry import adopted_model
from lamplighter.registry.adopted_model import AdoptedModel, describe, pack
from lamplighter.steps.adopt_version import adopt_version
from lamplighter.steps.examine_stores import examine_stores
from lamplighter.steps.golden_rows import check_golden
from lamplighter.steps.ingest_data import ingest_data
from lamplighter.steps.load_version import load_version
from lamplighter.steps.night import Night, Stores, open_night
from lamplighter.steps.resolve_spec import resolve_spec
from lamplighter.steps.validate_data import validate_data
from world import World, day

ANNA = Actor(name="anna", kind="os_user")
NUMBERS = ["age", "spend", "noise"]


class Halves(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    """A pyfunc model that gives one probability."""

    def predict(self, context: Any, model_input: pd.DataFrame) -> np.ndarray:
        return np.asarray(1 / (1 + np.exp(-(model_input["age"] - 40) / 12)))


class Far(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    """A pyfunc model whose answers are no probabilities."""

    def predict(self, context: Any, model_input: pd.DataFrame) -> np.ndarray:
        return np.asarray(model_input["age"])


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Return a world whose tables are in the lake, without any model."""
    world = World(tmp_path_factory.mktemp("world"))
    open_for_adoption(world).stores.registry.ping()
    return world


@pytest.fixture(autouse=True)
def mlflow_of(world: World) -> Iterator[None]:
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(world.paths.mlflow)
    mlflow.set_registry_uri(world.paths.mlflow)
    yield
    mlflow.set_tracking_uri(before)
    # Both, or every later test of this process has this registry.
    mlflow.set_registry_uri(None)
    os.environ.pop("MLFLOW_REGISTRY_URI", None)


def open_for_adoption(world: World, number: int = 50) -> Night:
    run_id, stores = f"adopt/{number}", world.stores
    request = RunRequest(as_of=day(number), dry_run=True)
    resolve_spec(world.spec_path, request, run_id=run_id, actor=ANNA, stores=stores)
    return open_night(run_id, stores, threads=1)


def rows_of(night: Night) -> tuple[pd.DataFrame, np.ndarray]:
    as_of = night.run.as_of
    validate_data(night, ingest_data(night))
    examples = known_examples(night.spec, night.lake, as_of=as_of, knowledge_time=as_of)
    examples = examples[examples["label"].notna()].tail(800)
    view = feature_view(night.spec, night.lake, as_of=as_of)
    return build_features(night.spec, examples, view), examples["label"].to_numpy()


def log_sklearn(model: Any, rows: pd.DataFrame, *, name: str = "returns", **more: Any) -> str:
    with mlflow.start_run():
        logged = mlflow.sklearn.log_model(
            model, name="model", registered_model_name=name, serialization_format="cloudpickle",
            pip_requirements=["scikit-learn"], **more,
        )  # fmt: skip
    return str(logged.registered_model_version)


def log_pyfunc(model: Any, rows: pd.DataFrame) -> str:
    with mlflow.start_run():
        logged = mlflow.pyfunc.log_model(
            name="model", python_model=model, registered_model_name="returns",
            pip_requirements=["numpy"], input_example=rows.head(2),
        )  # fmt: skip
    return str(logged.registered_model_version)


def pipeline(rows: pd.DataFrame, labels: np.ndarray) -> Any:
    encode = make_column_transformer((OneHotEncoder(), ["city"]), remainder="passthrough")
    return make_pipeline(encode, LogisticRegression(max_iter=500)).fit(rows, labels)


def adopt(world: World, version: str) -> tuple[Any, Stores]:
    night = open_for_adoption(world)
    release, warning = adopt_version(night, version, reason="it serves already", actor=ANNA)
    assert warning is None
    return release, night.stores


def test_a_pipeline_of_sklearn_is_champion_and_scores_as_it_does_in_mlflow(world: World) -> None:
    rows, labels = rows_of(open_for_adoption(world))
    model = pipeline(rows, labels)
    version = log_sklearn(model, rows, input_example=rows.head(2))
    release, stores = adopt(world, version)
    assert (release.version, release.kind, release.valid_from) == (version, "adopt", day(50))
    champion = load_version(stores, "returns", version)
    assert champion.classes == (0.0, 1.0)
    np.testing.assert_allclose(champion.predict(rows), model.predict_proba(rows)[:, 1])
    assert stores.registry.alias("returns", "champion") == version
    stored = stores.ledger.version("returns", version)
    assert stored is not None
    assert stored.details["cutoff"] == day(50).isoformat(), "it may have seen all that was known"
    assert check_golden(stores, release).right
    wrong = [f for f in examine_stores(stores, ["returns"]) if f.level == "wrong"]
    assert wrong == []
    again, _ = adopt_version(open_for_adoption(world), version, reason="again", actor=ANNA)
    assert again.id == release.id


def test_boosters_of_xgboost_and_pyfunc_models_score_too(world: World) -> None:
    import xgboost

    rows, labels = rows_of(open_for_adoption(world))
    fitted = xgboost.XGBClassifier(n_estimators=5, max_depth=2).fit(rows[NUMBERS], labels)
    booster = xgboost.train({"objective": "binary:logistic", "max_depth": 2},
                            xgboost.DMatrix(rows[NUMBERS], labels), 5)  # fmt: skip
    expected = {}
    for model in (fitted, booster):
        with mlflow.start_run():
            logged = mlflow.xgboost.log_model(
                model, name="model", registered_model_name="returns", pip_requirements=["xgboost"]
            )
        values = (
            model.predict_proba(rows[NUMBERS])[:, 1] if model is fitted
            else model.predict(xgboost.DMatrix(rows[NUMBERS]))
        )  # fmt: skip
        expected[str(logged.registered_model_version)] = values
    expected[log_pyfunc(Halves(), rows[["age"]])] = Halves().predict(None, rows)
    for version, values in expected.items():
        _, stores = adopt(world, version)
        found = load_version(stores, "returns", version)
        np.testing.assert_allclose(found.predict(rows), values, rtol=1e-6)


Maker = Callable[[pd.DataFrame, np.ndarray], str]


def of_other_columns(rows: pd.DataFrame, labels: np.ndarray) -> str:
    renamed = rows[NUMBERS].rename(columns={"age": "years"})
    model = LogisticRegression().fit(renamed, labels)
    return log_sklearn(model, renamed, input_example=renamed.head(2))


def of_other_classes(rows: pd.DataFrame, labels: np.ndarray) -> str:
    named = np.where(labels == 1, "back", "gone")
    return log_sklearn(LogisticRegression().fit(rows[NUMBERS], named), rows)


def of_numbers(rows: pd.DataFrame, labels: np.ndarray) -> str:
    return log_sklearn(LinearRegression().fit(rows[NUMBERS], 5 * labels), rows)


def of_ages(rows: pd.DataFrame, labels: np.ndarray) -> str:
    return log_pyfunc(Far(), rows[["age"]])


class Sulky(mlflow.pyfunc.PythonModel):  # type: ignore[misc]
    """A pyfunc model that fails on more rows than it was logged with."""

    def predict(self, context: Any, model_input: pd.DataFrame) -> np.ndarray:
        if len(model_input) > 2:
            raise KeyError("years")
        return np.full(len(model_input), 0.5)


def of_failures(rows: pd.DataFrame, labels: np.ndarray) -> str:
    return log_pyfunc(Sulky(), rows[["age"]])


def of_nothing(rows: pd.DataFrame, labels: np.ndarray) -> str:
    return "999"


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (
            of_other_columns,
            r"takes the column years, which is no feature of the spec; there are age",
        ),
        (of_other_classes, r"it tells back, gone apart, expected two classes with 1 among them"),
        (of_numbers, r"predictions lie between .* expected probabilities"),
        (of_ages, r"predictions lie between .* expected probabilities"),
        (of_failures, r"cannot be adopted: it cannot score \(KeyError: 'years'\)"),
        (of_nothing, r"version 999 of returns is not in the model registry"),
    ],
)
def test_what_cannot_score_the_examples_is_refused_and_changes_nothing(
    world: World, make: Maker, said: str
) -> None:
    night = open_for_adoption(world)
    before = night.ledger.champion("returns"), night.ledger.versions("returns")
    version = make(*rows_of(night))
    with pytest.raises((RegistryError, DataError), match=said):
        adopt_version(night, version, reason="try", actor=ANNA)
    assert (night.ledger.champion("returns"), night.ledger.versions("returns")) == before
    assert night.ledger.unfinished_intents("returns") == []


def test_a_model_whose_package_is_missing_is_refused_by_its_name(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    night = open_for_adoption(world)
    rows, labels = rows_of(night)
    version = log_sklearn(LogisticRegression().fit(rows[NUMBERS], labels), rows)

    def gone(_: str) -> None:
        raise ModuleNotFoundError("No module named 'lost'", name="lost")

    monkeypatch.setitem(adopted_model._LOADERS, "sklearn", gone)
    with pytest.raises(RegistryError, match="needs the package lost, which is not installed here"):
        adopt_version(night, version, reason="try", actor=ANNA)


LETTERS = pd.DataFrame({"x": np.arange(60) % 3 + 0.1, "z": np.arange(60) % 7})


def packed(folder: Path, model: Any) -> bytes:
    mlflow.sklearn.save_model(
        model, folder, serialization_format="cloudpickle", pip_requirements=["scikit-learn"]
    )
    return pack(folder)


def test_probabilities_of_several_classes_come_in_the_order_of_the_classes(tmp_path: Path) -> None:
    labels = np.array(["b", "c", "a"])[np.arange(60) % 3]
    fitted = LogisticRegression(max_iter=500).fit(LETTERS, labels)
    fitted.classes_, fitted.coef_ = fitted.classes_[::-1], fitted.coef_[::-1]  # as others may
    fitted.intercept_ = fitted.intercept_[::-1]
    files = packed(tmp_path / "m", fitted)
    ask = {"task": "multiclass", "available": ["z", "x"], "positive": None}
    described = describe(files, labels=["a", "b"], **ask)
    assert (described.classes, described.columns) == (("a", "b", "c"), (2, 1, 0))
    assert described.features == ("x", "z")
    found = AdoptedModel.from_bytes(AdoptedModel(described, files).to_bytes()).predict(LETTERS)
    np.testing.assert_allclose(found, fitted.predict_proba(LETTERS)[:, ::-1])
    with pytest.raises(RegistryError, match="classes c, b, a, expected at least a, d"):
        describe(files, labels=["d", "a"], **ask)


def test_a_class_that_the_spec_calls_positive_is_the_one_that_is_predicted(tmp_path: Path) -> None:
    labels = np.array(["good", "bad"])[np.arange(60) % 2]
    files = packed(tmp_path / "m", LogisticRegression().fit(LETTERS, labels))
    ask = {"task": "binary", "available": ["x", "z"], "labels": []}
    assert describe(files, positive="bad", **ask).columns == (0,)
    with pytest.raises(RegistryError, match=r"tells bad, good apart, expected two .* 'late' among"):
        describe(files, positive="late", **ask)
    with pytest.raises(RegistryError, match=r"apart \(bad, good\), expected a regression"):
        describe(files, positive=None, **{**ask, "task": "regression"})


def test_a_renamed_model_takes_its_champion_over_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World(tmp_path)
    world.run(day(50))
    old = world.stores.ledger.version("returns", "1")
    assert old is not None
    world.document.update(model="comebacks", release={"registered_name": "returns"})
    world.write()
    monkeypatch.setenv("LAMPLIGHTER_HOME", str(world.home))
    for name in ("LAMPLIGHTER_LAKE", "LAMPLIGHTER_LEDGER", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    words = ["adopt", "comebacks", "--version", "1", "--reason", "renamed", "--as-of", "2024-02-21"]
    assert main([*words, "--spec", str(world.spec_path)]) == 0, capsys.readouterr().err
    assert "version 1 is champion of comebacks" in capsys.readouterr().out
    ledger = world.stores.ledger
    adopted = ledger.version("comebacks", "1")
    assert adopted is not None
    assert adopted.artifact.digest == old.artifact.digest
    assert adopted.details["cutoff"] == old.details["cutoff"]
    standing = ledger.champion("returns")
    assert standing is not None
    assert (standing.version, standing.kind) == ("1", "release"), "the old model keeps its own"


@pytest.mark.long
def test_a_night_after_an_adoption_compares_with_the_strangers_model(world: World) -> None:
    rows, labels = rows_of(open_for_adoption(world))
    version = log_sklearn(pipeline(rows, labels), rows, input_example=rows.head(2))
    adopt(world, version)
    said = " ".join(world.run(day(58)).sentences)
    assert "cannot score" not in said
    assert "of evidence, 10 are needed" in said, "only days after the adoption may be compared"


def test_a_frozen_model_adopts_nothing_and_nothing_is_written(world: World) -> None:
    night = open_for_adoption(world)
    rows, labels = rows_of(night)
    version = log_sklearn(pipeline(rows, labels), rows)
    known = night.ledger.versions("returns")
    night.ledger.freeze("returns", actor=ANNA, reason="audit")
    with pytest.raises(FrozenError, match="nothing was changed"):
        adopt_version(night, version, reason="try", actor=ANNA)
    assert night.ledger.versions("returns") == known
    night.ledger.unfreeze("returns", actor=ANNA, reason="done")


def test_an_adoption_needs_a_reason(world: World) -> None:
    with pytest.raises(UsageError, match="a reason is needed"):
        adopt_version(open_for_adoption(world), "1", reason=" ", actor=ANNA)
