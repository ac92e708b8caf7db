"""Reports: the same numbers as the document, nothing from elsewhere, nothing that runs."""

import json
import re
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

import numpy as np
import pytest

from lamplighter.contracts import Actor, ArtifactRef, CandidateRef, ExamplesRef, RunRef
from lamplighter.evaluation.document import (
    Link,
    StepOutcome,
    evaluation_document,
    night_document,
)
from lamplighter.evaluation.evaluate import evaluate
from lamplighter.evaluation.gate import GateRule, decide
from lamplighter.evaluation.report import render, render_night

AS_OF = datetime(2013, 7, 1, 7, tzinfo=UTC)
ARTIFACT = ArtifactRef(key="candidate", digest="9f" * 32, size_bytes=1)
RULE = GateRule(guards=(("roc_auc", 0.005),))
ATTACK = "<script>alert('a & b')</script>"
DAYS = np.repeat([f"2013-06-{day:02d}" for day in range(17, 31)], 100)
ROWS = len(DAYS)
VOID = {"meta", "br"}


def a_run(**changes):
    fields = {
        "run_key": "flights-1", "model": "flights", "spec_digest": "ab", "as_of": AS_OF,
        "knowledge_time": AS_OF, "timeline": "live", "force_retrain": False,
        "gate_mode": "enforce", "budget_s": 60, "trials": None, "dry_run": False, "reason": "",
        "actor": Actor(name="airflow", kind="airflow"),
    }  # fmt: skip
    return RunRef(**fields | changes)


def predictions(task, rows=ROWS):
    """Labels, the predictions of a candidate and of a champion, and the base rate."""
    rng = np.random.default_rng(0)
    if task == "regression":
        y = rng.normal(size=rows)
        return y, y + 0.3 * rng.normal(size=rows), y * 0.2, 0.0
    if task == "binary":
        p = rng.random(rows)
        return (rng.random(rows) < p).astype(float), p, np.sqrt(p), 0.5
    p = rng.dirichlet([0.5, 0.5, 0.5], size=rows)
    return np.array([rng.choice(3, p=q) for q in p]), p, 0.5 * p + 0.5 / 3, [1 / 3] * 3


def document_of(task="binary", *, timed=True, champion=True, name="feature", rows=ROWS):
    y, candidate, before, base_rate = predictions(task, rows)
    rule = RULE if task == "binary" else GateRule()
    found = evaluate(
        y, candidate, DAYS[:rows] if timed else None, task=task, base_rate=base_rate, rule=rule,
        champion_prediction=before if champion else None,
    )  # fmt: skip
    return evaluation_document(
        found,
        run=a_run(),
        examples=ExamplesRef(
            artifact=ARTIFACT, snapshot_digest="s", rows=9_000, training_rows=8_000,
            holdout_rows=rows, cutoff=AS_OF - timedelta(days=15), features=(name,),
            dropped={name: f"{name} does not vary"},
        ),
        candidate=CandidateRef(
            artifact=ARTIFACT, key="c", examples=ARTIFACT, search_key="s", chosen=name,
            losses={"linear": 0.51234, name: 0.48765}, weights={"linear": 0.25}, cutoff=None,
        ),
        rule=rule,
        champion_version=name if champion else None,
        ruling=decide(found.evidence, rule, has_champion=champion, problems=found.problems),
    )  # fmt: skip


class Page(HTMLParser):
    """The tags of a page, its text, and whether every tag that opens also closes."""

    def __init__(self, html):
        super().__init__()
        self.tags, self.text, self.open = [], "", []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if not {"style", "title"} & set(self.open):
            self.text += data


EVERY_KIND = [
    {"task": task, "timed": timed, "champion": champion}
    for task in ("binary", "multiclass", "regression")
    for timed in (True, False)
    for champion in (True, False)
]


@pytest.mark.parametrize("kind", EVERY_KIND, ids=str)
def test_a_page_needs_nothing_from_elsewhere_and_runs_nothing(kind):
    page = Page(render(document_of(**kind)))
    assert {"script", "link", "img", "iframe", "object"}.isdisjoint(tag for tag, _ in page.tags)
    assert not [a for _, attrs in page.tags for a in attrs if a.startswith("on")]
    assert not re.search(r"url\(|@import", render(document_of(**kind)))


@pytest.mark.parametrize("kind", EVERY_KIND, ids=str)
def test_the_document_is_json_and_the_page_shows_its_numbers(kind):
    document = json.loads(json.dumps(document_of(**kind), allow_nan=False))
    text = Page(render(document)).text
    for metric in document["metrics"]:
        for who in ("candidate", "champion", "base_rate"):
            for number in (metric[who] or {}).values():
                assert f"{number:.4f}" in text
    for day in document["days"]:
        assert day["block"] in text
        assert f"{day['candidate_loss']:.4f}" in text
    if kind["champion"]:
        assert f"{document['evidence']['gain']['lower']:.5f}" in text
    assert "0.48765" in text
    assert document["ruling"]["reason"] in text


def test_a_page_draws_days_gain_calibration_and_roc():
    drawn = {attrs["aria-label"] for tag, attrs in Page(render(document_of())).tags if tag == "svg"}
    assert drawn == {
        "Gain in log_loss over the champion, with its interval",
        "Gain in log_loss of each day",
        "Mean log_loss of each day",
        "Calibration",
        "ROC curve",
    }


