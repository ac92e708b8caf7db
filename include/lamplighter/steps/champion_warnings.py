"""What whoever reads a night's report has to know of the champion: known defects, incidents."""

from __future__ import annotations

from lamplighter.ledger.timelines import LIVE
from lamplighter.steps.known_defects import defects_warning
from lamplighter.steps.night import Night


def champion_warnings(night: Night) -> list[str]:
    """Return sentences about who is champion now and what is wrong with it; often none.

    A night on a simulated timeline says nothing of what happens to the live champion.
    """
    model, ledger = night.run.model, night.ledger
    champion = ledger.champion(model) if night.run.timeline == LIVE else None
    if champion is None:
        return []
    defects = defects_warning(ledger, model, champion.version)
    said = [f"The champion, {defects}."] if defects else []
    said += [
        f"An incident is open since {incident.recorded_at:%Y-%m-%d %H:%M %Z}: {incident.message}."
        for incident in ledger.standing_incidents(model)
    ]
    return said
