"""The table of the digits model: 1,797 handwritten digits as images of 8 x 8 pixels.

They come with scikit-learn, a part of the set of E. Alpaydin and C. Kaynak [1]_. Each image is one
row, its pixels are columns: what a model of images looks like.

References
----------
.. [1] E. Alpaydin, C. Kaynak, *Optical Recognition of Handwritten Digits*, UCI Machine Learning
   Repository, 1998.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import pandas as pd
from sklearn.datasets import load_digits

SIDE: Final = 8
"""Pixels in each row and in each column of an image."""

PIXELS: Final = tuple(f"pixel_{row}_{column}" for row in range(SIDE) for column in range(SIDE))
"""Names of the pixels, row by row from the top."""


def digits(*, since: datetime | None, until: datetime) -> pd.DataFrame:
    """Return all images, whenever asked: they have no time. Key: ``image_id``, the row's place.

    A pixel is from 0 (paper) to 16 (ink); `digit`, from 0 to 9, is the target.
    """
    bundle = load_digits()
    pixels = pd.DataFrame(bundle["data"].astype("int64"), columns=list(PIXELS))
    return pixels.assign(image_id=range(len(pixels)), digit=bundle["target"])
