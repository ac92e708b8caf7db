"""Whether the lake still gives what a version was trained on, and which rows differ."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from lamplighter.contracts import CandidateRef
from lamplighter.data.digests import frame_digest
from lamplighter.errors import ArtifactError
from lamplighter.steps.examples_frame import NightExamples
from lamplighter.steps.night import Night
from lamplighter.steps.proof.example_digests import (
    examples_digest,
    first_changed_rows,
    split_digest,
    whole,
)
from lamplighter.steps.proof.record import Proof
from lamplighter.steps.proof.verdict import Difference


def changed_tables(night: Night, proof: Proof) -> Iterator[Difference]:
    """Say which tables do not hold any more what they held.

    Columns that a table gained since are left out: of the rows of then they say nothing.
    """
    for name, then in proof.tables.items():
        table = night.spec.data.tables[name]
        known_by = night.run.as_of
        if name == night.spec.data.target_table:
            known_by = night.run.knowledge_time
        rows = night.lake.history(night.spec.model, name, table, known_by=known_by)
        columns = night.lake.columns(night.spec.model, name) or {}
        later = [c for c in columns if c not in proof.columns[name]]
        if frame_digest(rows.drop(columns=later)) != then.digest:
            counted = f"{then.rows:,} row versions then, {len(rows):,} now"
            yield Difference("data", f"table {name} is not what it was ({counted})")


def changed_examples(
    night: Night, proof: Proof | None, candidate: CandidateRef, rebuilt: NightExamples
) -> str:
    """Say in what the examples differ from those of then; empty where they do not."""
    rows = whole(rebuilt)
    if proof is not None:
        same = examples_digest(rows, rebuilt.kept) == proof.examples
        if same and rebuilt.kept == proof.features:
            return ""
        split = "" if split_digest(rows) == proof.split else "the split is another; "
        return split + _changed_rows(night, proof, rows)
    try:
        then = NightExamples.of(night.artifacts.read_frame(candidate.examples), kept=rebuilt.kept)
    except ArtifactError:
        return ""
    return first_changed_rows(whole(then), rows, rebuilt.kept)


def _changed_rows(night: Night, proof: Proof, rows: pd.DataFrame) -> str:
    counted = f"{proof.training_rows + proof.holdout_rows:,} examples then, {len(rows):,} now"
    try:
        then = night.artifacts.read_frame(proof.examples_file)
    except ArtifactError as error:
        return f"{counted}; which rows differ cannot be said ({error})"
    kept = proof.features
    gone = [name for name in kept if f"feature:{name}" not in rows]
    if gone:
        return f"the feature {gone[0]} is gone"
    return first_changed_rows(then, rows, kept) or f"the features kept are others ({counted})"
