"""The table of the breast_cancer model: 569 tumours that scikit-learn brings along.

Thirty measurements of cell nuclei in a digitised image, and whether the tumour was benign [1]_.
There is no time in it: what a model without the section `time` looks like.

References
----------
.. [1] W. N. Street, W. H. Wolberg, O. L. Mangasarian, *Nuclear feature extraction for breast tumor
   diagnosis*, 1993.
"""

from __future__ import annotations

from datetime import datetime

import pandas as pd
from sklearn.datasets import load_breast_cancer


def tumours(*, since: datetime | None, until: datetime) -> pd.DataFrame:
    """Return all tumours, whenever asked: they have no time. Key: ``tumour_id``, the row's place.

    Lengths are in pixels of the image; `malignant` is the target.
    """
    bundle = load_breast_cancer(as_frame=True)
    measured: pd.DataFrame = bundle["data"].rename(columns=lambda name: name.replace(" ", "_"))
    # In scikit-learn 0 is malignant.
    return measured.assign(tumour_id=range(len(measured)), malignant=bundle["target"] == 0)
