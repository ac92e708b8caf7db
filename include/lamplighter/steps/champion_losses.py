"""The champion's loss on each of the newest matured days that it was not trained on."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pandas as pd

from lamplighter.data.examples import labelled_examples
from lamplighter.data.splits import matured_blocks, start_of_day
from lamplighter.errors import LamplighterError
from lamplighter.evaluation.metrics import row_losses
from lamplighter.ledger import Release
from lamplighter.steps.examples_frame import BLOCK, LABEL
from lamplighter.steps.label_codes import label_codes, of_known_class
from lamplighter.steps.load_version import load_version, what_else_it_predicts
from lamplighter.steps.night import Night


def champion_losses(night: Night, champion: Release, *, days: int) -> dict[str, float]:
    """Return the champion's mean loss of each day, the oldest day first.

    Days are whole, matured by tonight's `knowledge_time`, and lie after the champion's training
    cut-off; at most `days` of them, the newest. Nothing where the champion cannot score them.
    """
    rows = _newest(night, champion, days=days)
    if rows.empty or what_else_it_predicts(night, champion.version):
        return {}
    try:
        scorer = load_version(
            night.stores, night.run.model, champion.version, threads=night.threads
        )
        known, unseen = of_known_class(
            rows[LABEL].to_numpy(), scorer, where="the champion's newest days"
        )
        if unseen:
            night.say(unseen)
            rows = rows[known].reset_index(drop=True)
        features = night.features(rows)[list(scorer.features)]
        codes = label_codes(rows[LABEL].to_numpy(), scorer, where="a day of the champion's")
        predicted = scorer.predict(features, threads=night.threads)
    except (LamplighterError, KeyError) as error:
        night.say(f"the losses of champion version {champion.version} are not known: {error}")
        return {}
    losses = pd.Series(row_losses(night.spec.task, codes, predicted))
    by_day = losses.groupby(rows[BLOCK].to_numpy()).mean()
    return {str(day): float(loss) for day, loss in by_day.items()}


def _newest(night: Night, champion: Release, *, days: int) -> pd.DataFrame:
    spec, run = night.spec, night.run
    version = night.ledger.version(run.model, champion.version)
    cutoff = version.details.get("cutoff") if version else None
    begin = datetime.fromisoformat(cutoff) if cutoff else champion.as_of
    labels = spec.time.label_delay + spec.time.lead if spec.time else timedelta(0)
    # A few days more than are asked for: the newest ones have not matured, and some may be empty.
    recent = run.as_of - labels - timedelta(days=days + 7)
    examples = labelled_examples(
        spec,
        night.lake,
        start=max(begin, recent),
        end=run.as_of,
        knowledge_time=run.knowledge_time,
    )
    matured = [
        day
        for day in matured_blocks(
            spec, examples, as_of=run.as_of, knowledge_time=run.knowledge_time
        )
        if start_of_day(spec, date.fromisoformat(day)) >= max(begin, recent)
    ]
    chosen = examples[BLOCK].isin(matured[-days:]) & examples[LABEL].notna()
    return examples[chosen].reset_index(drop=True)
