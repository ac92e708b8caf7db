"""The champion's loss on each of the newest matured days that it was not trained on."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd

from lamplighter.data.examples import known_examples
from lamplighter.data.splits import start_of_day
from lamplighter.errors import LamplighterError
from lamplighter.evaluation.metrics import row_losses
from lamplighter.ledger import Release
from lamplighter.steps.examples_frame import BLOCK, LABEL
from lamplighter.steps.load_version import load_version, what_else_it_predicts
from lamplighter.steps.night import Night
from lamplighter.training.scorer import Scorer


def champion_losses(night: Night, champion: Release, *, days: int) -> dict[str, float]:
    """Return the champion's mean loss of each day, the oldest day first.

    Days are whole, matured by tonight's `knowledge_time`, and lie after the champion's training
    cut-off; at most `days` of them, the newest. Nothing where the champion cannot score them.
    """
    spec, run = night.spec, night.run
    examples = known_examples(spec, night.lake, as_of=run.as_of, knowledge_time=run.knowledge_time)
    matured = _matured(night, champion, examples)
    chosen = sorted(matured[BLOCK].unique())[-days:]
    rows = matured[matured[BLOCK].isin(chosen)].reset_index(drop=True)
    if rows.empty or what_else_it_predicts(night, champion.version):
        return {}
    try:
        scorer = load_version(night.stores, run.model, champion.version, threads=night.threads)
        features = night.features(rows)
        predicted = scorer.predict(features[list(scorer.features)], threads=night.threads)
    except (LamplighterError, KeyError) as error:
        night.say(f"the losses of champion version {champion.version} are not known: {error}")
        return {}
    losses = pd.Series(row_losses(spec.task, _codes(rows, scorer), predicted))
    by_day = losses.groupby(rows[BLOCK].to_numpy()).mean()
    return {str(day): float(loss) for day, loss in by_day.items()}


def _matured(night: Night, champion: Release, examples: pd.DataFrame) -> pd.DataFrame:
    spec, run = night.spec, night.run
    version = night.ledger.version(run.model, champion.version)
    cutoff = version.details.get("cutoff") if version else None
    begin = datetime.fromisoformat(cutoff) if cutoff else champion.as_of
    rules = spec.time
    assert rules is not None
    after = (examples["prediction_time"] >= begin) & examples[LABEL].notna()
    rows = examples[after]

    def is_matured(day: str) -> bool:
        end = start_of_day(spec, date.fromisoformat(day) + timedelta(days=1))
        whole = start_of_day(spec, date.fromisoformat(day)) >= begin and end <= run.as_of
        return whole and end + rules.lead + rules.label_delay <= run.knowledge_time

    days = [day for day in rows[BLOCK].unique() if is_matured(day)]
    return rows[rows[BLOCK].isin(days)]


def _codes(rows: pd.DataFrame, scorer: Scorer) -> np.ndarray:
    labels = rows[LABEL].to_numpy()
    if scorer.task == "regression":
        return labels.astype(float)
    numbers = {label: code for code, label in enumerate(scorer.classes)}
    return np.array([numbers[label] for label in labels], dtype=float)
