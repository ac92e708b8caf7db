"""Step collect_evidence: what champion and challenger say of days that neither has seen."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from lamplighter.contracts import (
    ArtifactRef,
    ChallengeRef,
    Evidence,
    Guard,
    SnapshotRef,
)
from lamplighter.data.asof import AsOfView
from lamplighter.data.examples import labelled_examples
from lamplighter.data.predictions import example_names, prediction_ids
from lamplighter.data.splits import matured_blocks
from lamplighter.errors import RETRYABLE, DataError, LamplighterError
from lamplighter.evaluation.gate import GateRule
from lamplighter.evaluation.holdout import Day, Holdout
from lamplighter.ledger import Release, Version
from lamplighter.steps.challenger_place import leave_place
from lamplighter.steps.label_codes import label_codes, of_known_class
from lamplighter.steps.load_version import load_version, what_else_it_predicts
from lamplighter.steps.night import Night
from lamplighter.training.scorer import Scorer

log = logging.getLogger(__name__)

_BATCH_ROWS = 50_000


def collect_evidence(night: Night, snapshot: SnapshotRef) -> ChallengeRef | None:
    """Score new days with champion and challenger, and compare them on all days that matured.

    Both score each example on what was known at its prediction time; what they said is kept, so
    that each night scores only what is new. Days count from the later of the two training
    cut-offs on, once their labels are certainly known. Returns None where nobody is compared:
    without a challenger, without a champion, and without time. A challenger that became champion
    by a person leaves its place, so that this night may train.

    Raises
    ------
    LamplighterError
        If a store does not answer, or the labels are none of the task: neither says anything about
        the challenger, which keeps its place.
    """
    challenge, champion = night.challenger(), night.champion()
    if challenge is None or champion is None or night.spec.time is None:
        night.say("nobody collects evidence: there is no challenger")
        return None
    if night.run.gate_mode == "off":
        night.say("nobody collects evidence: gate.mode is off, so tonight's model is released")
        return None
    if challenge.version == champion.version:
        _has_won(night, champion)
        return None
    version = night.ledger.version(night.run.model, challenge.version)
    if version is None:
        raise DataError(f"the challenger, version {challenge.version}, is not in the ledger")
    ref = ChallengeRef(
        challenger_version=version.version,
        artifact=version.artifact,
        entered_at=challenge.as_of,
        champion_version=champion.version,
        champion_release=champion.id,
        evidence=None,
    )
    try:
        rivals = _rivals(night, champion, version)
        begin = _begin(rivals)
    except LamplighterError as error:
        return _with_problem(night, ref, error)
    examples = labelled_examples(
        night.spec,
        night.lake,
        start=begin,
        end=night.run.as_of,
        knowledge_time=night.run.knowledge_time,
    )
    try:
        found = _compare(night, rivals, examples, begin=begin)
    except LamplighterError as error:
        return _with_problem(night, ref, error)
    if found is None:
        night.say("no evidence yet: no day has matured that neither model saw")
        return ref
    evidence = found.evidence
    night.say(
        f"version {version.version} against champion version {champion.version}: "
        f"{evidence.blocks} days, {evidence.rows:,} rows, gain {evidence.gain}"
    )
    log.info("%s: evidence on %d rows", night.run.model, evidence.rows)
    return ref.model_copy(
        update={
            "evidence": evidence,
            "guards": found.guards,
            "document": _stored(night, ref, snapshot, found),
        }
    )


def _has_won(night: Night, champion: Release) -> None:
    why = f"version {champion.version} became champion by {champion.actor}: {champion.reason}"
    if night.run.dry_run:
        night.say(f"nobody collects evidence: {why}")
    else:
        leave_place(night, champion.version, why)


@dataclass(frozen=True)
class _Comparison:
    evidence: Evidence
    guards: tuple[Guard, ...]
    days: tuple[Day, ...]


def _with_problem(night: Night, ref: ChallengeRef, error: LamplighterError) -> ChallengeRef:
    """Say what keeps the two from being compared; what a store does not answer is raised."""
    if isinstance(error, RETRYABLE):
        raise error
    night.say(f"no evidence: {error}")
    return ref.model_copy(update={"problem": str(error)})


def _rivals(night: Night, champion: Release, challenger: Version) -> list[_Rival]:
    rivals = [
        _Rival.open(night, name, version)
        for name, version in (("champion", champion.version), ("challenger", challenger.version))
    ]
    if rivals[0].scorer.classes != rivals[1].scorer.classes:
        raise DataError(
            f"the champion knows the classes {list(rivals[0].scorer.classes)}, the challenger "
            f"{list(rivals[1].scorer.classes)}"
        )
    return rivals


def _begin(rivals: list[_Rival]) -> datetime:
    """Return the training cut-off from which on no row was seen by either."""
    cutoffs = [rival.cutoff for rival in rivals if rival.cutoff is not None]
    if not cutoffs:
        raise DataError("neither model says until when it was trained, so no day is known as new")
    return max(cutoffs)


def _compare(
    night: Night, rivals: list[_Rival], examples: pd.DataFrame, *, begin: datetime
) -> _Comparison | None:
    spec, end = night.spec, night.run.as_of
    said = _predictions(night, rivals, examples, start=begin, end=end)
    matured = matured_blocks(spec, examples, as_of=end, knowledge_time=night.run.knowledge_time)
    judged = (examples["block"].isin(matured) & examples["label"].notna()).to_numpy()
    labelled = examples["label"].to_numpy()[judged]
    comparable, unseen = of_known_class(labelled, rivals[1].scorer, where="the evidence")
    if unseen:
        night.say(unseen)
        judged = judged.copy()
        judged[judged] = comparable
    if not judged.any():
        return None
    labels = label_codes(labelled[comparable], rivals[1].scorer, where="the evidence")
    rule = GateRule.of(spec.gate, spec.task, spec.evidence)
    holdout = Holdout.of(spec.task, labels, examples["block"].to_numpy()[judged], rule=rule)
    before, after = (holdout.checked(one[judged], name="prediction") for one in said)
    rows = np.isfinite(np.column_stack([before, after])).all(axis=1)
    if not rows.any():
        raise DataError("champion and challenger give no finite prediction for the same rows")
    return _Comparison(
        evidence=holdout.compare(before, after, rows),
        guards=tuple(Guard(**asdict(g)) for g in holdout.guards(before, after, rows)),
        days=holdout.days(after, np.zeros_like(after), before, rows),
    )


@dataclass(frozen=True)
class _Rival:
    """One of the two, with the file that scores for it and its training cut-off."""

    name: str
    digest: str
    scorer: Scorer
    cutoff: datetime | None

    @classmethod
    def open(cls, night: Night, name: str, number: str) -> _Rival:
        other = what_else_it_predicts(night, number)
        if other:
            raise DataError(
                f"the {name}, version {number}, predicts {other}: the two cannot be compared"
            )
        scorer = load_version(night.stores, night.run.model, number, threads=night.threads)
        version = night.ledger.version(night.run.model, number)
        assert version is not None  # it was loaded
        cutoff = version.details.get("cutoff")
        return cls(
            name,
            version.artifact.digest,
            scorer,
            datetime.fromisoformat(cutoff) if cutoff else None,
        )

    def score(self, night: Night, features: pd.DataFrame) -> np.ndarray:
        """Return its predictions of some rows; none of none."""
        if not len(features):
            return np.empty((0, max(len(self.scorer.classes), 1)))
        return self.scorer.predict(features, threads=night.threads)

    def in_order(self, said: pd.Series, ids: list[str]) -> np.ndarray:
        """Return what it said, in the order of the examples."""
        found: np.ndarray = np.array(said.reindex(ids).tolist(), dtype=float)
        return found[:, 0] if self.scorer.task != "multiclass" else found


def _predictions(
    night: Night, rivals: list[_Rival], examples: pd.DataFrame, *, start: datetime, end: datetime
) -> list[np.ndarray]:
    """Return what each says of the examples; what it did not say before is scored and kept."""
    model = night.run.model
    ids = _ids(night, examples)
    known = [night.shadow.read(model, one.digest, start=start, end=end) for one in rivals]
    missing = [said.index.get_indexer(pd.Index(ids)) < 0 for said in known]
    new = np.flatnonzero(np.any(missing, axis=0))
    for first in range(0, len(new), _BATCH_ROWS):
        rows = new[first : first + _BATCH_ROWS]
        batch = examples.take(rows).reset_index(drop=True)
        features = night.features(batch, partial(_view, night, batch))
        for place, rival in enumerate(rivals):
            mine = missing[place][rows]
            if not mine.any():
                continue
            said = rival.score(night, features[mine].reset_index(drop=True))
            named = [ids[i] for i in rows[mine]]
            if not night.run.dry_run:
                times = examples["prediction_time"].iloc[rows[mine]]
                night.shadow.add(model, rival.digest, named, times, said)
            fresh = pd.Series(
                list(said.reshape(len(named), -1)), index=pd.Index(named, dtype="str")
            )
            known[place] = pd.concat([known[place], fresh]) if len(known[place]) else fresh
    if len(new):
        night.say(f"champion and challenger scored {len(new):,} new examples")
    return [rival.in_order(said, ids) for rival, said in zip(rivals, known, strict=True)]


def _view(night: Night, examples: pd.DataFrame) -> AsOfView:
    return night.view().bounded_by(examples)


def _ids(night: Night, examples: pd.DataFrame) -> list[str]:
    data = night.spec.data
    keys = example_names(examples[list(data.tables[data.examples_table].key)])
    return prediction_ids(night.run.model, keys, examples["prediction_time"])


def _stored(
    night: Night, ref: ChallengeRef, snapshot: SnapshotRef, found: _Comparison
) -> ArtifactRef:
    key = night.key("evidence", ref.artifact.digest, ref.champion_release, snapshot.digest)
    document: dict[str, Any] = {
        "challenger": ref.challenger_version,
        "champion": ref.champion_version,
        "as_of": night.run.as_of.isoformat(),
        "metric": found.evidence.metric,
        "days": [
            {
                "day": day.block,
                "rows": day.rows,
                "champion_loss": day.champion_loss,
                "challenger_loss": day.candidate_loss,
                "gain": day.gain,
            }
            for day in found.days
        ],
    }
    text = json.dumps(document, indent=2, sort_keys=True).encode()
    return night.artifacts.write(f"{key}.json", text)
