"""The ledger's tables. Rows are added and never changed; the migrations set the triggers.

The names begin with `ledger_`, so that the ledger may share a database with MLflow or others.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

from lamplighter.ledger.column_types import Instant, PlainJson

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


def _row_number() -> Column[int]:
    # SQLite counts upwards for ever only in a column of exactly the type INTEGER.
    return Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True)


def _text(name: str, **options: Any) -> Column[str]:
    return Column(name, Text, nullable=False, **options)


def _instant(name: str) -> Column[Any]:
    return Column(name, Instant, nullable=False)


def _json(name: str) -> Column[Any]:
    return Column(name, PlainJson, nullable=False)


specs = Table(
    "ledger_specs",
    metadata,
    Column("digest", Text, primary_key=True),
    _text("model"),
    _json("document"),
    _instant("recorded_at"),
)

runs = Table(
    "ledger_runs",
    metadata,
    _row_number(),
    _text("run_id", unique=True),
    _text("run_key"),
    _text("model"),
    Column("spec_digest", Text, ForeignKey(specs.c.digest), nullable=False),
    _text("timeline"),
    _instant("as_of"),
    Column("dry_run", Boolean, nullable=False),
    _json("run"),
    _instant("recorded_at"),
    Index(None, "model", "id"),
    Index(None, "run_key"),
    sqlite_autoincrement=True,
)

searches = Table(
    "ledger_searches",
    metadata,
    Column("key", Text, primary_key=True),
    _text("model"),
    _text("timeline"),
    _instant("as_of"),
    _json("settings"),
    _instant("recorded_at"),
)

claims = Table(
    "ledger_claims",
    metadata,
    Column("search_key", Text, ForeignKey(searches.c.key), primary_key=True),
    Column("index", Integer, primary_key=True, autoincrement=False),
    Column("worker", Integer, nullable=False),
    _instant("recorded_at"),
)

trials = Table(
    "ledger_trials",
    metadata,
    Column("search_key", Text, primary_key=True),
    Column("index", Integer, primary_key=True, autoincrement=False),
    Column("worker", Integer, nullable=False),
    _text("algorithm"),
    _json("params"),
    Column("loss", Float),
    Column("seconds", Float, nullable=False),
    _text("status"),
    _text("error"),
    _instant("recorded_at"),
    # Added later, so at the end, and empty in trials of before.
    Column("folds", PlainJson, nullable=True),
    Column("fidelity", Float, nullable=True),
    ForeignKeyConstraint(["search_key", "index"], [claims.c.search_key, claims.c.index]),
)

reclaims = Table(
    "ledger_reclaims",
    metadata,
    Column("search_key", Text, primary_key=True),
    Column("index", Integer, primary_key=True, autoincrement=False),
    Column("turn", Integer, primary_key=True, autoincrement=False),
    Column("worker", Integer, nullable=False),
    _instant("recorded_at"),
    ForeignKeyConstraint(["search_key", "index"], [claims.c.search_key, claims.c.index]),
)

search_results = Table(
    "ledger_search_results",
    metadata,
    Column("search_key", Text, ForeignKey(searches.c.key), primary_key=True),
    _json("result"),
    _instant("recorded_at"),
)

decisions = Table(
    "ledger_decisions",
    metadata,
    _row_number(),
    _text("key", unique=True),
    _text("run_key"),
    _text("model"),
    _text("timeline"),
    _text("kind"),
    _text("verdict"),
    _text("reason"),
    _json("evidence"),
    _instant("as_of"),
    Column("champion_version", Text),
    Column("candidate_version", Text),
    _text("actor"),
    _text("actor_kind"),
    _instant("recorded_at"),
    Index(None, "model", "id"),
    Index(None, "run_key"),
    sqlite_autoincrement=True,
)

version_intents = Table(
    "ledger_version_intents",
    metadata,
    Column("key", Text, primary_key=True),
    _text("model"),
    _text("run_key"),
    _text("timeline"),
    _instant("as_of"),
    _json("artifact"),
    _json("details"),
    _instant("recorded_at"),
)

versions = Table(
    "ledger_versions",
    metadata,
    Column("key", Text, ForeignKey(version_intents.c.key), primary_key=True),
    _text("model"),
    _text("version"),
    _text("mlflow_run_id"),
    _instant("recorded_at"),
    UniqueConstraint("model", "version"),
)

releases = Table(
    "ledger_releases",
    metadata,
    _row_number(),
    _text("key", unique=True),
    _text("model"),
    _text("timeline"),
    # The release before this one on its timeline, 0 for the first. That it is unique is the
    # compare-and-swap: two releases that follow the same one cannot both be stored.
    Column("predecessor", BigInteger, nullable=False),
    _text("kind"),
    _text("version"),
    _json("artifact"),
    _instant("as_of"),
    _instant("valid_from"),
    _text("actor"),
    _text("actor_kind"),
    _text("reason"),
    Column("decision_key", Text, ForeignKey(decisions.c.key)),
    _instant("recorded_at"),
    UniqueConstraint("model", "timeline", "predecessor"),
    CheckConstraint("predecessor >= 0", name="predecessor"),
    CheckConstraint("timeline = 'live' OR timeline LIKE 'simulated:%'", name="timeline"),
    Index(None, "model", "timeline", "valid_from"),
    sqlite_autoincrement=True,
)

freezes = Table(
    "ledger_freezes",
    metadata,
    _row_number(),
    _text("key", unique=True),
    _text("model"),  # `*` stands for all models
    _text("kind"),
    _text("reason"),
    _text("actor"),
    _text("actor_kind"),
    _instant("recorded_at"),
    CheckConstraint("kind IN ('freeze', 'unfreeze')", name="kind"),
    Index(None, "model", "id"),
    sqlite_autoincrement=True,
)

notices = Table(
    "ledger_notices",
    metadata,
    _row_number(),
    _text("key", unique=True),
    _text("model"),
    _text("event"),
    _text("level"),
    _text("message"),
    _text("via"),
    _instant("recorded_at"),
    Index(None, "model", "id"),
    sqlite_autoincrement=True,
)

challenges = Table(
    "ledger_challenges",
    metadata,
    _row_number(),
    _text("key", unique=True),
    _text("model"),
    _text("timeline"),
    _text("act"),
    _text("version"),
    _instant("as_of"),
    _text("reason"),
    _json("details"),
    _text("actor"),
    _text("actor_kind"),
    _instant("recorded_at"),
    CheckConstraint("act IN ('enter', 'leave')", name="act"),
    Index(None, "model", "timeline", "id"),
    sqlite_autoincrement=True,
)

evaluations = Table(
    "ledger_evaluations",
    metadata,
    _row_number(),
    _text("key", unique=True),
    _text("model"),
    _text("version"),
    _text("chosen_by"),  # `champion` of each moment, `current`, or `version:N`
    _instant("interval_start"),
    _instant("interval_end"),
    _instant("knowledge_time"),
    Column("hindsight", Boolean, nullable=False),  # features too as known at knowledge_time
    Column("rows", Integer, nullable=False),
    Column("labelled_rows", Integer, nullable=False),
    _json("metrics"),
    _json("slices"),
    _json("details"),
    _instant("recorded_at"),
    Index(None, "model", "interval_start"),
    sqlite_autoincrement=True,
)

defects = Table(
    "ledger_defects",
    metadata,
    _row_number(),
    _text("key", unique=True),
    _text("defect"),  # what its finding and its mending have in common
    _text("model"),
    _text("version"),
    _text("act"),
    _text("description"),
    _text("actor"),
    _text("actor_kind"),
    _instant("recorded_at"),
    CheckConstraint("act IN ('found', 'mended')", name="act"),
    Index(None, "model", "version"),
    sqlite_autoincrement=True,
)

incidents = Table(
    "ledger_incidents",
    metadata,
    _row_number(),
    _text("key", unique=True),
    _text("incident"),  # what its opening and its closing have in common
    _text("model"),
    _text("act"),
    _text("kind"),
    _text("message"),
    _json("details"),
    _text("actor"),
    _text("actor_kind"),
    _instant("recorded_at"),
    CheckConstraint("act IN ('open', 'close')", name="act"),
    Index(None, "model", "id"),
    sqlite_autoincrement=True,
)

approvals = Table(
    "ledger_approvals",
    metadata,
    _row_number(),
    _text("key", unique=True),
    _text("model"),
    _text("timeline"),
    _text("version"),
    Column("decision_key", Text, ForeignKey(decisions.c.key), nullable=False),
    _text("answer"),
    _text("reason"),
    _instant("as_of"),
    _instant("asked_at"),
    _instant("answered_at"),
    _text("actor"),
    _text("actor_kind"),
    _instant("recorded_at"),
    CheckConstraint("answer IN ('approve', 'reject', 'expired')", name="answer"),
    Index(None, "model", "id"),
    sqlite_autoincrement=True,
)

KEPT_FOR_EVER = (
    specs,
    runs,
    decisions,
    version_intents,
    versions,
    releases,
    freezes,
    challenges,
    evaluations,
    defects,
    incidents,
    approvals,
)
"""Tables whose rows are never deleted. Those of a search and of notices may be, in time."""
