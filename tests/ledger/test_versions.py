"""Versions: intent first, and one number for one key."""

from __future__ import annotations

import pytest

from lamplighter.errors import LedgerError


@pytest.fixture
def intend(ledger, day, artifact):
    def record(key, **others):
        values = {
            "model": "flights",
            "artifact": artifact,
            "run_key": "run",
            "timeline": "live",
            "as_of": day(1),
            "details": {"chosen": "stacking"},
        }
        return ledger.intend_version(key, **{**values, **others})

    return record


def test_a_version_carries_the_artifact_that_was_intended(ledger, intend, artifact, day):
    intend("k")
    version = ledger.record_version("k", version="1", mlflow_run_id="m")
    assert version == ledger.version_by_key("k") == ledger.version("flights", "1")
    assert (version.artifact, version.as_of) == (artifact, day(1))
    assert version.details == {"chosen": "stacking"}


def test_of_two_registrations_of_one_key_the_first_stands(ledger, intend):
    intend("k")
    first = ledger.record_version("k", version="1", mlflow_run_id="m1")
    assert ledger.record_version("k", version="2", mlflow_run_id="m2") == first
    assert ledger.versions("flights") == [first]
    assert ledger.version("flights", "2") is None


def test_a_second_intent_with_another_artifact_does_not_replace_the_first(ledger, intend, artifact):
    first = intend("k")
    assert intend("k", artifact=artifact.model_copy(update={"digest": "e" * 64})) == first


def test_a_version_without_intent_is_refused(ledger):
    with pytest.raises(LedgerError, match="nobody intended to register k; call intend_version"):
        ledger.record_version("k", version="1", mlflow_run_id="m")


def test_one_number_cannot_stand_for_two_keys(ledger, intend):
    intend("k")
    intend("l")
    ledger.record_version("k", version="1", mlflow_run_id="m")
    with pytest.raises(
        LedgerError, match="flights version 1 stands for k already, so it cannot stand for l"
    ):
        ledger.record_version("l", version="1", mlflow_run_id="m")


def test_two_models_count_their_versions_apart(ledger, intend):
    intend("k")
    intend("l", model="payments")
    ledger.record_version("k", version="1", mlflow_run_id="m")
    ledger.record_version("l", version="1", mlflow_run_id="m")
    assert [version.key for version in ledger.versions("payments")] == ["l"]


def test_an_intent_without_a_version_is_seen(ledger, intend):
    intend("done")
    ledger.record_version("done", version="1", mlflow_run_id="m")
    half = intend("half")
    assert ledger.unfinished_intents("flights") == [half]
    assert ledger.version_by_key("half") is None


RECORD = """
def act(url, key, version):
    try:
        return Ledger.open(url).record_version(key, version=version, mlflow_run_id="m").version
    except LamplighterError as error:
        return str(error)
"""


def test_processes_that_register_one_key_agree_on_one_version(url, ledger, intend, race):
    intend("k")
    found = race(RECORD, *([url, "k", str(number)] for number in range(4)))
    assert set(found) == {ledger.version_by_key("k").version}
    assert len(ledger.versions("flights")) == 1


def test_processes_that_bring_one_number_for_two_keys_hear_which_key_has_it(
    url, ledger, intend, race
):
    for key in "abcd":
        intend(key)
    found = race(RECORD, *([url, key, "1"] for key in "abcd"))
    (winner,) = ledger.versions("flights")
    assert sorted(answer == "1" for answer in found) == [False] * 3 + [True]
    assert all(f"stands for {winner.key} already" in answer for answer in found if answer != "1")
