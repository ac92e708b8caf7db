"""Step select_features: build the examples of the night, split them, and drop what is unusable."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd

from lamplighter.contracts import ArtifactRef, ExamplesRef, SnapshotRef
from lamplighter.data.asof import AsOfView
from lamplighter.data.examples import feature_view, known_examples
from lamplighter.data.splits import Split, split_examples
from lamplighter.errors import DataError
from lamplighter.features.select import refuse_other_pixels, usable_features
from lamplighter.spec import ModelSpec
from lamplighter.steps.checkable import columns_to_check
from lamplighter.steps.examples_frame import LABEL, join_features
from lamplighter.steps.night import Night
from lamplighter.steps.refit.rows import RefitRows
from lamplighter.training.target import Target
from lamplighter.training.threshold import refuse_idle_costs

log = logging.getLogger(__name__)

_MOST_CLASSES = 250
_LIVE_ROWS = 5_000
"""Of the newest rows, which have no label yet, as many as it takes to see how they differ."""


def select_features(
    night: Night, snapshot: SnapshotRef, *, refit_of: str | None = None
) -> ExamplesRef:
    """Store tonight's examples with their features, their split, and the features kept.

    Parameters
    ----------
    refit_of : str, optional
        The version that is fitted again: nothing is held out, and its own features are kept.

    Raises
    ------
    DataError
        If there is nothing to train on: no matured day, too few rows, or a single class; or if
        there are more or fewer pixels than `features.images` says.
    SpecError
        If `decision.costs` names a class that no training row has, or decides nothing.
    """
    spec, run = night.spec, night.run
    examples = known_examples(spec, night.lake, as_of=run.as_of, knowledge_time=run.knowledge_time)
    refit = None if refit_of is None else RefitRows.of(night, refit_of)
    split = (
        split_examples(spec, examples, as_of=run.as_of, knowledge_time=run.knowledge_time)
        if refit is None
        else refit.split(night, examples)
    )
    _refuse_what_cannot_be_learned(spec, examples, split, judged=refit is None)
    used = split.training | split.holdout
    part = np.where(split.training, "training", "holdout")[used]
    view = feature_view(spec, night.lake, as_of=run.as_of)
    features = night.features(examples[used], lambda: view)
    training = features[part == "training"]
    kept, dropped = usable_features(training) if refit is None else refit.features(training)
    refuse_other_pixels(kept, spec.features.images)
    judged = columns_to_check(spec, examples[used], view, features)
    frame = join_features(examples[used], features, part, judged).reset_index(drop=True)
    content = (snapshot.digest, *(refit.content if refit else ()))
    artifact = night.artifacts.write_frame(f"{night.work_key('examples', *content)}.parquet", frame)
    training_rows, holdout_rows = int(split.training.sum()), int(split.holdout.sum())
    night.say(
        f"{training_rows:,} rows to train on, {holdout_rows:,} held out in "
        f"{len(split.blocks)} blocks, {len(kept)} of {features.shape[1]} features kept"
    )
    log.info("%s: examples stored at %s", run.model, night.artifacts.uri(artifact))
    return ExamplesRef(
        artifact=artifact,
        snapshot_digest=snapshot.digest,
        rows=len(frame),
        training_rows=training_rows,
        holdout_rows=holdout_rows,
        cutoff=split.cutoff,
        features=tuple(kept),
        dropped=dropped,
        live=_store_live(night, examples, split, view, content),
        tables=snapshot.tables,
        refit_of=refit_of,
    )


def _store_live(
    night: Night, examples: pd.DataFrame, split: Split, view: AsOfView, content: tuple[str, ...]
) -> ArtifactRef | None:
    """Store the features of rows as one would have to predict them now: without a label yet."""
    if night.spec.time is None:
        return None
    newest = examples[split.training | split.holdout]["prediction_time"].max()
    unlabelled = examples[LABEL].isna() & (examples["prediction_time"] > newest)
    if not unlabelled.any():
        return None
    live = examples[unlabelled].tail(_LIVE_ROWS)
    features = night.features(live, lambda: view)
    frame = join_features(live, features, np.full(len(live), "live")).reset_index(drop=True)
    return night.artifacts.write_frame(f"{night.work_key('live', *content)}.parquet", frame)


def _refuse_what_cannot_be_learned(
    spec: ModelSpec, examples: pd.DataFrame, split: Split, *, judged: bool
) -> None:
    parts = {"training": split.training, "hold-out": split.holdout}
    for name, part in parts.items() if judged else [("training", split.training)]:
        rows = int(part.sum())
        if rows < spec.split.folds + 1:
            raise DataError(
                f"{spec.model} has {rows} {name} examples with a known label, expected at least "
                f"{spec.split.folds + 1}; choose a later as_of, or a smaller split.holdout_days"
            )
        if spec.task == "regression":
            continue
        classes = examples[LABEL][part].unique()
        if name == "training" and spec.decision.costs:
            refuse_idle_costs(
                spec.decision.costs, Target(spec.task, tuple(sorted(classes.tolist())))
            )
        if len(classes) < 2:
            raise DataError(
                f"all {rows:,} {name} examples of {spec.model} have the label {classes[0]!s}, "
                "expected at least two classes; choose another as_of, or check "
                f"{spec.data.target_table}.{spec.data.target_column}"
            )
        if len(classes) > _MOST_CLASSES:
            raise DataError(
                f"{spec.data.target_table}.{spec.data.target_column} has {len(classes):,} values "
                f"in {rows:,} {name} examples, expected at most {_MOST_CLASSES} classes; set task "
                "to regression if it is a number to predict, else group its values"
            )
