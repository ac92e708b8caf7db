"""Which features each fold kept."""

from __future__ import annotations

from dataclasses import replace

from lamplighter.spec.features import Features, Selection
from lamplighter.training.ensemble import fit_ensemble
from lamplighter.training.folds import Folds
from lamplighter.training.members.catalogue import ALGORITHMS
from lamplighter.training.recipe import Recipe
from lamplighter.training.stability import Stability, selection_stability
from lamplighter.training.workshop import Workshop
from learnable import learnable, quick_trial, stored_predictions

SELECTING = Features(select=Selection(method="univariate", keep_fraction=0.5))
DATA = replace(learnable(rows=900), features=SELECTING)
TRIAL = quick_trial(0, "linear")


def workshop() -> Workshop:
    return Workshop(Folds.of(DATA, seed=0), ALGORITHMS, seed=0, threads=1)


def test_features_are_told_apart_by_how_many_folds_kept_them():
    found = Stability("linear", "variance", 3, {"a": 3, "b": 1, "c": 0, "d": 2}, ("a", "d"))
    assert found.to_json() == {
        "member": "linear",
        "method": "variance",
        "folds": 3,
        "always": ["a"],
        "sometimes": [{"name": "d", "folds": 2}, {"name": "b", "folds": 1}],
        "never": ["c"],
        "final": ["a", "d"],
    }


def test_the_folds_keep_what_their_members_were_fitted_on():
    shop, recipe = workshop(), Recipe.of({}, SELECTING)
    found = selection_stability(shop, {"linear": TRIAL}, {"linear": ("hour",)})
    kept = [shop.fold(number, recipe).train.kept for number in range(3)]
    assert found.kept == {name: sum(name in some for some in kept) for name in DATA.X.columns}
    assert found.folds == 3
    assert all(len(some) == 3 for some in kept)
    assert found.final == ("hour",)


def test_what_a_fold_keeps_does_not_depend_on_its_validation_rows():
    before = workshop().kept(1, Recipe.of({}, SELECTING))
    _, validation = DATA.folds[1]
    y = DATA.y.copy()
    y[validation] = (DATA.X["night"].to_numpy()[validation]).astype(y.dtype)
    changed = replace(DATA, y=y)
    shop = Workshop(Folds.of(changed, seed=0), ALGORITHMS, seed=0, threads=1)
    assert shop.kept(1, Recipe.of({}, SELECTING)) == before


def test_without_selection_or_time_there_is_nothing_to_tell():
    plain = replace(DATA, features=Features())
    shop = Workshop(Folds.of(plain, seed=0), ALGORITHMS, seed=0, threads=1)
    assert selection_stability(shop, {"linear": TRIAL}, {"linear": ("hour",)}) is None
    late = selection_stability(
        workshop(), {"linear": TRIAL}, {"linear": ("hour",)}, seconds_left=lambda: -1.0
    )
    assert late is None


def test_the_choice_is_told_with_the_ensemble_whose_predictor_asks_for_no_other_feature():
    predictions = stored_predictions(DATA, [TRIAL])
    fitted = fit_ensemble(DATA, [TRIAL], predictions=predictions, seed=0, threads=1)
    assert fitted.selection.member == "linear"
    assert fitted.predictor.features == fitted.selection.final
    assert len(fitted.selection.final) == 3
