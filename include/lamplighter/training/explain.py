"""An ensemble explained: what matters to it, what each feature adds, and how it depends on values.

The document (`explanation_document`) has plain JSON values:

- `rows` (used), `holdout_rows`, `unit` ("day" or "row"), `blocks`, `confidence`, `loss` (its name)
  and `mean_loss` (of these rows)
- `features`: list, the most important first, of `feature`, `increase` (`{value, lower, upper}` of
  the mean loss when it is shuffled, or null), `share` (of the mean loss), `repeats`, `matters`
  (true: the interval lies above 0), and `contribution`: `mean` (of its size), `quantiles`
  (hundredths 5, 25, 50, 75, 95) and `direction` (rank correlation with the value, of numbers), or
  null
- `groups`: list of `features` that say the same, with `increase`, `share`, `repeats` of shuffling
  them together
- `attribution`: `rows`, `score` (what is added up, in words), `base` (mean), `explained` (share of
  the scores' variance), `methods` ("tree_shap" or "two_orders" for each member), `weights`; or null
- `dependence`: list of `feature`, `kind`, `rows`, `reach`, `curves` (names of the classes, or one
  name), `points`: list of `at`, `share`, and for each curve `mean`, `low`, `high`
- `notes`: sentences, such as what was sampled
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import spearmanr
from threadpoolctl import threadpool_limits

from lamplighter.evaluation.association import ALIKE, associations, groups_alike
from lamplighter.evaluation.dependence import Dependence, partial_dependence
from lamplighter.evaluation.importance import Effort, Importance, permutation_importance
from lamplighter.evaluation.metrics import LOSS_OF_TASK, Task, row_losses
from lamplighter.features.kinds import read_kind
from lamplighter.spec.explain import Explain
from lamplighter.training.attribution import Attribution, affordable_rows, attribute
from lamplighter.training.encoded_rows import EncodedRows, Places
from lamplighter.training.predictor import Predictor
from lamplighter.training.seeds import derive_seed
from lamplighter.training.target import Floats
from lamplighter.training.threshold import class_name

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)

_ROWS_OF_CURVES = 500
_UNTIL = {"importance": 0.6, "contributions": 0.8, "dependence": 1.0}
"""Share of the time after which each part ends."""


@dataclass(frozen=True)
class _Rows:
    """The rows that are asked about, and how long there is."""

    predictor: Predictor
    frame: pd.DataFrame
    y: Floats
    blocks: Sequence[str] | None
    encoded: EncodedRows
    kinds: dict[str, str]
    settings: Explain
    seed: int
    clock: Callable[[], float]
    began: float

    def left(self, part: str) -> Callable[[], float]:
        until = self.began + _UNTIL[part] * self.settings.max_seconds
        return lambda: until - self.clock()

    def drawn(self, purpose: str, rows: int) -> Places:
        return draw_rows(len(self.frame), rows, seed=derive_seed(self.seed, "explain", purpose))


def explanation_document(
    predictor: Predictor,
    X: pd.DataFrame,
    y: Floats,
    blocks: Sequence[str] | None,
    *,
    settings: Explain,
    seed: int,
    confidence: float,
    threads: int,
    clock: Callable[[], float],
) -> dict[str, Any]:
    """Explain a predictor on rows that it was not fitted on; the module says what comes back.

    Parameters
    ----------
    X : DataFrame, shape (n_rows, n_columns)
        Raw features of the hold-out.
    y : ndarray of float, shape (n_rows,)
        Labels; classes as numbers from 0.
    blocks : sequence of str or None
        Day of each row; None where there is no time.
    clock : callable
        Seconds that pass; see `settings.max_seconds`. Without a part left out, equal rows give
        equal documents.
    """
    with threadpool_limits(limits=threads):
        return _explained(
            predictor, X, y, blocks, settings=settings, seed=seed, confidence=confidence,
            threads=threads, clock=clock,
        )  # fmt: skip


def _explained(
    predictor: Predictor,
    X: pd.DataFrame,
    y: Floats,
    blocks: Sequence[str] | None,
    *,
    settings: Explain,
    seed: int,
    confidence: float,
    threads: int,
    clock: Callable[[], float],
) -> dict[str, Any]:
    names = predictor.features
    effort = Effort.within(
        rows=min(settings.rows, len(X)), repeats=settings.repeats, things=len(names)
    )
    drawn = draw_rows(len(X), effort.rows, seed=derive_seed(seed, "explain", "rows"))
    frame = X[list(names)].iloc[drawn].reset_index(drop=True)
    rows = _Rows(
        predictor=predictor,
        frame=frame,
        y=np.asarray(y, dtype=float)[drawn],
        blocks=[blocks[place] for place in drawn] if blocks is not None else None,
        encoded=EncodedRows.of(predictor, frame, threads=threads),
        kinds={name: str(read_kind(frame[name]) or "number") for name in names},
        settings=settings,
        seed=seed,
        clock=clock,
        began=clock(),
    )
    groups = _groups(rows)
    measured = _importance(rows, groups, effort.repeats, confidence)
    attribution, asked = _attribution(rows)
    ranked = _ranked(names, measured)
    curves = _curves(rows, ranked)
    task = _task(predictor)
    return {
        "rows": len(frame),
        "holdout_rows": len(X),
        "unit": "row" if blocks is None else "day",
        "blocks": len(set(rows.blocks)) if rows.blocks is not None else len(frame),
        "confidence": confidence,
        "loss": LOSS_OF_TASK[task],
        "mean_loss": float(
            row_losses(task, rows.y, rows.encoded(np.arange(len(frame)), {})).mean()
        ),
        "features": [_feature(name, rows, measured, attribution, asked) for name in ranked],
        "groups": [
            {"features": list(one.features), **_growth(one)}
            for one in measured.values()
            if len(one.features) > 1
        ],
        "attribution": _how_attributed(attribution, predictor),
        "dependence": [_curve(one, predictor) for one in curves],
        "notes": _notes(rows, effort, measured, attribution, curves, len(groups)),
    }


def draw_rows(available: int, wanted: int, *, seed: int) -> Places:
    """Return the places of so many rows, drawn at random, in their order; all if there are less."""
    if wanted >= available:
        return np.arange(available)
    drawn = np.random.default_rng(seed).choice(available, wanted, replace=False)
    return np.sort(drawn)


def typical_places(frame: pd.DataFrame) -> dict[str, int]:
    """Return for each column the place of its median, or of its most frequent value.

    Examples
    --------
    >>> typical_places(pd.DataFrame({"n": [5.0, None, 1.0, 3.0], "c": ["x", "y", "y", None]}))
    {'n': 3, 'c': 1}
    """
    return {str(name): _typical_place(frame[name]) for name in frame.columns}


def _typical_place(column: pd.Series) -> int:
    known = np.flatnonzero(column.notna().to_numpy())
    if not known.size:
        return 0
    kind = column.dtype
    if pd.api.types.is_numeric_dtype(kind) or pd.api.types.is_datetime64_any_dtype(kind):
        ordered = column.iloc[known].argsort(kind="stable").to_numpy()
        return int(known[ordered[(len(known) - 1) // 2]])
    codes, levels = pd.factorize(column.iloc[known].astype(object).map(str), sort=True)
    most = int(np.bincount(codes, minlength=len(levels)).argmax())
    return int(known[np.flatnonzero(codes == most)[0]])


def _groups(rows: _Rows) -> list[tuple[str, ...]]:
    names = [name for name, kind in rows.kinds.items() if kind != "text"]
    return groups_alike(names, associations(rows.frame[names])) if names else []


def _importance(
    rows: _Rows, groups: Sequence[tuple[str, ...]], repeats: int, confidence: float
) -> dict[tuple[str, ...], Importance]:
    found = permutation_importance(
        rows.encoded,
        rows.y,
        task=_task(rows.predictor),
        units=[*((name,) for name in rows.predictor.features), *groups],
        blocks=rows.blocks,
        repeats=repeats,
        seed=derive_seed(rows.seed, "explain", "shuffle"),
        confidence=confidence,
        seconds_left=rows.left("importance"),
    )
    return {one.features: one for one in found}


def _attribution(rows: _Rows) -> tuple[Attribution | None, Places]:
    affordable = affordable_rows(rows.predictor)
    asked = rows.drawn("contributions", min(_ROWS_OF_CURVES, affordable))
    attribution = attribute(
        rows.encoded,
        asked,
        typical=typical_places(rows.frame),
        seconds_left=rows.left("contributions"),
    )
    return attribution, asked


def _ranked(names: Sequence[str], measured: dict[tuple[str, ...], Importance]) -> list[str]:
    order = [one.features[0] for one in measured.values() if len(one.features) == 1]
    return [*order, *(name for name in names if (name,) not in measured)]


def _curves(rows: _Rows, ranked: Sequence[str]) -> list[Dependence]:
    asked = rows.drawn("dependence", _ROWS_OF_CURVES)
    shown = [name for name in ranked if rows.kinds[name] != "text"][: rows.settings.features]
    left = rows.left("dependence")
    found = []
    for name in shown:
        if left() <= 0:
            break
        found.append(partial_dependence(rows.encoded, rows.frame[name], asked))
    return found


def _feature(
    name: str,
    rows: _Rows,
    measured: dict[tuple[str, ...], Importance],
    attribution: Attribution | None,
    asked: Places,
) -> dict[str, Any]:
    one = measured.get((name,))
    contribution = None
    if attribution is not None:
        added = attribution.values[:, attribution.features.index(name)]
        contribution = {
            "mean": float(np.abs(added).mean()),
            "quantiles": [float(q) for q in np.quantile(added, QUANTILES)],
            "direction": _direction(rows.frame[name].iloc[asked], rows.kinds[name], added),
        }
    return {
        "feature": name,
        **_growth(one),
        "matters": bool(one and one.increase and one.increase.lower > 0),
        "contribution": contribution,
    }


def _growth(one: Importance | None) -> dict[str, Any]:
    if one is None:
        return {"increase": None, "share": None, "repeats": 0}
    increase = one.increase.model_dump(mode="json") if one.increase else None
    return {"increase": increase, "share": one.share, "repeats": one.repeats}


def _direction(column: pd.Series, kind: str, added: Floats) -> float | None:
    if kind != "number":
        return None
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    known = ~np.isnan(numbers)
    if len(set(numbers[known])) < 2 or np.ptp(added[known]) == 0:
        return None
    return float(spearmanr(numbers[known], added[known]).statistic)


def _how_attributed(attribution: Attribution | None, predictor: Predictor) -> dict[str, Any] | None:
    if attribution is None:
        return None
    return {
        "rows": len(attribution.score),
        "score": _SCORES[_task(predictor)],
        "base": float(attribution.base.mean()),
        "explained": attribution.explained,
        "methods": dict(attribution.methods),
        "weights": attribution.weights,
    }


_SCORES: dict[Task, str] = {
    "binary": "log odds of the positive class",
    "multiclass": "log probability of the predicted class, less the mean over all classes",
    "regression": "value that is predicted",
}


def _curve(one: Dependence, predictor: Predictor) -> dict[str, Any]:
    if predictor.task == "regression":
        curves = ["predicted value"]
    elif predictor.task == "binary":
        curves = [f"probability of {class_name(predictor.classes[1])}"]
    else:
        curves = [f"probability of {class_name(predictor.classes[place])}" for place in one.classes]
    return {
        "feature": one.feature,
        "kind": one.kind,
        "rows": one.rows,
        "reach": one.reach,
        "curves": curves,
        "points": [
            {key: list(v) if isinstance(v, tuple) else v for key, v in asdict(point).items()}
            for point in one.points
        ],
    }


def _notes(
    rows: _Rows,
    effort: Effort,
    measured: dict[tuple[str, ...], Importance],
    attribution: Attribution | None,
    curves: Sequence[Dependence],
    groups: int,
) -> list[str]:
    names, settings = rows.predictor.features, rows.settings
    said = []
    if effort.repeats < settings.repeats:
        said.append(
            f"{len(names)} features are many: each was shuffled {effort.repeats} times, not "
            f"{settings.repeats}"
        )
    unmeasured = sum((name,) not in measured for name in names)
    fewest = min((one.repeats for one in measured.values()), default=0)
    if unmeasured:
        said.append(f"explain.max_seconds was over before {unmeasured} features were shuffled")
    elif fewest < effort.repeats:
        said.append(
            f"explain.max_seconds was over after {fewest} of {effort.repeats} rounds of shuffling"
        )
    if attribution is None:
        said.append("explain.max_seconds was over before the contributions were known")
    wanted = min(settings.features, sum(kind != "text" for kind in rows.kinds.values()))
    if len(curves) < wanted:
        said.append(
            f"explain.max_seconds was over after {len(curves)} of {wanted} partial dependences"
        )
    texts = [name for name, kind in rows.kinds.items() if kind == "text"]
    if texts:
        said.append(f"no partial dependence is drawn of free text ({', '.join(texts)})")
    if groups:
        said.append(
            f"features that say the same (association of {ALIKE:g} or more) stand in for each "
            "other: alone, one may look idle, or weightier than all together, as it is given "
            "values that do not go with the others; so they were shuffled together too"
        )
    return said


def _task(predictor: Predictor) -> Task:
    return predictor.target.task
