"""Rows, and entities, that are both trained on and held out: the hold-out then flatters."""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lamplighter.quality.leakage.findings import Finding
from lamplighter.quality.leakage.rows import Bools, Floats, Ints, LabelledRows

MIN_SHARE = 0.01
"""Share of held-out rows that must have a twin in training."""

MIN_ROWS = 10
ALIKE = 0.9
"""Share of twins with the same label, among those that have not the most frequent one."""

BEYOND_CHANCE = 10.0
"""How many times more twins than independent columns would give by chance."""

ENTITY_ROWS = (2.0, 50.0)
"""Rows per entity, on average: fewer have no other row, more are a category."""

MIN_ENTITIES = 100
SURE = 4.0
"""Standard errors by which labels within an entity must agree more than labels at large."""


def repeated_rows(rows: LabelledRows) -> list[Finding]:
    """Find held-out rows that equal a training row in all features and in the label.

    A few columns of few values coincide by chance; that share is estimated as if columns were
    independent, and must be exceeded tenfold. And what comes again, such as the flight of every
    morning, has a label of its own each time: where the label is not the most frequent one, it must
    be that of the twin as well, nearly always.
    """
    row = np.zeros(len(rows), dtype=np.uint64)
    for column in rows.columns.values():
        hashed = pd.util.hash_array(column.codes)
        row = row * np.uint64(1_000_003) + hashed
    twin = np.isin(row[rows.holdout], row[~rows.holdout])
    held_out, found = len(twin), int(np.count_nonzero(twin))
    expected = _by_chance(rows)
    if found < max(MIN_ROWS, MIN_SHARE * held_out, BEYOND_CHANCE * expected * held_out):
        return []
    if _same_label(rows, row) < ALIKE:
        return []
    return [
        Finding(
            kind="rows in both parts",
            columns=(),
            severity="warning",
            found=f"are in both parts: {found:,} of {held_out:,} held-out rows "
            f"({found / held_out:.1%}) equal a training row in all {len(rows.columns)} features",
            expected=f"by chance {expected:.1%} would; look for rows that the source gives twice",
            rows=found,
        )
    ]


def repeated_entities(rows: LabelledRows) -> list[Finding]:
    """Find columns that name an entity whose rows are in both parts, and whose labels agree.

    Only without time: in time order, meeting a customer again is what a model is for. Looked at
    are the columns of a key of several, and features with few rows per value.
    """
    if rows.times is not None or len(rows) < MIN_ENTITIES:
        return []
    found = []
    for name, codes in _entities(rows):
        shared = np.isin(codes, codes[~rows.holdout]) & rows.holdout & (codes >= 0)
        meeting = int(np.count_nonzero(shared))
        share = meeting / max(1, int(np.count_nonzero(rows.holdout)))
        if share < MIN_SHARE or meeting < MIN_ROWS:
            continue
        surplus = _agreement(rows, codes, shared)
        if surplus < SURE:
            continue
        found.append(
            Finding(
                kind="entities in both parts",
                columns=(name,),
                severity="warning",
                found=f"names entities that are in training and hold-out: {meeting:,} "
                f"held-out rows ({share:.1%}), whose labels agree with those of the same {name} in "
                f"training, by {surplus:.0f} standard errors more than by chance",
                expected="an entity lies on one side; make it the key, or one row per entity",
                rows=meeting,
            )
        )
    return found


def _same_label(rows: LabelledRows, row: NDArray[np.uint64]) -> float:
    """Return how often a held-out row has the label of its newest twin in training."""
    label = rows.numbers if rows.task == "regression" else rows.class_codes
    training = pd.Series(label[~rows.holdout], index=row[~rows.holdout])
    newest = training[~training.index.duplicated(keep="last")]
    twins = newest.reindex(row[rows.holdout]).to_numpy(dtype=np.float64)
    own = label[rows.holdout]
    values, counts = np.unique(label, return_counts=True)
    counted = ~np.isnan(twins) & (own != values[counts.argmax()])
    return float(np.mean(own[counted] == twins[counted])) if counted.any() else 0.0


def _by_chance(rows: LabelledRows) -> float:
    """Return the share of rows that would have a twin in training if columns were independent."""
    log_collision = 0.0
    for column in rows.columns.values():
        shares = np.bincount(column.codes + 1) / len(rows)
        log_collision += float(np.log(np.sum(shares**2)))
    partners = int((~rows.holdout).sum())
    return float(-np.expm1(partners * np.log1p(-min(np.exp(log_collision), 1 - 1e-12))))


def _entities(rows: LabelledRows) -> Iterator[tuple[str, Ints]]:
    if rows.keys.shape[1] > 1:
        for name in rows.keys.columns:
            codes = np.asarray(pd.factorize(rows.keys[name])[0], dtype=np.int64)
            if _names_entities(codes):
                yield str(name), codes
    for name, column in rows.columns.items():
        if (column.numbers is None or column.whole) and _names_entities(column.codes):
            yield name, column.codes


def _names_entities(codes: Ints) -> bool:
    known = int((codes >= 0).sum())
    entities = int(codes.max(initial=-1)) + 1
    return entities >= MIN_ENTITIES and ENTITY_ROWS[0] <= known / entities <= ENTITY_ROWS[1]


def _agreement(rows: LabelledRows, codes: Ints, shared: Bools) -> float:
    """Return by how many standard errors labels agree with the entity's mean in training."""
    training = ~rows.holdout & (codes >= 0)
    counts = np.bincount(codes[training], minlength=int(codes.max()) + 1)
    strongest = 0.0
    for target in _targets(rows):
        centred = target - target[~rows.holdout].mean()
        sums = np.bincount(codes[training], centred[training], len(counts))
        mine = centred[shared]
        theirs = sums[codes[shared]] / counts[codes[shared]]
        products = mine * theirs
        # Rows of one entity are not independent: their sums are what varies.
        per_entity = np.bincount(codes[shared], products)
        spread = sqrt(float(np.sum(per_entity**2)))
        if spread > 0:
            strongest = max(strongest, float(products.sum()) / spread)
    return strongest


def _targets(rows: LabelledRows) -> Iterator[Floats]:
    if rows.task == "regression":
        yield rows.numbers
        return
    for number in range(min(len(rows.classes), 20)):
        yield (rows.class_codes == number).astype(np.float64)
