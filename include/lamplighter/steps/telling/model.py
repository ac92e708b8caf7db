"""A model's newest decision in sentences, and what people did since."""

from __future__ import annotations

from lamplighter.ledger import Decision, Ledger, Release
from lamplighter.ledger.timelines import LIVE
from lamplighter.steps.telling.night import tell_night
from lamplighter.steps.telling.outcome import release_sentence
from lamplighter.steps.telling.told import Told, moment


def tell_model(ledger: Ledger, model: str, *, timeline: str = LIVE) -> Told | None:
    """Tell the night of the newest decision, and the acts of people since.

    Returns
    -------
    Told or None
        None where neither a decision nor an act is known.
    """
    newest = next(iter(ledger.decisions(model, timeline=timeline, limit=1)), None)
    acts = [r for r in ledger.releases(model, timeline=timeline) if _since(r, newest)]
    if newest is None and not acts:
        return None
    if newest is None:
        told = Told((), {"kind": "acts", "model": model, "timeline": timeline})
    else:
        told = tell_night(ledger, run_key=newest.run_key, model=model, timeline=timeline)
    sentences = [*told.sentences, *(release_sentence(act) for act in acts)]
    incidents = ledger.standing_incidents(model) if timeline == LIVE else []
    freezes = ledger.standing_freezes(model) if timeline == LIVE else []
    sentences += [f"{model} is {freeze}." for freeze in freezes]
    sentences += [
        f"An incident is open since {moment(incident.recorded_at)}: {incident.message}."
        for incident in incidents
    ]
    document = {
        **told.document,
        "acts_since": [
            {"release": act.id, "kind": act.kind, "version": act.version, "reason": act.reason}
            for act in acts
        ],
        "open_incidents": [incident.id for incident in incidents],
        "frozen": bool(freezes),
    }
    return Told(tuple(sentences), document)


def _since(release: Release, newest: Decision | None) -> bool:
    by_person = release.decision_key is None
    return by_person and (newest is None or release.recorded_at > newest.recorded_at)
