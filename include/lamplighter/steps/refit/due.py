"""Whether the champion is to be fitted again: once for each version that a search came to."""

from __future__ import annotations

from dataclasses import dataclass

from lamplighter.errors import TrainingError
from lamplighter.ledger import Release
from lamplighter.steps.night import Night
from lamplighter.steps.refit.configuration import REFIT_OF, configuration_of

REFIT = "refit"
"""The verdict of a night that fits the champion again instead of searching."""

_NIGHTS = 1_000


@dataclass(frozen=True)
class Due:
    """The version whose refit is due, or why there cannot be one; neither, where none is asked."""

    version: str | None = None
    why_not: str = ""


def refit_due(night: Night, champion: Release | None) -> Due:
    """Say whether a refit of tonight's champion is due.

    None is of a version that has one, whatever became of it, nor of one that is a refit itself: so
    a chain of refits ends with the first. A refit that an earlier night decided on and that came
    to nothing is not tried again, for it would come to nothing every night.
    """
    if champion is None or night.spec.retrain.refit == "never":
        return Due()
    run, ledger = night.run, night.ledger
    version = ledger.version(run.model, champion.version)
    if version is None or REFIT_OF in version.details:
        return Due()
    made = (
        other.details.get(REFIT_OF) == version.version
        for other in ledger.versions(run.model)
        if other.timeline == run.timeline
    )
    if any(made):
        return Due()
    decided = ledger.decisions(run.model, timeline=run.timeline, kind="retraining", limit=_NIGHTS)
    for decision in decided:
        found = decision.evidence
        mine = decision.verdict == REFIT and found.get("refit_of") == version.version
        if mine and decision.as_of < run.as_of and not found.get("dry_run"):
            return Due(
                why_not=f"the refit of version {version.version} that the night as of "
                f"{decision.as_of:%Y-%m-%d} decided on came to no version"
            )
    try:
        configuration_of(night.stores, version)
    except TrainingError as error:
        return Due(why_not=str(error))
    return Due(version.version)
