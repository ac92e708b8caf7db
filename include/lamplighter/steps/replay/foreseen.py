"""Which nights of a timeline will surely train, told from the policy alone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from lamplighter.steps.freeze_window import freeze_window
from lamplighter.steps.replay.plan import Play
from lamplighter.steps.retraining_rule import Situation, retraining_rule


def nights_that_train(
    chosen: Play, nights: Sequence[datetime], *, champion_since: datetime | None
) -> list[datetime]:
    """Return the nights that train whatever the nights before them came to.

    They are known where the policy looks at the calendar alone, no challenger can have the place,
    and a training depends on no champion. It is only foresight: should a night come to nothing,
    so that the next one trains as well, that one is not among them.

    Parameters
    ----------
    champion_since : datetime or None
        When the champion that the timeline begins with was trained; None if there is none.
    """
    spec = chosen.spec
    calendar = spec.retrain.policy in ("nightly", "weekly") and spec.retrain.refit == "never"
    if spec.gate.mode != "off" or not calendar or spec.ensemble.fine_tune:
        return []
    trainings = [] if champion_since is None else [champion_since]
    found = []
    for as_of in nights:
        situation = Situation(
            as_of=as_of,
            champion="the one before" if trainings else None,
            frozen=freeze_window(spec.retrain, spec.schedule, as_of),
            trainings=tuple(reversed(trainings)),
        )
        if retraining_rule(spec, situation)[0]:
            trainings.append(as_of)
            found.append(as_of)
    return found
