"""The spec: all that a model declares, as frozen values. Section by section, as in the file."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from lamplighter.spec.checks import misfit
from lamplighter.spec.data import Data
from lamplighter.spec.evidence import Evidence
from lamplighter.spec.explain import Card, Explain
from lamplighter.spec.features import Features
from lamplighter.spec.gate import Gate
from lamplighter.spec.operations import Owner, Schedule
from lamplighter.spec.retrain import REACTING, Retrain
from lamplighter.spec.search import Decision, Ensemble, Search
from lamplighter.spec.values import Day, Duration, Name, Section, Zone


class TimeRules(Section):
    """When things are known. Leave the section out for data without time."""

    start: Day = Field(description="First day of the data; an earlier as_of is refused.")
    timezone: Zone = Field(default="UTC", description="Zone whose calendar days are the blocks.")
    lead: Duration = Field(
        default=timedelta(0), description="prediction_time is event_time minus this."
    )
    label_delay: Duration = Field(
        default=timedelta(0),
        description="After an event, its label is certainly known within this time.",
    )


class Split(Section):
    """What is held out for judging, and how training folds are cut."""

    holdout_days: int = Field(default=14, ge=1, description="With time: matured days held out.")
    holdout_fraction: float = Field(
        default=0.25, gt=0, lt=1, description="Without time: share held out, by hash of the key."
    )
    folds: int = Field(default=3, ge=2, le=10, description="Training folds, in time order.")
    max_training_days: int | None = Field(
        default=None, ge=1, description="With time: only the newest days are trained on."
    )
    matured_only: bool = Field(
        default=False,
        description="With time: train only on examples as old as time.label_delay. For labels of "
        "which one kind comes sooner, such as chargebacks: among the younger ones it would be the "
        "only one.",
    )
    group_by: tuple[str, ...] = Field(
        default=(),
        description="Without time: columns of the examples table; rows that are equal in them are "
        "held out together, and validated together. The key unless said.",
    )


class Release(Section):
    """What happens when a version is released."""

    registered_name: str | None = Field(
        default=None, description="Name in MLflow; the model's own name unless said."
    )
    golden_rows: int = Field(
        default=50,
        ge=0,
        le=1000,
        description="Rows kept with each version, to see after an upgrade that it still scores "
        "the same.",
    )


class Drift(Section):
    """When a column counts as drifted: both sure and large enough to matter."""

    window_days: int = Field(
        default=7, ge=1, description="With time: newest whole days that are compared."
    )
    psi: float = Field(
        default=0.25, gt=0, description="Smallest population stability index that counts."
    )
    fdr: float = Field(
        default=0.05, gt=0, lt=1, description="False-discovery rate over the columns."
    )
    min_rows: int = Field(default=200, ge=20, description="Fewer rows are not judged.")
    ignore: tuple[str, ...] = Field(default=(), description="Columns that may drift.")


class Monitor(Section):
    """What is watched."""

    drift: Drift = Drift()


class Retire(Section):
    """Reserved for retirement; nothing can be set yet."""


class ModelSpec(Section):
    """Everything that one model declares."""

    version: Literal[1] = Field(default=1, description="Version of the spec's format.")
    model: Name = Field(description="Name of the model; also the prefix of its DAGs.")
    owner: Owner
    task: Literal["binary", "multiclass", "regression"]
    time: TimeRules | None = None
    data: Data
    features: Features = Features()
    split: Split = Split()
    search: Search = Search()
    ensemble: Ensemble = Ensemble()
    decision: Decision = Decision()
    gate: Gate = Gate()
    evidence: Evidence = Evidence()
    explain: Explain = Explain()
    card: Card = Card()
    release: Release = Release()
    monitor: Monitor = Monitor()
    retrain: Retrain = Retrain()
    retire: Retire = Retire()
    schedule: Schedule = Schedule()

    @model_validator(mode="after")
    def _time_fits_tables(self) -> Self:
        examples = self.data.tables[self.data.examples_table]
        if self.time is not None and examples.event_time is None:
            raise ValueError(
                f"time is set, so data.tables.{self.data.examples_table} needs an event_time"
            )
        if self.time is None and any(t.event_time for t in self.data.tables.values()):
            raise ValueError("a table has an event_time, so the section `time` is needed")
        if self.time is None and any(t.filled_in for t in self.data.tables.values()):
            raise ValueError(
                "a table has `filled_in`, so the section `time` is needed: without it there is no "
                "time of prediction to compare with"
            )
        return self

    @model_validator(mode="after")
    def _split_fits_time(self) -> Self:
        if self.time is None and self.split.matured_only:
            raise ValueError("split.matured_only is for data with time; leave it out")
        if self.time is not None and self.split.group_by:
            raise ValueError(
                "split.group_by is for data without time: with it, examples are divided by their "
                "days; leave it out"
            )
        return self

    @model_validator(mode="after")
    def _policy_fits_time(self) -> Self:
        if self.time is None and self.retrain.policy in REACTING:
            raise ValueError(
                f"retrain.policy is {self.retrain.policy}, which looks at days, and there is no "
                "section `time`; choose nightly, weekly or never"
            )
        return self

    @model_validator(mode="after")
    def _refits_can_be_judged(self) -> Self:
        if self.time is None and self.retrain.refit != "never":
            raise ValueError(
                f"retrain.refit is {self.retrain.refit}, and there is no section `time`: a refit "
                "holds nothing out, so that only days to come could judge it; leave it out"
            )
        return self

    @model_validator(mode="after")
    def _augmentation_fits_the_task(self) -> Self:
        method = self.features.augment.method
        if self.task == "regression" and method in ("class_weights", "oversample"):
            raise ValueError(
                f"features.augment.method {method} balances classes, and the task is regression; "
                "choose another one, or none"
            )
        return self

    @model_validator(mode="after")
    def _types_are_of_features(self) -> Self:
        if self.data.target in self.features.types:
            raise ValueError(
                f"features.types names {self.data.target}, which is data.target and no feature; "
                "leave it out"
            )
        return self

    @model_validator(mode="after")
    def _the_search_can_choose_the_features(self) -> Self:
        halving = self.search.method == "halving"
        method = self.search.halving.around if halving else self.search.method
        for key in ("select", "augment"):
            if method == "gp" and getattr(self.features, key).method == "auto":
                raise ValueError(
                    f"features.{key}.method is auto, and gp cannot search that: some of its "
                    f"parameters exist only beside others; name a method of features.{key}, or "
                    f"set search.{'halving.around' if halving else 'method'} to grid, random, tpe "
                    "or anneal"
                )
        return self

    @model_validator(mode="after")
    def _positive_is_for_two_classes(self) -> Self:
        if self.data.positive is not None and self.task != "binary":
            raise ValueError(
                f"data.positive is for the task binary, got the task {self.task}; leave it out"
            )
        return self

    @model_validator(mode="after")
    def _estimators_can_do_the_task(self) -> Self:
        for name in self.search.algorithms:
            own = self.search.estimators.get(name)
            if own is not None and self.task not in own.tasks:
                raise ValueError(
                    f"search.algorithms names {name}, which is for {', '.join(own.tasks)}, and the "
                    f"task is {self.task}; leave it out, or correct search.estimators.{name}.tasks"
                )
        return self

    @model_validator(mode="after")
    def _decisions_and_quantiles_fit_the_task(self) -> Self:
        if self.decision.costs and self.task == "regression":
            raise ValueError(
                "decision.costs is for classes, and the task is regression; leave it out"
            )
        if self.ensemble.quantiles and self.task != "regression":
            raise ValueError(
                f"ensemble.quantiles is for the task regression, got {self.task}; leave it out"
            )
        wrong = sorted(
            {*self.decision.costs, *(d for row in self.decision.costs.values() for d in row)}
            - {"0", "1"}
        )
        if self.task == "binary" and wrong:
            raise ValueError(
                f"decision.costs names the class {wrong[0]!r}; the classes of a binary target are "
                "0 and 1, the positive one"
            )
        return self

    @model_validator(mode="after")
    def _the_gate_checks_what_there_is(self) -> Self:
        gate = self.gate
        wrong = misfit(
            task=self.task,
            slices_metric=gate.slices.metric if gate.slices else None,
            fairness=gate.fairness,
            calibration=gate.calibration,
            cost=gate.cost,
            has_costs=bool(self.decision.costs),
            has_quantiles=bool(self.ensemble.quantiles),
            names_a_class=gate.behaviour is not None and gate.behaviour.names_a_class,
        )
        if wrong:
            raise ValueError(wrong)
        return self

    def document(self) -> dict[str, Any]:
        """Return the spec as plain JSON values, defaults included."""
        return self.model_dump(mode="json", by_alias=True)

    @property
    def digest(self) -> str:
        """Content digest of the resolved spec, 16 hex digits."""
        text = json.dumps(self.document(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def loss(self) -> str:
        """The loss that search, ensemble and gate minimise."""
        return "rmse" if self.task == "regression" else "log_loss"

    @property
    def zone(self) -> ZoneInfo:
        """Zone whose calendar days are the blocks."""
        return ZoneInfo(self.time.timezone if self.time else "UTC")
