"""The form that a person fills in."""

import pytest
from airflow.sdk import DAG
from airflow.sdk.definitions.param import ParamsDict
from airflow.sdk.exceptions import ParamValidationError

from lamplighter.spec import ModelSpec
from lamplighter_airflow.form import score_form, train_form

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
    """Return the form as Airflow resolves it."""
    form = ParamsDict(train_form(SPEC))
    form.update(values)
    form.validate()
    return form.dump()


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


@pytest.mark.parametrize("form", [train_form(SPEC), score_form()], ids=["train", "score"])
def test_every_value_has_a_type_a_title_and_a_sentence(form):
    for name, param in form.items():
        assert param.schema.get("type"), name
        assert param.schema.get("title"), name
        assert param.description.endswith("."), name


def test_airflow_takes_the_form_on_a_dag_with_a_schedule():
    DAG("tea__train", schedule="@daily", start_date=None, params=train_form(SPEC))
