"""Recipes: what training rows are made into, and that validation rows are only encoded."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from lamplighter.spec.features import Augmentation, Features, Images, Selection
from lamplighter.training.recipe import Recipe
from lamplighter.training.recipe_dimensions import recipe_dimensions
from lamplighter.training.space import Branch, Choice
from lamplighter.training.target import Target

RNG = np.random.default_rng(0)
ROWS = 300
WORDS = "good bad tea coffee never again love taste price box".split()
FRAME = pd.DataFrame(
    {
        "size": RNG.normal(size=ROWS),
        "noise": RNG.normal(size=ROWS),
        "shop": RNG.choice([f"S{i}" for i in range(60)], ROWS),
        "review": [" ".join(RNG.choice(WORDS, 9)) for _ in range(ROWS)],
    }
)
Y = (FRAME["size"] + RNG.normal(size=ROWS) > 1).to_numpy(dtype=float)
BINARY = Target("binary", ("no", "yes"))
METHODS = ("none", "class_weights", "oversample", "noise", "words")


def prepared(params: dict[str, object], features: Features = Features(), *, seed: int = 0):  # noqa: B008
    recipe = Recipe.of(params, features)
    assert recipe.key == Recipe.of(params, features).key
    return recipe.prepare(FRAME, Y, target=BINARY, seed=seed, in_time_order=True)


def test_the_plain_recipe_encodes_and_nothing_else():
    plain = prepared({})
    assert plain.kept == tuple(FRAME.columns)
    assert plain.rows.weights is None
    assert len(plain.rows) == ROWS
    assert plain.finish("member") == "member"


@pytest.mark.parametrize("method", METHODS)
def test_rows_of_validation_are_encoded_the_same_whatever_augments_the_training_rows(method):
    made = prepared({"augment.method": method, "augment.strength": 1.0})
    plain = prepared({})
    later = FRAME.sample(50, random_state=1)
    np.testing.assert_array_equal(
        made.encoder.transform(later).values, plain.encoder.transform(later).values
    )
    assert len(made.encoder.transform(later)) == 50


@pytest.mark.parametrize("method", ["noise", "words"])
def test_copies_stand_after_the_rows_and_differ_from_them(method):
    made, plain = prepared({"augment.method": method}), prepared({})
    assert len(made.rows) == 2 * ROWS
    np.testing.assert_array_equal(made.rows.X.values[:ROWS], plain.rows.X.values)
    np.testing.assert_array_equal(made.rows.y, np.tile(Y, 2))
    changed = ~np.isclose(made.rows.X.values[ROWS:], plain.rows.X.values, equal_nan=True)
    outputs = np.array(made.encoder.outputs)
    touched = set(outputs[changed.any(axis=0)])
    expected = {"size", "noise"} if method == "noise" else {n for n in outputs if "review" in n}
    assert touched <= expected
    assert touched
    assert made.rows.X.sparse.shape[0] == 2 * ROWS


@pytest.mark.parametrize("method", METHODS)
def test_the_same_seed_gives_the_same_rows_and_another_gives_others(method):
    params = {"augment.method": method, "augment.strength": 0.5}
    once, twice, other = (prepared(params, seed=seed).rows for seed in (0, 0, 1))
    np.testing.assert_array_equal(once.X.values, twice.X.values)
    assert (once.X.sparse != twice.X.sparse).nnz == 0
    if method in ("noise", "words"):
        assert not np.array_equal(once.X.values, other.X.values, equal_nan=True)


def test_balanced_classes_count_the_same_and_their_members_are_put_right():
    for method in ("class_weights", "oversample"):
        made = prepared({"augment.method": method, "augment.strength": 1.0})
        weights = np.ones(len(made.rows)) if made.rows.weights is None else made.rows.weights
        assert weights[made.rows.y == 1].sum() == pytest.approx(weights[made.rows.y == 0].sum())

        class Half:
            rounds = None

            def predict(self, X, *, threads):
                return np.full(len(X), 0.5)

        # What is even odds among balanced classes is the base rate in the data.
        fitted = made.finish(Half())
        assert fitted.predict(made.rows.X, threads=1)[0] == pytest.approx(Y.mean())


def test_members_of_several_classes_are_put_right_too():
    y = np.array([0.0] * 200 + [1.0] * 80 + [2.0] * 20)
    recipe = Recipe.of({"augment.method": "class_weights", "augment.strength": 1.0}, Features())
    target = Target("multiclass", ("a", "b", "c"))
    made = recipe.prepare(FRAME, y, target=target, seed=0, in_time_order=False)

    class Even:
        rounds = 7

        def predict(self, X, *, threads):
            return np.full((len(X), 3), 1 / 3)

    fitted = made.finish(Even())
    np.testing.assert_allclose(fitted.predict(made.rows.X, threads=1)[0], [2 / 3, 4 / 15, 1 / 15])
    assert fitted.rounds == 7


def test_selection_leaves_out_features_for_rows_and_for_the_encoder():
    selected = prepared({"select.method": "univariate", "select.keep": 0.25, "select.score": "f"})
    assert selected.kept == ("size",)
    assert selected.rows.X.values.shape == (ROWS, 1)
    assert selected.rows.X.sparse is None
    assert selected.encoder.transform(FRAME[["size"]]).values.shape == (ROWS, 1)


def test_what_the_trial_leaves_out_is_as_the_spec_says():
    features = Features(
        select=Selection(method="univariate", keep_fraction=0.5, score="f"),
        augment=Augmentation(method="noise"),
    )
    recipe = Recipe.of({"select.keep": 0.25}, features)
    assert (recipe.select.method, recipe.select.keep_fraction) == ("univariate", 0.25)
    assert recipe.augment.method == "noise"


def test_recipes_that_do_the_same_share_a_key():
    auto = Features(select=Selection(method="auto"), augment=Augmentation(method="auto"))
    plain = Recipe.of({}, Features()).key
    assert Recipe.of({}, auto).key == plain
    assert Recipe.of({"select.method": "none", "augment.method": "none"}, auto).key == plain
    assert Recipe.of({"select.method": "variance"}, auto).key != plain


def test_pixels_move_with_their_image_whatever_is_selected():
    image = np.zeros((40, 4, 5))
    image[:, 1, 2] = 9.0
    names = [f"pixel_{i}" for i in range(20)]
    frame = pd.DataFrame(image.reshape(40, 20), columns=names).assign(noise=RNG.normal(size=40))
    shape = Images(columns="pixel_", height=4, width=5)
    recipe = Recipe.of(
        {"augment.method": "images", "augment.strength": 0.25, "augment.transform": "shift"},
        Features(images=shape),
    )
    y = (np.arange(40) % 2).astype(float)
    made = recipe.prepare(frame, y, target=BINARY, seed=0, in_time_order=False)
    copies = made.rows.X.values[40:]
    assert len(copies) == 4 * 40
    moved = copies[:, :20].reshape(-1, 4, 5)
    # The bright pixel is whole, one pixel away at most, and nowhere else.
    assert (moved.sum(axis=(1, 2)) == 9.0).all()
    assert (moved[:, 0:3, 1:4].sum(axis=(1, 2)) == 9.0).all()
    assert len({tuple(where) for where in np.argwhere(moved)[:, 1:]}) == 9
    np.testing.assert_array_equal(copies[:, 20], np.tile(frame["noise"], 4))


def test_means_of_the_target_are_a_choice():
    features = Features(target_means="auto")
    assert "shop: target mean 1" not in prepared({}, features).encoder.outputs
    assert (
        "shop: target mean 1" in prepared({"encode.target_means": True}, features).encoder.outputs
    )
    assert "shop: target mean 1" in prepared({}, Features(target_means="always")).encoder.outputs
    found = recipe_dimensions(features, task="binary", frame=FRAME)
    assert found["encode.target_means"].values == (False, True)
    assert recipe_dimensions(features, task="binary", frame=FRAME[["size", "review"]]) == {}


def options(dimension: Choice) -> set[str]:
    return {option.value if isinstance(option, Branch) else option for option in dimension.options}


def test_auto_offers_what_fits_the_data_with_the_plain_way_first():
    auto = Features(select=Selection(method="auto"), augment=Augmentation(method="auto"))
    found = recipe_dimensions(auto, task="binary", frame=FRAME)
    assert set(found) == {"select.method", "augment.method"}
    assert all(dimension.values[0] == "none" for dimension in found.values())
    assert options(found["augment.method"]) == {
        "none", "class_weights", "oversample", "noise", "words",
    }  # fmt: skip
    numbers = recipe_dimensions(auto, task="regression", frame=FRAME[["size", "noise"]])
    assert set(numbers) == {"augment.method"}
    assert options(numbers["augment.method"]) == {"none", "noise"}
    assert recipe_dimensions(Features(), task="binary", frame=FRAME) == {}


def test_every_offer_can_be_prepared():
    auto = Features(
        select=Selection(method="auto"), augment=Augmentation(method="auto"), target_means="auto"
    )
    for name, dimension in recipe_dimensions(auto, task="binary", frame=FRAME).items():
        for option in dimension.options:
            below = option.space if isinstance(option, Branch) else {}
            value = option.value if isinstance(option, Branch) else option
            params = {name: value, **{n: d.values[-1] for n, d in below.items()}}
            made = prepared(params, auto)
            assert made.rows.X.values.shape[1] == len(made.encoder.outputs)
