"""Features that are built once: those of an example do not change from one night to the next."""

from __future__ import annotations

import logging
from collections.abc import Callable

import numpy as np
import pandas as pd

from lamplighter.data.asof import AsOfView
from lamplighter.features.build import build_features
from lamplighter.spec import ModelSpec

log = logging.getLogger(__name__)


class RememberedFeatures:
    """Builds the features of examples that are new, and remembers those of the others.

    Features see only what was known at an example's own prediction time, so later nights build
    the same ones. A feature function that looks at the other examples too, against its contract,
    is found out: the second time anything is asked for, all is built anew and compared, and if
    they differ nothing is remembered from then on.

    Attributes
    ----------
    row_by_row : bool or None
        Whether features of parts were found to be those of the whole; None before the comparison.
    """

    def __init__(self) -> None:
        self.row_by_row: bool | None = None
        self._known: pd.DataFrame | None = None

    def __call__(
        self, spec: ModelSpec, examples: pd.DataFrame, open_view: Callable[[], AsOfView]
    ) -> pd.DataFrame:
        """Return the features of these examples, as `build_features` does."""
        if self.row_by_row is False or spec.time is None or examples.empty:
            return build_features(spec, examples, open_view())
        names = _names(spec, examples)
        if self._known is None:
            return self._learn(names, build_features(spec, examples, open_view()))
        if not names.is_unique:
            return build_features(spec, examples, open_view())
        places = self._known.index.get_indexer(names)
        fresh = places < 0
        if fresh.any():
            view = open_view().bounded_by(examples)
            new = build_features(spec, examples[fresh], view)
            places[fresh] = len(self._known) + np.arange(len(new))
            self._known = pd.concat([self._known, new.set_axis(names[fresh])])
        found = self._known.take(places).set_axis(examples.index)
        if self.row_by_row is None:
            return self._compare(found, build_features(spec, examples, open_view()))
        return found

    def _learn(self, names: pd.Index, features: pd.DataFrame) -> pd.DataFrame:
        if names.is_unique:
            self._known = features.set_axis(names)
        else:
            self.row_by_row = False
        return features

    def _compare(self, remembered: pd.DataFrame, built: pd.DataFrame) -> pd.DataFrame:
        self.row_by_row = bool(remembered.equals(built)) and (
            remembered.dtypes.equals(built.dtypes)
        )
        if not self.row_by_row:
            log.warning("features depend on the examples beside them, so none are remembered")
            self._known = None
        return built


def _names(spec: ModelSpec, examples: pd.DataFrame) -> pd.Index:
    key = list(spec.data.tables[spec.data.examples_table].key)
    first = examples[key[0]].to_numpy()
    names: pd.Index = pd.Index(first) if len(key) == 1 else pd.MultiIndex.from_frame(examples[key])
    return names
