"""Step check_leakage: stop the night if a feature knows what cannot be known, warn if it may."""

from __future__ import annotations

import json
import logging

import numpy as np
import pandas as pd

from lamplighter.contracts import ArtifactRef, ExamplesRef, LeakageRef
from lamplighter.data.examples import feature_view
from lamplighter.errors import DataError
from lamplighter.quality.leakage import LabelledRows, LeakageReport, Unfilled, find_leakage, remedy
from lamplighter.steps.examples_frame import BLOCK, LABEL, PART, feature_columns
from lamplighter.steps.night import Night

log = logging.getLogger(__name__)

FILE = "leakage.json"
"""Name of what was found, in the run's folder of the artifact store."""


def check_leakage(night: Night, examples: ExamplesRef) -> LeakageRef:
    """Look for leaks in the rows of this night, and write down what was found.

    Returns
    -------
    LeakageRef
        The warnings, and what the spec has accepted.

    Raises
    ------
    DataError
        With a sentence for each feature that leaks, and what to do; or if `features.accept` names
        no feature.
    """
    frame = night.artifacts.read_frame(examples.artifact)
    live = night.artifacts.read_frame(examples.live) if examples.live else None
    table = night.spec.data.examples_table
    report = find_leakage(
        _rows(night, frame, live, kept=examples.features),
        unfilled=_unfilled(night, frame, features={*examples.features, *examples.dropped}),
        accept=night.spec.features.accept,
        other_names=tuple(examples.dropped),
    )
    artifact = _store(night, report)
    for accepted in report.accepted:
        night.say(f"accepted: {accepted.finding} (because: {accepted.reason})")
    for warning in report.warnings:
        log.warning("%s: %s", night.run.model, warning)
        night.say(f"warning: {warning}")
    if report.problems:
        found = "; ".join(str(problem) for problem in report.problems)
        raise DataError(f"{found}; {remedy(report.problems, table=table)}")
    night.say(
        f"{report.features} features of {report.rows:,} rows looked at, "
        f"{len(report.warnings)} warnings"
    )
    log.info("%s: leakage stored at %s", night.run.model, night.artifacts.uri(artifact))
    return LeakageRef(
        artifact=artifact,
        rows=report.rows,
        features=report.features,
        warnings=tuple(str(warning) for warning in report.warnings),
        accepted={", ".join(a.finding.columns): a.reason for a in report.accepted},
    )


def _rows(
    night: Night, frame: pd.DataFrame, live: pd.DataFrame | None, *, kept: tuple[str, ...]
) -> LabelledRows:
    spec = night.spec
    timed = spec.time is not None
    key = spec.data.tables[spec.data.examples_table].key
    return LabelledRows(
        features=feature_columns(frame, kept),
        label=frame[LABEL].to_numpy(),
        holdout=_newest(night, frame),
        task=spec.task,
        blocks=frame[BLOCK].to_numpy() if timed else None,
        times=_seconds(frame["prediction_time"]) if timed else None,
        keys=frame[list(key)],
        live=feature_columns(live, kept) if live is not None else None,
    )


def _newest(night: Night, frame: pd.DataFrame) -> np.ndarray:
    """Say which rows are looked at as fresh ones: those held out, or, of a refit, the newest."""
    holdout = (frame[PART] == "holdout").to_numpy()
    if holdout.any():
        return holdout
    days = sorted(frame[BLOCK].unique())[-night.spec.split.holdout_days :]
    return frame[BLOCK].isin(days).to_numpy()


def _unfilled(night: Night, frame: pd.DataFrame, *, features: set[str]) -> list[Unfilled]:
    """Return the features that are columns of the examples table and filled in too late."""
    spec = night.spec
    name = spec.data.examples_table
    table = spec.data.tables[name]
    suspects = [column for column in table.filled_in if column in features]
    if not suspects or spec.time is None:
        return []
    view = feature_view(spec, night.lake, as_of=night.run.as_of)
    late = view.filled_in_too_late(name, frame, lead=spec.time.lead)
    return [
        Unfilled(name, column, table.filled_in[column], late_rows=late[column], rows=len(frame))
        for column in suspects
        if late[column]
    ]


def _store(night: Night, report: LeakageReport) -> ArtifactRef:
    document = {
        "model": night.run.model,
        "as_of": night.run.as_of.isoformat(),
        **report.document(),
    }
    text = json.dumps(document, indent=2, default=str).encode()
    return night.artifacts.write(f"{night.run.run_key}/{FILE}", text)


def _seconds(times: pd.Series) -> np.ndarray:
    return np.asarray((times - pd.Timestamp(0, tz="UTC")).dt.total_seconds(), dtype=np.float64)