def test_names_from_data_and_specs_cannot_break_out_of_the_page():
    html = render(document_of(name=ATTACK))
    assert "<script" not in html
    assert Page(html).text.count(ATTACK) >= 4


def test_a_candidate_that_could_not_be_measured_still_has_a_page():
    y, candidate, _, _ = predictions("binary")
    document = document_of()
    spoiled = evaluate(y, candidate * np.nan, DAYS, task="binary", base_rate=0.5)
    document |= {"problems": list(spoiled.problems), "metrics": [], "days": [], "evidence": None}
    text = Page(render(document)).text
    assert "1400 of 1400 predictions are not finite numbers" in text
    assert "Nothing could be measured" in text


def test_a_champion_that_could_not_be_compared_is_named():
    document = document_of(champion=False) | {"champion": {"version": "7"}}
    assert "The champion, version 7, could not be compared" in Page(render(document)).text


def test_a_hold_out_of_one_day_has_a_page_without_drawings_of_days():
    html = render(document_of(rows=100))
    assert "of each day" not in html
    assert "1 day of evidence: too little for an interval" in Page(html).text


def test_equal_evaluations_give_the_same_bytes():
    assert render(document_of()) == render(document_of())


def test_a_night_is_told_in_sentences_steps_and_numbers():
    evaluation = document_of()
    night = night_document(
        a_run(reason="asked & answered"),
        outcome="released",
        verdict="promote",
        sentences=["Version 4 replaced version 3."],
        steps=[StepOutcome("tune_model", "success", 61.2, "38 trials", (Link("MLflow", "http://m/1"),))],
        evaluation=evaluation,
        links=[Link("Evaluation", "../evaluation/report.html")],
    )  # fmt: skip
    night = json.loads(json.dumps(night, allow_nan=False))
    page = Page(render_night(night))
    for shown in (
        "Version 4 replaced version 3.",
        "asked & answered",
        "1 min 1 s",
        "38 trials",
        f"{evaluation['evidence']['gain']['value']:.5f}",
        f"{evaluation['metrics'][0]['champion']['lower']:.4f}",
    ):
        assert shown in page.text
    links = [attrs["href"] for tag, attrs in page.tags if tag == "a"]
    assert links == ["../evaluation/report.html", "http://m/1"]


def test_a_stopped_night_says_what_is_wrong_with_the_data_and_escapes_it():
    problem = {
        "table": "schedule", "check": "not_null", "column": ATTACK, "severity": "error",
        "found": "312 of 902 values are null", "expected": "no null", "failing_rows": np.int64(312),
        "sample": [ATTACK, None], "success": False,
    }  # fmt: skip
    night = night_document(
        a_run(dry_run=True, timeline="simulated:x"),
        outcome="stopped",
        sentences=[f"The column {ATTACK} is not what the spec promises."],
        steps=[StepOutcome("validate_data", "failed", 3.0), StepOutcome("tune_model", "skipped")],
        problems=[problem],
    )
    html = render_night(json.loads(json.dumps(night)))
    assert "<script" not in html
    text = Page(html).text
    sample = f"{ATTACK}, None"
    for shown in ("312 of 902 values are null", "no null", sample, "dry run", "simulated:x"):
        assert shown in text


def test_a_night_tells_which_features_the_folds_kept():
    selection = {
        "member": "linear", "method": "univariate", "folds": 5, "always": ["hour", ATTACK],
        "sometimes": [{"name": "wind", "folds": 2}], "never": [f"n{i}" for i in range(50)],
        "final": ["hour"],
    }  # fmt: skip
    night = night_document(a_run(), outcome="x", sentences=[], selection=selection)
    assert json.loads(json.dumps(night))["selection"] == selection
    html = render_night(night)
    assert "<script" not in html
    text = Page(html).text
    for shown in (f"hour, {ATTACK}", "wind (2 of 5)", "n39 and 10 more", "fitted on 1 feature"):
        assert shown in text
    assert night_document(a_run(), outcome="x", sentences=[])["selection"] is None


@pytest.mark.parametrize(
    "href", ["javascript:alert(1)", "JAVASCRIPT:alert(1)", " javascript:x", "data:text/html,x",
             "//elsewhere/x", "java\nscript:alert(1)", "http:///x", "\\\\elsewhere"]
)  # fmt: skip
def test_a_link_that_is_neither_relative_nor_http_leads_nowhere(href):
    night = night_document(a_run(), outcome="x", sentences=[], links=[Link("x", href)])
    links = [a["href"] for tag, a in Page(render_night(night)).tags if tag == "a"]
    assert links == ["#"]


@pytest.mark.parametrize(
    ("outcome", "heading"),
    [("done", "Rows that were set aside"), ("failed", "Rows that would have been set aside")],
)
def test_rows_are_called_set_aside_only_where_the_night_went_on(outcome, heading):
    problem = {"table": "visits", "check": "between", "severity": "quarantine", "found": "3 rows"}
    night = night_document(
        a_run(),
        outcome="rejected",
        sentences=["A night."],
        steps=[StepOutcome("validate_data", outcome, 3.0, "one\n  two")],
        problems=[problem],
    )
    assert heading in Page(render_night(night)).text
