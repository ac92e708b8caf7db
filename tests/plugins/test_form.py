"""The form that a person fills in."""

import copy
from pathlib import Path

import pytest
from airflow.sdk import DAG
from airflow.sdk.definitions.param import ParamsDict
from airflow.sdk.exceptions import ParamValidationError

from lamplighter.spec import ModelSpec
from lamplighter_airflow.form import evaluate_form, score_form, train_form
from lamplighter_airflow.maintain_dag import maintain_dag

SPEC = ModelSpec.model_validate(
    {
        "model": "tea",
        "owner": {"team": "kitchen"},
        "task": "binary",
        "data": {
            "tables": {"cups": {"source": {"csv": "cups.csv"}, "key": ["cup"]}},
            "target": "good",
        },
        "search": {"max_budget_s": 120},
    }
)


def filled_in(**values):
    """Return the form of a night as Airflow resolves it."""
    return fill(train_form(SPEC), values)


def fill(form, values):
    """Fill in a form, and have Airflow check it."""
    filled = ParamsDict(copy.deepcopy(form))
    filled.update(values)
    filled.validate()
    return filled.dump()


def test_the_defaults_are_valid_and_ask_for_what_the_spec_says():
    assert filled_in() == {
        "as_of": None,
        "knowledge_time": None,
        "force_retrain": False,
        "gate_mode": "enforce",
        "budget_s": None,
        "trials": None,
        "dry_run": False,
        "reason": "",
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"as_of": "yesterday"},
        {"as_of": "2013-07-01T04:00:00"},
        {"knowledge_time": "2013-07-01 04:00 EST"},
        {"force_retrain": "yes"},
        {"gate_mode": "open"},
        {"budget_s": 0},
        {"budget_s": 121},
        {"trials": 0},
        {"trials": 2.5},
        {"dry_run": None},
        {"reason": "x" * 1001},
    ],
    ids=str,
)
def test_a_wrong_value_is_refused_before_a_run_exists(wrong):
    with pytest.raises(ParamValidationError):
        filled_in(**wrong)


@pytest.mark.parametrize(
    "right",
    [
        {"as_of": "2013-07-01T04:00:00-04:00"},
        {"as_of": "2013-07-01T08:00:00.000Z"},
        {"budget_s": 119.5},
        {"trials": 12},
        {"gate_mode": "off"},
    ],
    ids=str,
)
def test_a_right_value_is_taken(right):
    assert filled_in(**right).items() >= right.items()


FORMS = {
    "train": train_form(SPEC),
    "score": score_form(),
    "evaluate": evaluate_form(),
    "maintain": {
        name: maintain_dag(Path()).params.get_param(name) for name in maintain_dag(Path()).params
    },
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_every_value_has_its_range(form):
    for name, param in form.items():
        kinds = (
            {param.schema["type"]}
            if isinstance(param.schema["type"], str)
            else set(param.schema["type"])
        )
        if kinds & {"integer", "number"}:
            assert {"minimum", "maximum"} <= param.schema.keys(), name
        elif "string" in kinds:
            assert param.schema.keys() & {"enum", "pattern", "maxLength"}, name
        else:
            assert kinds == {"boolean"}, name


@pytest.mark.parametrize(
    ("form", "wrong"),
    [
        ("score", {"hours": 0}),
        ("score", {"hours": 1.5}),
        ("score", {"as_of": "today"}),
        ("score", {"reasons": "some"}),
        ("evaluate", {"by": "newest"}),
        ("evaluate", {"by": "version:"}),
        ("evaluate", {"knowledge_time": "2013-07-01"}),
        ("maintain", {"logs_days": 0}),
        ("maintain", {"trials_days": 6}),
        ("maintain", {"stale_hours": "long"}),
        ("maintain", {"dry_run": "perhaps"}),
    ],
    ids=str,
)
def test_a_wrong_value_of_the_other_forms_is_refused_too(form, wrong):
    with pytest.raises(ParamValidationError):
        fill(FORMS[form], wrong)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_every_value_has_a_type_a_title_and_a_sentence(form):
    for name, param in form.items():
        assert param.schema.get("type"), name
        assert param.schema.get("title"), name
        assert param.description.endswith("."), name


def test_airflow_takes_the_form_on_a_dag_with_a_schedule():
    DAG("tea__train", schedule="@daily", start_date=None, params=train_form(SPEC))
