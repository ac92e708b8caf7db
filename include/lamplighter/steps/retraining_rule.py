"""Whether a night trains: the spec's policy, and what damps it. A pure rule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import get_args
from zoneinfo import ZoneInfo

from lamplighter.contracts import DriftRef
from lamplighter.evaluation.ageing import Ageing, days_worth_waiting
from lamplighter.evaluation.loss_change import LossChange
from lamplighter.evaluation.wording import count, figure
from lamplighter.spec import ModelSpec
from lamplighter.spec.retrain import Weekday

_WEEK = timedelta(days=7)
_DAY = timedelta(days=1)
_WEEKDAYS = get_args(Weekday)

Asked = tuple[bool, str]
"""Whether something asks for a training, and the sentence that says why or why not."""


@dataclass(frozen=True, kw_only=True)
class Situation:
    """What a night knows when it decides whether to train.

    Parameters
    ----------
    champion, challenger : str or None
        Their versions.
    champion_problem : str
        Why the champion cannot score any more; empty if it can.
    forced_because : str or None
        The reason of a person who asks for training.
    frozen : str or None
        The freeze window of the spec that the night lies in.
    unchanged : str
        Without time: why the same data would be judged again; empty if they are new.
    loss : LossChange or None
        The champion's newest losses beside its usual ones, where that was asked for and known.
    trainings : tuple of datetime
        `as_of` of the trainings before this night, newest first.
    rows_per_day : float or None
        Predictions a day.
    refit_of : str or None
        The champion, where the spec asks for its refit and none was made yet.
    no_refit : str
        Why it cannot be fitted again, where the spec asks for that; empty if it can.
    """

    as_of: datetime
    champion: str | None
    challenger: str | None = None
    champion_problem: str = ""
    forced_because: str | None = None
    frozen: str | None = None
    unchanged: str = ""
    drift: DriftRef | None = None
    loss: LossChange | None = None
    trainings: tuple[datetime, ...] = ()
    ageing: Ageing | None = None
    rows_per_day: float | None = None
    refit_of: str | None = None
    no_refit: str = ""

    @property
    def days_since_training(self) -> float | None:
        """Days since the last training; None if there was none."""
        return (self.as_of - self.trainings[0]) / _DAY if self.trainings else None


def retraining_rule(spec: ModelSpec, situation: Situation) -> Asked:
    """Apply the spec's policy and what damps it. Returns the decision and its reason.

    A person, a missing champion and one that no longer loads are heard in any case. Otherwise the
    policy asks, and a freeze window, the challenger's place, the cool-down and the week's budget
    may say no.

    Examples
    --------
    >>> from datetime import UTC
    >>> tea = ModelSpec.model_validate({
    ...     "model": "tea", "owner": {"team": "kitchen"}, "task": "binary",
    ...     "data": {"tables": {"cups": {"source": {"csv": "c"}, "key": ["id"]}}, "target": "good"},
    ... })
    >>> retraining_rule(tea, Situation(as_of=datetime(2024, 5, 1, tzinfo=UTC), champion=None))
    (True, 'tea has no champion yet')
    """
    heard = _heard_in_any_case(spec, situation)
    if heard:
        return True, heard
    if spec.retrain.policy == "never":
        return False, "retrain.policy is never; only a person may ask for training"
    if situation.unchanged:
        return False, situation.unchanged
    asked, why = _POLICIES[spec.retrain.policy](spec, situation)
    if _place_is_taken(spec, situation):
        asked, why = _while_challenged(spec, situation, asked, why)
    if not asked:
        return False, why
    held_back = _damped(spec, situation)
    return (False, f"{why}; but {held_back}") if held_back else (True, why)


def refit_rule(spec: ModelSpec, situation: Situation) -> Asked:
    """Say whether tonight fits the champion again on all rows, instead of searching, and why.

    It does once for each version that became champion, when the challenger's place is free and
    nothing holds a training back; what is heard in any case is a search. The reason is empty where
    no refit is in question.

    Examples
    --------
    >>> from datetime import UTC
    >>> tea = ModelSpec.model_validate({
    ...     "model": "tea", "owner": {"team": "kitchen"}, "task": "binary",
    ...     "data": {"tables": {"cups": {"source": {"csv": "c"}, "key": ["id"]}}, "target": "good"},
    ... })
    >>> refit_rule(tea, Situation(as_of=datetime(2024, 5, 1, tzinfo=UTC), champion="3"))
    (False, '')
    """
    if _heard_in_any_case(spec, situation) or situation.challenger is not None:
        return False, ""
    if situation.refit_of is None:
        return False, situation.no_refit
    held_back = _damped(spec, situation)
    if held_back:
        return False, f"a refit of version {situation.refit_of} is due, but {held_back}"
    return True, (
        f"version {situation.refit_of} became champion and is fitted again as it was configured, "
        "on all rows whose labels are known by now (retrain.refit)"
    )


def _heard_in_any_case(spec: ModelSpec, situation: Situation) -> str:
    if situation.forced_because is not None:
        return f"retraining was asked for: {situation.forced_because}"
    if situation.champion is None:
        return f"{spec.model} has no champion yet"
    if situation.champion_problem:
        return f"the champion cannot be used any more: {situation.champion_problem}"
    return ""


def _nightly(spec: ModelSpec, situation: Situation) -> Asked:
    if spec.time is None:
        return True, "the data has changed since the champion was trained"
    return True, "retrain.policy is nightly"


def _weekly(spec: ModelSpec, situation: Situation) -> Asked:
    zone = ZoneInfo(spec.schedule.timezone)
    today = situation.as_of.astimezone(zone).date()
    weekday = spec.retrain.weekday
    due = today - timedelta(days=(today.weekday() - _WEEKDAYS.index(weekday)) % 7)
    since = [at for at in situation.trainings if at.astimezone(zone).date() >= due]
    said = f"retrain.policy is weekly, and since {weekday}, {due}, "
    return (False, f"{said}there was a training") if since else (True, f"{said}there was none")


def _on_loss(spec: ModelSpec, situation: Situation) -> Asked:
    found = situation.loss
    if found is None:
        return False, "there are too few matured days to say what loss of the champion is usual"
    said = f"{_rise(found)}, one-sided p = {found.p_value:.3g}"
    if _beyond_band(spec, situation):
        return True, f"the champion's loss is beyond its usual band: {said}"
    return False, f"the champion's loss is within its usual band: {said}"


def _on_drift(spec: ModelSpec, situation: Situation) -> Asked:
    rule, drift = spec.retrain.on_drift, situation.drift
    drifted = [
        column
        for column in (drift.drifted if drift else ())
        if not rule.columns or column in rule.columns
    ]
    if len(drifted) < rule.min_columns:
        asked_for = "" if rule.min_columns == 1 else f", {rule.min_columns} are needed"
        return False, f"{count(len(drifted), 'column')} drifted{asked_for}"
    said = f"{count(len(drifted), 'column')} drifted, {drifted[0]} among them"
    found = situation.loss
    if found is None:
        return False, f"{said}; whether the loss rose with them is not known yet"
    if found.p_value >= rule.p_value:
        return False, f"{said}, but the loss did not rise with them: {_rise(found)}"
    return True, f"{said}, and the loss rose with them: {_rise(found)}"


def _cost_aware(spec: ModelSpec, situation: Situation) -> Asked:
    rule, costs = spec.retrain.cost_aware, spec.retrain.economics
    age = situation.days_since_training
    if age is None:
        return True, "retrain.policy is cost_aware, and no training is known yet"
    wait = rule.longest_wait / _DAY
    if situation.ageing is None or not situation.rows_per_day or costs is None:
        said = "how fast the model ages is not known yet, so nights train once a week"
        return age >= 7, f"{said}; the last training was {age:.3g} days ago"
    worth = days_worth_waiting(
        situation.ageing.per_day,
        rows_per_day=situation.rows_per_day,
        training_cost=costs.training_cost,
        loss_cost_per_1000=costs.loss_cost_per_1000,
    )
    said = (
        f"the last training was {age:.3g} days ago; a day of age adds "
        f"{situation.ageing.per_day:.2g} to the loss, so that a training pays after {worth:.3g} "
        "days"
    )
    if wait < worth:
        said += f", and retrain.cost_aware.longest_wait is {wait:.3g} days"
    return age >= min(worth, wait), said


_POLICIES: dict[str, Callable[[ModelSpec, Situation], Asked]] = {
    "nightly": _nightly,
    "weekly": _weekly,
    "on_loss": _on_loss,
    "on_drift": _on_drift,
    "cost_aware": _cost_aware,
}


def _place_is_taken(spec: ModelSpec, situation: Situation) -> bool:
    return situation.challenger is not None and not spec.retrain.while_challenged


def _while_challenged(spec: ModelSpec, situation: Situation, asked: bool, why: str) -> Asked:
    """Let only what cannot wait ask for a training while a challenger collects evidence."""
    if asked and spec.retrain.policy in ("on_drift", "on_loss"):
        return asked, why
    if _beyond_band(spec, situation):
        return _on_loss(spec, situation)
    return False, (
        f"version {situation.challenger} collects evidence as challenger, so nothing is trained "
        "meanwhile (retrain.while_challenged)"
    )


def _damped(spec: ModelSpec, situation: Situation) -> str:
    """Say what holds a training back; empty if nothing does."""
    if situation.frozen:
        return situation.frozen
    retrain, as_of = spec.retrain, situation.as_of
    age = situation.days_since_training
    rest = _WEEK if _place_is_taken(spec, situation) and not retrain.cool_down else retrain.rest
    if age is not None and age < rest / _DAY:
        return (
            f"the last training was {age:.3g} days ago, and the cool-down is {rest / _DAY:.3g} days"
        )
    lately = sum(as_of - at < _WEEK for at in situation.trainings)
    if retrain.weekly_trainings is not None and lately >= retrain.weekly_trainings:
        return f"there were {count(lately, 'training')} in seven days (retrain.weekly_trainings)"
    return ""


def _beyond_band(spec: ModelSpec, situation: Situation) -> bool:
    found = situation.loss
    return found is not None and found.p_value < spec.retrain.on_loss.p_value


def _rise(found: LossChange) -> str:
    return (
        f"{found.metric} {figure(found.recent)} over the newest {found.recent_days} matured days, "
        f"{figure(found.usual)} over the {found.usual_days} before"
    )
