"""From an entity, such as a customer, to the versions that have learnt from its rows."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
import pandas as pd

from lamplighter.data.examples import known_examples
from lamplighter.data.splits import nothing_held_out, split_examples
from lamplighter.errors import ArtifactError, DataError, UsageError
from lamplighter.ledger.records import Version
from lamplighter.spec import ModelSpec
from lamplighter.steps.examples_frame import PART
from lamplighter.steps.night import Stores
from lamplighter.steps.proof.example_digests import split_digest
from lamplighter.steps.proof.record import PROOF, candidate_of

Way = Literal["stored examples", "built again from the lake", "unknown"]


@dataclass(frozen=True)
class Learner:
    """What a version did with an entity's rows.

    Attributes
    ----------
    learnt : bool or None
        Whether it was fitted on any of them, or goes on from a version that was; None: unknown.
    training, holdout : int
        How many of them it was fitted on, and judged by.
    way : str
        How this was found out.
    sure : bool
        Whether the rows are known to be those of then: by the file's digest, or by the split's.
    why : str
        What makes it unknown, or through which version it has learnt.
    """

    version: str
    as_of: str
    learnt: bool | None
    training: int
    holdout: int
    way: Way
    sure: bool
    champion: bool = False
    why: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return asdict(self)


def learners(
    stores: Stores,
    model: str,
    entity: str,
    *,
    say: Callable[[str], None] = lambda sentence: None,
) -> list[Learner]:
    """Say of every registered version whether it has learnt from an entity, the oldest first.

    A version's rows are read from its stored examples. Where these were purged, the as-of rule
    and the split give the same rows again, and the recorded digest of the split proves it.

    Parameters
    ----------
    entity : str
        The key of an example, as predictions have it, or ``column=value`` for any column of the
        examples table.

    Raises
    ------
    UsageError
        If the examples table has no such column, or the key has several.
    """
    champion = stores.ledger.champion(model)
    found: list[Learner] = []
    for version in stores.ledger.versions(model):
        say(f"version {version.version}")
        learner = _learner(stores, version, entity)
        now = champion is not None and champion.version == version.version
        found.append(_through(replace(learner, champion=now), version, stores, found))
    return found


def _learner(stores: Stores, version: Version, entity: str) -> Learner:
    unknown = Learner(version.version, version.as_of.isoformat(), None, 0, 0, "unknown", False)
    if "adopted_digest" in version.details:
        return replace(unknown, why="it was adopted, so it was trained elsewhere")
    candidate = candidate_of(stores, version)
    run = stores.ledger.run_with_key(version.run_key)
    if candidate is None or run is None:
        return replace(unknown, why="the ledger does not hold the night that trained it")
    spec = ModelSpec.model_validate(stores.ledger.spec(run.spec_digest))
    wanted = _wanted(stores, spec, entity)
    try:
        frame = stores.artifacts.read_frame(candidate.examples, columns=[*wanted.columns, PART])
        return _counted(unknown, frame, wanted, "stored examples", sure=True)
    except ArtifactError:
        pass
    try:
        examples = known_examples(
            spec, stores.lake, as_of=run.as_of, knowledge_time=run.knowledge_time
        )
        split = (
            split_examples(spec, examples, as_of=run.as_of, knowledge_time=run.knowledge_time)
            if candidate.refit_of is None
            else nothing_held_out(spec, examples, as_of=run.as_of)
        )
    except DataError as error:
        return replace(unknown, why=f"its examples were deleted, and {error}")
    used = split.training | split.holdout
    part = np.where(split.training, "training", "holdout")[used]
    keys = list(spec.data.tables[spec.data.examples_table].key)
    frame = examples.loc[used, keys].assign(**{PART: part}).reset_index(drop=True)
    recorded = version.details.get(PROOF, {}).get("split_digest")
    sure = recorded is not None and split_digest(frame) == recorded
    counted = _counted(unknown, frame, wanted, "built again from the lake", sure=sure)
    if recorded is None or sure:
        return counted
    return replace(counted, why="the lake's rows are not those of then: the split is another")


def _counted(
    unknown: Learner, frame: pd.DataFrame, wanted: _Wanted, way: Way, *, sure: bool
) -> Learner:
    parts = frame[PART][wanted.among(frame)].value_counts()
    training, holdout = int(parts.get("training", 0)), int(parts.get("holdout", 0))
    return replace(
        unknown, learnt=training > 0, training=training, holdout=holdout, way=way, sure=sure
    )


def _through(learner: Learner, version: Version, stores: Stores, before: list[Learner]) -> Learner:
    """Let a version that another one went into know what that one has learnt.

    Of a continued one these are the members; of a refit, how they are weighed and calibrated.
    """
    candidate = candidate_of(stores, version)
    if candidate is None or learner.learnt:
        return learner
    for parent in before:
        if parent.version == candidate.continued:
            how = "goes on from"
        elif parent.version == candidate.refit_of:
            how = "is a refit of"
        else:
            continue
        if parent.learnt is not False:
            said = "has learnt from it" if parent.learnt else "may have learnt from it"
            why = f"it {how} version {parent.version}, which {said}"
            return replace(learner, learnt=parent.learnt, why=why)
    return learner


@dataclass(frozen=True)
class _Wanted:
    """The examples of an entity, by the columns of their key."""

    columns: tuple[str, ...]
    keys: pd.DataFrame

    def among(self, frame: pd.DataFrame) -> np.ndarray:
        """Say of each row whether it is one of these."""
        names = pd.MultiIndex.from_frame(frame[list(self.columns)].astype(str))
        known = pd.MultiIndex.from_frame(self.keys.astype(str))
        return np.asarray(names.isin(known))


def _wanted(stores: Stores, spec: ModelSpec, entity: str) -> _Wanted:
    name = spec.data.examples_table
    table = spec.data.tables[name]
    said = _parsed(entity, table.key)
    columns = stores.lake.columns(spec.model, name) or {}
    missing = [column for column in said if column not in columns]
    if missing:
        raise UsageError(
            f"{name} of {spec.model} has no column {missing[0]!r}; it has {', '.join(columns)}"
        )
    until = stores.lake.ingested_until(spec.model, name)
    if until is None:
        return _Wanted(table.key, pd.DataFrame(columns=list(table.key)))
    rows = stores.lake.history(spec.model, name, table, known_by=until)
    mine = np.ones(len(rows), dtype=bool)
    for column, value in said.items():
        mine &= _equal(rows[column], value)
    return _Wanted(table.key, rows.loc[mine, list(table.key)].drop_duplicates())


def _parsed(entity: str, key: tuple[str, ...]) -> Mapping[str, str]:
    column, equals, value = entity.partition("=")
    if equals:
        return {column.strip(): value.strip()}
    if len(key) == 1:
        return {key[0]: entity}
    try:
        values = json.loads(entity)
    except ValueError:
        values = None
    if not isinstance(values, list) or len(values) != len(key):
        raise UsageError(
            f"got {entity!r}, expected COLUMN=VALUE, or a value for each of {', '.join(key)} as "
            "predictions have them, such as " + json.dumps([f"a {name}" for name in key])
        )
    return {name: str(value) for name, value in zip(key, values, strict=True)}


def _equal(column: pd.Series, value: str) -> np.ndarray:
    as_text = (column.astype(str) == value).to_numpy(dtype=bool)
    if not pd.api.types.is_numeric_dtype(column.dtype):
        return as_text
    number = pd.to_numeric(value, errors="coerce")
    return as_text | (column == number).fillna(False).to_numpy(dtype=bool)
