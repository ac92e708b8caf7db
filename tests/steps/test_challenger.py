"""A challenger: takes its place, collects evidence night after night, and is decided on."""

from __future__ import annotations

from pathlib import Path

import pytest

from lamplighter.contracts import Actor, RunRequest
from lamplighter.errors import DataError
from lamplighter.ledger import Decision
from lamplighter.spec import load_spec
from lamplighter.steps.collect_evidence import collect_evidence
from lamplighter.steps.ingest_data import ingest_data
from lamplighter.steps.night import Night, open_night
from lamplighter.steps.resolve_spec import resolve_spec
from lamplighter.steps.validate_data import validate_data
from steps.conftest import free_the_challengers_place
from world import World, day

ANNA = Actor(name="anna", kind="os_user")


def judgements(world: World) -> list[Decision]:
    return world.stores.ledger.decisions("returns", kind="promotion")


def opened(world: World, number: int) -> Night:
    run_id = f"looked-at-{number}"
    resolve_spec(
        world.spec_path, RunRequest(as_of=day(number)), run_id=run_id, actor=ANNA,
        stores=world.stores,
    )  # fmt: skip
    return open_night(run_id, world.stores, threads=1)


def test_a_candidate_that_is_not_decided_on_takes_the_place_and_the_next_nights_do_not_train(
    seasoned: World,
) -> None:
    ledger = seasoned.stores.ledger
    challenge = ledger.challenger("returns")
    assert challenge is not None
    assert (challenge.version, challenge.as_of) == ("3", day(52))
    assert seasoned.stores.registry.alias("returns", "challenger") == "3"

    report = seasoned.run(day(54))
    assert len(ledger.versions("returns")) == 3
    said = " ".join(report.sentences)
    assert "version 3 collects evidence as challenger, so nothing is trained meanwhile" in said
    assert "The gate says inconclusive of the challenger, version 3" in said
    newest = judgements(seasoned)[0]
    assert (newest.candidate_version, newest.evidence["challenger"]) == ("3", "3")
    assert newest.evidence["held_days"] == 2


def test_evidence_begins_where_both_models_were_trained_and_grows_by_whole_matured_days(
    seasoned: World,
) -> None:
    seasoned.run(day(53))
    seasoned.run(day(56))
    later, earlier = judgements(seasoned)[:2]
    cutoffs = [
        seasoned.stores.ledger.version("returns", number).details["cutoff"] for number in ("2", "3")
    ]
    first = max(cutoffs)[:10]
    for decision, last in ((earlier, "2024-02-21"), (later, "2024-02-24")):
        evidence = decision.evidence["evidence"]
        assert (evidence["first_block"], evidence["last_block"]) == (first, last)
    assert later.evidence["evidence"]["blocks"] == earlier.evidence["evidence"]["blocks"] + 3
    assert later.evidence["looks"] == earlier.evidence["looks"] + 1
    assert later.evidence["spent"] > earlier.evidence["spent"]


