"""Changed copies of images."""

from __future__ import annotations

import numpy as np
import pytest

from lamplighter.training.images import TRANSFORMS, resampled

IMAGES = np.random.default_rng(0).random((30, 9, 7))
ONE = np.ones(30)
NONE = np.zeros(30)


def test_what_is_neither_enlarged_nor_moved_stays():
    np.testing.assert_allclose(resampled(IMAGES, ONE, NONE, NONE), IMAGES)


def test_whole_pixels_move_as_slices_do():
    moved = resampled(IMAGES, ONE, ONE * 2, ONE * -1)
    np.testing.assert_allclose(moved[:, 2:, :-1], IMAGES[:, :-2, 1:])
    darkest = IMAGES.min(axis=(1, 2))
    np.testing.assert_allclose(moved[:, :2], np.broadcast_to(darkest[:, None, None], (30, 2, 7)))


def test_an_even_slope_stays_one_when_enlarged():
    slope = np.broadcast_to(np.arange(9.0)[None, :, None], (30, 9, 7))
    np.testing.assert_allclose(
        resampled(slope, ONE * 2, NONE, NONE)[0, :, 3], 4 + (np.arange(9) - 4) / 2
    )


@pytest.mark.parametrize("name", TRANSFORMS)
@pytest.mark.parametrize("strength", [0.01, 0.5, 1.0])
def test_transforms_keep_shape_and_brightness(name, strength):
    changed = TRANSFORMS[name](IMAGES, strength, np.random.default_rng(0))
    assert changed.shape == IMAGES.shape
    assert changed.min() >= IMAGES.min() - 1e-9
    assert changed.max() <= IMAGES.max() + 1e-9
    assert not np.array_equal(changed, IMAGES)


def test_a_crop_shows_a_part_of_the_image_only():
    # A bright frame around a dark middle: a crop never shows what was outside.
    bright = 1 + np.zeros((200, 16, 16))
    bright[:, 8, 8] = 0.5
    cut = TRANSFORMS["crop"](bright, 1.0, np.random.default_rng(0))
    assert cut.min() >= 0.5
    assert (cut[:, 0, 0] == 1).all()
