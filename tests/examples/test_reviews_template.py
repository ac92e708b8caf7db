"""The template for reviews: valid as it stands; a night of it reads texts that people copied."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from lamplighter.contracts import Actor, RunReport, RunRequest
from lamplighter.data.examples import known_examples
from lamplighter.data.splits import split_examples, training_folds
from lamplighter.spec import load_spec
from lamplighter.steps.night import Stores
from lamplighter.steps.store_paths import StorePaths
from lamplighter.steps.whole_night import run_night

TEMPLATE = Path(__file__).parents[2] / "docs" / "examples" / "reviews.yaml"
AS_OF = datetime(2026, 1, 2, tzinfo=UTC)
QUICK = {"algorithms": ["linear"], "trials": 1, "budget_s": None}

GOOD = "lovely great delicious perfect favourite again recommend happy".split()
BAD = "stale awful broken never refund bitter disappointed waste".split()
OTHER = "the tea box arrived with my order and tastes of a it was in".split()


def written_reviews(rows: int = 600, copied: int = 30) -> pd.DataFrame:
    """Return made-up reviews in which single words tell; some texts are there twice."""
    random = np.random.default_rng(5)
    texts, scores = [], []
    for _ in range(rows):
        great = random.random() < 0.6
        tell = random.choice(GOOD if great else BAD, random.integers(0, 3))
        texts.append(" ".join([*random.choice(OTHER, 12), *tell]))
        scores.append("great" if great else "other")
    made = pd.DataFrame({"review": texts, "score": scores})
    # A copy stands under another product, so that no two rows are equal.
    return pd.concat([made, made.head(copied)]).assign(product=range(rows + copied))


def night_of(
    reviews: pd.DataFrame, home: Path, monkeypatch: pytest.MonkeyPatch, *, drop: list[str]
) -> tuple[RunReport, Stores, Path]:
    """Copy the template as a user does, and do a night of it."""
    reviews.to_parquet(home / "reviews.parquet", index=False)
    monkeypatch.setenv("REVIEWS", str(home / "reviews.parquet"))
    document = yaml.safe_load(TEMPLATE.read_text())
    document["features"]["drop"] = drop
    path = home / "reviews.yaml"
    path.write_text(yaml.safe_dump({**document, "search": QUICK}))
    stores = Stores.open(
        StorePaths(
            lake=str(home / "lake"),
            artifacts=str(home / "lake" / "artifacts"),
            ledger=f"sqlite:///{home / 'ledger.db'}",
            mlflow=f"sqlite:///{home / 'mlflow.db'}",
        )
    )
    report = run_night(
        path,
        RunRequest(as_of=AS_OF),
        run_id="reviews/1",
        actor=Actor(name="anna", kind="os_user"),
        stores=stores,
        threads=1,
    )
    return report, stores, path


def roc_auc(stores: Stores) -> float:
    (decision,) = stores.ledger.decisions("reviews", kind="promotion")
    return float(decision.evidence["metrics"]["roc_auc"]["value"])


def held_out_texts(stores: Stores, path: Path, reviews: pd.DataFrame) -> set[str]:
    """Return the texts that were held out, after checking that none is in two parts."""
    spec = load_spec(path)
    examples = known_examples(spec, stores.lake, as_of=AS_OF, knowledge_time=AS_OF)
    rows = stores.lake.history("reviews", "reviews", spec.data.tables["reviews"], known_by=AS_OF)
    text = examples["_row"].map(rows.set_index("_row")["review"])
    assert text.duplicated().sum() == reviews["review"].duplicated().sum() > 0
    split = split_examples(spec, examples, as_of=AS_OF, knowledge_time=AS_OF)
    held_out, trained = set(text[split.holdout]), text[split.training].reset_index(drop=True)
    assert not held_out & set(trained)
    for fit, validate in training_folds(spec, examples[split.training].reset_index(drop=True)):
        assert not set(trained[fit]) & set(trained[validate])
    return held_out


def test_the_template_is_a_valid_spec_and_is_no_model_that_ships():
    assert load_spec(TEMPLATE).model == "reviews"
    assert not (TEMPLATE.parents[2] / "include" / "models" / "reviews.yaml").exists()


def test_a_night_of_the_template_learns_from_words_and_keeps_copies_together(tmp_path, monkeypatch):
    reviews = written_reviews()
    report, stores, path = night_of(reviews, tmp_path, monkeypatch, drop=["product"])
    assert report.outcome == "promote"
    assert "identifier" not in " ".join(report.sentences)
    assert roc_auc(stores) > 0.75
    held_out_texts(stores, path, reviews)


@pytest.mark.long
def test_real_reviews_are_told_apart_as_well_as_by_tf_idf_and_logistic_regression(
    tmp_path, monkeypatch
):
    file = os.environ.get("LAMPLIGHTER_REVIEWS")
    if not file:
        pytest.skip("LAMPLIGHTER_REVIEWS names no Parquet file with the columns review and score")
    reviews = pd.read_parquet(file)
    drop = [column for column in reviews.columns if column not in ("review", "score")]
    _, stores, path = night_of(reviews, tmp_path, monkeypatch, drop=drop)
    holdout = reviews["review"].isin(held_out_texts(stores, path, reviews)).to_numpy()
    great = (reviews["score"] == "great").to_numpy()
    terms = TfidfVectorizer()
    plain = LogisticRegression(max_iter=300).fit(
        terms.fit_transform(reviews["review"][~holdout]), great[~holdout]
    )
    predicted = plain.predict_proba(terms.transform(reviews["review"][holdout]))[:, 1]
    assert roc_auc(stores) > roc_auc_score(great[holdout], predicted) - 0.002
