"""Changed copies of images: moved, turned round, cut, enlarged; each keeps what it shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from lamplighter.training.target import Floats

Transform = Literal["shift", "scale", "crop", "flip"]

Drawn = Callable[[Floats, float, np.random.Generator], Floats]


def shift(images: Floats, strength: float, rng: np.random.Generator) -> Floats:
    """Move images by whole pixels: up to `strength` eighths of the image, but at least one."""
    n, height, width = images.shape
    furthest = [max(1, round(strength * size / 8)) for size in (height, width)]
    down, right = (rng.integers(-far, far + 1, n).astype(np.float64) for far in furthest)
    return resampled(images, np.ones(n), down, right)


def scale(images: Floats, strength: float, rng: np.random.Generator) -> Floats:
    """Enlarge or shrink images about their middle, by up to `strength` quarters."""
    n = len(images)
    zoom = np.asarray(1 + rng.uniform(-strength / 4, strength / 4, n))
    return resampled(images, zoom, np.zeros(n), np.zeros(n))


def crop(images: Floats, strength: float, rng: np.random.Generator) -> Floats:
    """Cut off up to `strength` quarters of images somewhere, and enlarge what is left."""
    n, height, width = images.shape
    zoom = np.asarray(1 / (1 - rng.uniform(0, strength / 4, n)))
    down, right = (rng.uniform(-1, 1, n) * (zoom - 1) * (size - 1) / 2 for size in (height, width))
    return resampled(images, zoom, down, right)


def flip(images: Floats, strength: float, rng: np.random.Generator) -> Floats:
    """Turn images round, left to right."""
    return images[:, :, ::-1].copy()


TRANSFORMS: dict[Transform, Drawn] = {"shift": shift, "scale": scale, "crop": crop, "flip": flip}


def resampled(images: Floats, zoom: Floats, down: Floats, right: Floats) -> Floats:
    """Return images enlarged about their middle and moved, with bilinear interpolation.

    What comes from outside is as dark as the darkest pixel of the image.

    Parameters
    ----------
    images : ndarray, shape (n_images, height, width)
    zoom, down, right : ndarray, shape (n_images,)
        How many times as large, and how many pixels further.

    Examples
    --------
    >>> resampled(np.array([[[1.0, 2.0], [3.0, 4.0]]]), np.ones(1), np.ones(1), np.zeros(1))
    array([[[1., 1.],
            [1., 2.]]])
    """
    darkest = images.min(axis=(1, 2))[:, None, None]
    bright = np.pad(images - darkest, ((0, 0), (1, 1), (1, 1)))
    bright = _along_rows(bright, zoom, down)
    bright = _along_rows(bright.transpose(0, 2, 1), zoom, right).transpose(0, 2, 1)
    return np.asarray(bright + darkest)


def _along_rows(padded: Floats, zoom: Floats, moved: Floats) -> Floats:
    """Interpolate the rows of images that have an empty row at both ends, which go."""
    size = padded.shape[1] - 2
    middle = (size - 1) / 2
    wanted = (np.arange(size) - middle - moved[:, None]) / zoom[:, None] + middle
    place = np.clip(wanted, -1, size) + 1
    low = np.minimum(place.astype(np.intp), size)
    share = (place - low)[:, :, None]
    below = np.take_along_axis(padded, low[:, :, None], axis=1)
    above = np.take_along_axis(padded, low[:, :, None] + 1, axis=1)
    return np.asarray((1 - share) * below + share * above)
