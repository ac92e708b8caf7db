"""A champion is fitted again on all rows: a version of its own, judged by days to come alone."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pandas as pd
import pytest

from lamplighter.contracts import Actor, ArtifactRef, RunRequest
from lamplighter.errors import TrainingError
from lamplighter.ledger.records import Version
from lamplighter.steps.examples_frame import LABEL, LABEL_TIME, PART
from lamplighter.steps.night import open_night
from lamplighter.steps.proof.course import Course, read_course
from lamplighter.steps.proof.record import candidate_of
from lamplighter.steps.proof.reproduce import reproduce
from lamplighter.steps.refit.configuration import configuration_of
from lamplighter.steps.refit.due import Due, refit_due
from lamplighter.steps.resolve_spec import resolve_spec
from lamplighter.training.predictor import Predictor
from world import World, day


def version(world: World, number: str) -> Version:
    found = world.stores.ledger.version("returns", number)
    assert found is not None
    return found


def predictor(world: World, number: str) -> Predictor:
    return Predictor.from_bytes(world.stores.artifacts.read(version(world, number).artifact))


def course(world: World, number: str) -> Course:
    candidate = candidate_of(world.stores, version(world, number))
    assert candidate is not None
    assert candidate.course is not None
    return read_course(world.stores.artifacts, candidate.course)


def rows_of(world: World, number: str) -> pd.DataFrame:
    candidate = candidate_of(world.stores, version(world, number))
    assert candidate is not None
    return world.stores.artifacts.read_frame(candidate.examples)


def test_the_night_after_a_promotion_fits_the_champion_again_and_searches_nothing(
    refitted: World,
) -> None:
    ledger = refitted.stores.ledger
    newest, first = ledger.decisions("returns", kind="retraining")
    assert (first.verdict, newest.verdict) == ("retrain", "refit")
    assert newest.evidence["refit_of"] == "1"
    assert [v.details.get("refit_of") for v in ledger.versions("returns")] == [None, "1"]
    assert ledger.champion("returns").version == "1"
    assert (ledger.challenger("returns").version, ledger.challenger("returns").as_of) == (
        "2",
        day(46),
    )
    trials = [
        len(ledger.trials(key))
        for key in ledger.searches_of("returns", timeline="live", as_of=day(46))
    ]
    assert trials == [0]


def test_it_learns_from_every_row_whose_label_was_known_and_holds_none_out(
    refitted: World,
) -> None:
    rows = rows_of(refitted, "2")
    assert set(rows[PART]) == {"training"}
    visits = refitted.visits
    known = visits[visits["seen_at"] + pd.Timedelta(hours=20) <= day(46)]
    assert sorted(rows["visit_id"]) == sorted(known["visit_id"])
    assert (rows[LABEL_TIME] <= day(46)).all()
    before = rows_of(refitted, "1")
    held_out = before.loc[before[PART] == "holdout", "visit_id"]
    assert len(held_out) > 0
    assert set(held_out) <= set(rows["visit_id"])
    assert rows[LABEL].notna().all()
    assert version(refitted, "2").details["cutoff"] == day(46).isoformat()


def test_members_parameters_rounds_and_weights_are_those_of_the_champion(refitted: World) -> None:
    then, now = course(refitted, "1"), course(refitted, "2")
    assert now.chosen == then.chosen
    assert [one.model_copy(update={"params": {}}) for one in now.members] == [
        one.model_copy(update={"params": {}}) for one in then.members
    ]
    for before, after in zip(then.members, now.members, strict=True):
        # A trial's rounds grow with the rows of the last fit; what that fitted is fitted again.
        as_fitted = {"rounds": before.rounds} if before.rounds else {}
        assert after.params == before.params | as_fitted
    old, new = predictor(refitted, "1"), predictor(refitted, "2")
    assert (new.names, new.features) == (old.names, old.features)
    assert [m.rounds for m in new.members] == [m.rounds for m in old.members]
    assert pickle.dumps((new.combiner, new.calibration, new.rule)) == pickle.dumps(
        (old.combiner, old.calibration, old.rule)
    )
    assert new.to_bytes() != old.to_bytes()


def test_nothing_is_said_to_be_measured_of_it(refitted: World) -> None:
    decision = refitted.stores.ledger.decisions("returns", kind="promotion")[0]
    assert decision.verdict == "inconclusive"
    assert "a refit of version 1 and holds nothing out: its evidence starts on 2024-02-16" in (
        decision.reason
    )
    assert (decision.evidence["metrics"], decision.evidence["evidence"]) == ({}, None)
    assert decision.evidence["refit_of"] == "1"
    document = json.loads(
        next(refitted.home.rglob("2024-02-16*/live/evaluation-*.json")).read_text()
    )
    assert (document["metrics"], document["holdout"]["rows"]) == ([], 0)
    assert document["candidate"]["refit_of"] == "1"
    seen = next(note for note in document["notes"] if "which it was trained on" in note)
    assert seen.endswith("no evidence of how good it is")


def test_its_evidence_is_of_days_after_its_own_cut_off_and_the_gate_releases_it(
    promoted: World,
) -> None:
    ledger = promoted.stores.ledger
    judged = ledger.decisions("returns", kind="promotion")[0]
    found = judged.evidence["evidence"]
    assert (found["first_block"], found["last_block"]) == ("2024-02-16", "2024-02-26")
    assert (judged.champion_version, judged.candidate_version) == ("1", "2")
    assert ledger.champion("returns").version == "2"


def due(world: World, number: int) -> Due:
    run_id = f"looked-at-{number}"
    actor = Actor(name="tester", kind="os_user")
    asked = RunRequest(as_of=day(number))
    resolve_spec(world.spec_path, asked, run_id=run_id, actor=actor, stores=world.stores)
    night = open_night(run_id, world.stores, threads=1)
    return refit_due(night, night.champion())


def test_a_refit_that_became_champion_is_not_fitted_again(promoted: World) -> None:
    assert promoted.stores.ledger.champion("returns").version == "2"
    assert due(promoted, 59) == Due()


def test_a_champion_whose_refit_was_refused_is_not_fitted_again(refitted: World) -> None:
    ledger = refitted.stores.ledger
    ledger.leave_challenger(
        "returns", "2", timeline="live", as_of=day(46, 1), reason="refused",
        actor=ledger.champion("returns").actor,
    )  # fmt: skip
    assert due(refitted, 47) == Due()


def test_a_champion_that_nobody_fitted_again_is_due_until_then(refitted: World) -> None:
    assert due(refitted, 45) == Due()  # nobody was champion before that night
    refitted.document["retrain"] = {}
    refitted.write()
    assert due(refitted, 47) == Due()  # nobody asks for it


def test_a_version_of_which_it_was_not_kept_how_it_was_fitted_is_named(refitted: World) -> None:
    known = version(refitted, "1")
    (key,) = refitted.stores.ledger.searches_of("returns", timeline="live", as_of=day(45))
    candidate = refitted.stores.ledger.finished_search(key)["candidate"]
    Path(refitted.stores.artifacts.uri(ArtifactRef.model_validate(candidate["course"]))).unlink()
    with pytest.raises(TrainingError, match=r"version 1 cannot be fitted again: .*course"):
        configuration_of(refitted.stores, known)
    with pytest.raises(TrainingError, match="it is a refit already, of version 1"):
        configuration_of(refitted.stores, version(refitted, "2"))


def test_a_night_done_again_fits_and_registers_once(refitted: World) -> None:
    before = [v.key for v in refitted.stores.ledger.versions("returns")]
    refitted.run(day(46), run_id="cleared")
    assert [v.key for v in refitted.stores.ledger.versions("returns")] == before


def test_a_night_that_was_killed_after_the_fit_went_on_where_it_was(refitted: World) -> None:
    ledger = refitted.stores.ledger
    (key,) = ledger.searches_of("returns", timeline="live", as_of=day(46))
    fitted = ledger.finished_search(key)["candidate"]["artifact"]["digest"]
    assert version(refitted, "2").artifact.digest == fitted
    folder = refitted.home / "lake" / "artifacts" / "returns" / "2024-02-16T000000" / "live"
    assert len(list(folder.glob("candidate-*.predictor"))) == 1
    assert len(ledger.decisions("returns", kind="retraining")) == 2


def test_a_refit_comes_out_to_the_bit_again(refitted: World) -> None:
    found = reproduce(refitted.stores, "returns", "2")
    assert (found.answer, found.notes) == ("identical", ())
    assert found.origin == "the members of version 1"


def test_without_the_file_of_its_version_a_refit_cannot_be_made_again(refitted: World) -> None:
    artifact = version(refitted, "1").artifact
    Path(refitted.stores.artifacts.uri(artifact)).unlink()
    found = reproduce(refitted.stores, "returns", "2")
    assert found.answer == "data purged"
    assert artifact.key in found.reason


def test_the_book_names_whose_refit_it_is(refitted: World) -> None:
    from lamplighter.steps.telling.version import tell_version

    told = tell_version(refitted.stores.ledger, version(refitted, "2"))
    said = " ".join(told.sentences)
    assert "It is version 1 fitted again on all rows" in said
    assert "The search made" not in said
    card = ArtifactRef.model_validate(version(refitted, "2").details["card"])
    document = json.loads(refitted.stores.artifacts.read(card))
    assert document["training"]["refit_of"] == "1"
    assert document["data"]["holdout"]["rows"] == 0