def test_each_night_scores_only_what_is_new_and_says_the_same_as_a_night_that_scores_all(
    seasoned: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    seasoned.run(day(53))
    night = opened(seasoned, 56)
    snapshot = validate_data(night, ingest_data(night))
    said: list[str] = []
    object.__setattr__(night, "say", said.append)
    step_by_step = collect_evidence(night, snapshot)
    new = next(text for text in said if "new examples" in text)
    assert int(new.split()[4].replace(",", "")) < 60 * 5
    monkeypatch.setattr(type(night.stores.shadow), "read", lambda *_, **__: _nothing(night))
    assert collect_evidence(night, snapshot) == step_by_step


def test_a_night_that_one_of_the_two_has_scored_already_scores_for_the_other(
    seasoned: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    night = opened(seasoned, 54)
    snapshot = validate_data(night, ingest_data(night))
    both = collect_evidence(night, snapshot)
    champion = seasoned.stores.ledger.version("returns", "2").artifact.digest
    shadow = type(night.stores.shadow)
    read = shadow.read

    def of_the_champion(self, model, artifact, **between):
        found = read(self, model, artifact, **between)
        return found if artifact == champion else found.iloc[:0]

    monkeypatch.setattr(shadow, "read", of_the_champion)
    assert collect_evidence(night, snapshot) == both


def _nothing(night: Night):
    import pandas as pd

    return pd.Series([], index=pd.Index([], dtype="str"), dtype=object)


def test_rows_that_became_known_later_do_not_change_what_was_found(seasoned: World) -> None:
    night = opened(seasoned, 54)
    snapshot = validate_data(night, ingest_data(night))
    before = collect_evidence(night, snapshot)
    spec = load_spec(seasoned.spec_path)
    rows = seasoned.visits.assign(seen_at=seasoned.visits["seen_at"], returned=0)
    late = rows.head(200)[["visit_id", "seen_at", "returned"]].assign(known_at=day(58))
    table = spec.data.tables["outcomes"]
    seasoned.stores.lake.publish(
        "returns", "outcomes", table, late, until=day(58), start=day(0).date()
    )
    assert collect_evidence(opened(seasoned, 54), snapshot) == before


def test_a_challenger_that_is_surely_better_becomes_champion_and_leaves_the_place(
    seasoned: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # That a model is surely better needs many days; let the year's budget be large instead.
    seasoned.document["evidence"] = {"false_promotions_per_year": 0.999, "patience_days": 10}
    seasoned.document["gate"] = {"test": "non_inferiority", "margin": 0.5}
    seasoned.write()
    report = seasoned.run(day(56))
    assert report.outcome == "promote", report.sentences
    ledger = seasoned.stores.ledger
    champion = ledger.champion("returns")
    assert (champion.version, champion.valid_from) == ("3", day(56))
    assert ledger.challenger("returns") is None
    assert ledger.challenges("returns")[-1].reason == "became champion"
    assert seasoned.stores.registry.alias("returns", "champion") == "3"
    assert seasoned.stores.registry.alias("returns", "challenger") is None
    assert len(ledger.versions("returns")) == 3

    seasoned.run(day(57))
    assert len(ledger.versions("returns")) == 4


def test_a_challenger_whose_patience_ends_leaves_and_the_next_night_trains(
    seasoned: World,
) -> None:
    seasoned.document["evidence"] = {"patience_days": 10}
    seasoned.write()
    seasoned.run(day(58))
    ledger = seasoned.stores.ledger
    if ledger.challenger("returns") is not None:
        report = seasoned.run(day(62))
        assert report.outcome == "reject"
    assert ledger.challenges("returns")[-1].act == "leave"
    assert ledger.champion("returns").version == "2"


def test_a_repeated_night_decides_and_acts_once(seasoned: World) -> None:
    seasoned.run(day(54), run_id="once")
    before = [d.key for d in judgements(seasoned)], seasoned.stores.ledger.challenges("returns")
    seasoned.run(day(54), run_id="again")
    after = [d.key for d in judgements(seasoned)], seasoned.stores.ledger.challenges("returns")
    assert before == after


def test_a_forced_training_does_not_take_the_place(seasoned: World) -> None:
    seasoned.run(day(54), force_retrain=True, reason="a new feature")
    ledger = seasoned.stores.ledger
    assert len(ledger.versions("returns")) == 4
    assert ledger.challenger("returns").version == "3"
    candidate = next(d for d in judgements(seasoned) if d.evidence["challenger"] is None)
    assert candidate.verdict == "inconclusive"
    assert "not judged while challenger version 3 collects evidence" in candidate.reason
    assert candidate.evidence["look"] is None


def test_a_dry_run_leaves_the_place_as_it_is(seasoned: World) -> None:
    seasoned.document["evidence"] = {"false_promotions_per_year": 0.999, "patience_days": 10}
    seasoned.document["gate"] = {"test": "non_inferiority", "margin": 0.5}
    seasoned.write()
    report = seasoned.run(day(56), dry_run=True)
    assert report.outcome == "promote"
    assert seasoned.stores.ledger.challenger("returns").version == "3"
    assert seasoned.stores.ledger.champion("returns").version == "2"


def test_a_challenger_that_cannot_be_loaded_leaves_its_place(seasoned: World) -> None:
    stores = seasoned.stores
    version = stores.ledger.version("returns", "3")
    for path in (seasoned.home / "lake" / "artifacts").rglob("*"):
        if path.is_file() and path.stat().st_size == version.artifact.size_bytes:
            path.unlink()
    report = seasoned.run(day(54))
    assert report.outcome == "reject"
    assert "it cannot go on collecting evidence" in " ".join(report.sentences)
    assert stores.ledger.challenger("returns") is None


def strange_outcomes(world: World, *, value: int) -> None:
    """Let three visits of the days of evidence turn out as nothing has before."""
    of_evidence = world.visits["seen_at"].between(day(50), day(51))
    rows = world.visits[of_evidence].head(3)[["visit_id", "seen_at"]]
    rows = rows.assign(known_at=day(53), returned=value)
    table = load_spec(world.spec_path).data.tables["outcomes"]
    world.stores.lake.publish(
        "returns", "outcomes", table, rows, until=day(53), start=day(0).date()
    )


def test_a_class_that_came_up_later_costs_only_its_rows_and_not_the_challengers_place(
    tmp_path: Path,
) -> None:
    world = World(tmp_path)
    world.document |= {"task": "multiclass"}
    world.document["search"] |= {"algorithms": ["linear"], "trials": 1}
    world.write()
    for number in (50, 52):
        world.run(day(number), force_retrain=True)
    night = opened(world, 54)
    snapshot = validate_data(night, ingest_data(night))
    before = collect_evidence(night, snapshot)
    assert before is not None
    assert before.evidence is not None
    strange_outcomes(world, value=7)
    night, said = opened(world, 54), []
    object.__setattr__(night, "say", said.append)
    after = collect_evidence(night, snapshot)
    assert after is not None
    assert after.evidence is not None
    assert not after.problem
    assert after.evidence.rows == before.evidence.rows - 3
    assert "3 rows of the evidence left out: class 7, which no training row had" in said


def test_labels_that_are_none_of_the_task_stop_the_night_and_the_challenger_keeps_its_place(
    seasoned: World,
) -> None:
    night = opened(seasoned, 54)
    snapshot = validate_data(night, ingest_data(night))
    strange_outcomes(seasoned, value=7)
    with pytest.raises(DataError, match=r"say in data\.positive which of two values"):
        collect_evidence(opened(seasoned, 54), snapshot)
    assert seasoned.stores.ledger.challenger("returns") is not None


def test_a_second_candidate_of_the_same_moment_may_only_risk_what_the_first_one_left(
    seasoned: World,
) -> None:
    free_the_challengers_place(seasoned)
    ledger, champion = seasoned.stores.ledger, seasoned.stores.ledger.champion("returns")
    assert champion is not None
    ledger.record_decision(
        "promotion-of-another", run_key="another", model="returns", timeline="live",
        kind="promotion", verdict="reject", reason="worse", as_of=day(54), actor=ANNA,
        champion_version=champion.version,
        evidence={
            "artifact": "another", "champion_release": champion.id, "dry_run": False,
            "look": {"days": 20, "spent": 1.0, "floor": -1.96}, "looks": 1, "spent": 1.0,
            "accrued_days": 2.0, "held_days": 0.0,
        },
    )  # fmt: skip
    seasoned.run(day(54), force_retrain=True)
    newest = judgements(seasoned)[0]
    assert newest.evidence["accrued_days"] == 0
    assert newest.verdict == "inconclusive"
    assert "tonight none of the year's budget is left to risk" in newest.reason
