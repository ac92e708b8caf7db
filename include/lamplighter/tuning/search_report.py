"""The report of a search: how it went, and which parameters mattered, as JSON and as a page.

A search (`search_document`) has these keys:

- `kind` ("search"), `format` (1), `key`, `model`, `as_of`, `method`, `loss` (its name)
- `trials`, `failed`, `pruned`: counts; `seconds`: of all trials together; `sentence`
- `best`: `index`, `algorithm`, `loss`, `params`, or null
- `progress`: a list of `trial` (its index), `algorithm`, `loss`, `best` (the least so far),
  `seconds` (what its worker had used until then); trials with a loss on all rows, as they ended
- `algorithms`: a list of `name`, `trials`, `failed`, `pruned`, `best_loss` (or null), `seconds`;
  the best first
- `importance`: a list of `algorithm`, `trials`, `explained`, `parameters` (`name`, `share`)
- `errors`: a list of `algorithm`, `error`, `trials`

No number is NaN or infinite.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from markupsafe import Markup

from lamplighter.evaluation.charts import best_so_far, shares
from lamplighter.evaluation.report import render_page
from lamplighter.training.trial import TrialRecord, ranked
from lamplighter.tuning.importance import parameter_importance

FORMAT = 1

_MOST_ERRORS = 5


def search_document(
    trials: Sequence[TrialRecord],
    *,
    key: str,
    model: str,
    as_of: datetime,
    method: str,
    loss: str,
) -> dict[str, Any]:
    """Return how a search went as plain JSON values; the module says which.

    Parameters
    ----------
    trials : sequence of TrialRecord
        All that ended, in any order.
    loss : str
        The name of the loss.
    """
    ended = sorted(trials, key=lambda trial: trial.index)
    best = next((trial for _, trial in ranked(t for t in ended if t.fidelity == 1.0)), None)
    return {
        "kind": "search",
        "format": FORMAT,
        "key": key,
        "model": model,
        "as_of": as_of.isoformat(),
        "method": method,
        "loss": loss,
        "trials": len(ended),
        "failed": _count(ended, "failed"),
        "pruned": _count(ended, "pruned"),
        "seconds": sum(trial.seconds for trial in ended),
        "sentence": _sentence(ended, best, loss),
        "best": None
        if best is None
        else {
            "index": best.index,
            "algorithm": best.algorithm,
            "loss": best.loss,
            "params": dict(best.params),
        },
        "progress": _progress(ended),
        "algorithms": _algorithms(ended),
        "importance": [
            {
                "algorithm": found.algorithm,
                "trials": found.trials,
                "explained": found.explained,
                "parameters": [{"name": n, "share": share} for n, share in found.parameters],
            }
            for found in parameter_importance(ended)
        ],
        "errors": _errors(ended),
    }


def render_search(document: Mapping[str, Any]) -> str:
    """Return the page of a search (see `search_document`)."""
    progress = document["progress"]
    tried = [
        (float(p["trial"]), p["loss"], f"trial {p['trial']}, {p['algorithm']}") for p in progress
    ]
    steps = [(float(p["trial"]), p["best"]) for p in progress]
    return render_page(
        "search.html.j2",
        doc=document,
        progress=best_so_far(tried, steps, title="Best loss so far", x_label="trial")
        if progress
        else Markup(""),
        importance={
            part["algorithm"]: shares(
                [(parameter["name"], parameter["share"]) for parameter in part["parameters"]],
                title=f"Importance of the parameters of {part['algorithm']}",
            )
            for part in document["importance"]
        },
    )


def trial_table(trials: Sequence[TrialRecord]) -> dict[str, list[Any]]:
    """Return all trials as one table, in the form of MLflow's tables: `columns` and `data`."""
    ended = sorted(trials, key=lambda trial: trial.index)
    names = sorted({name for trial in ended for name in trial.params})
    fields = ("index", "algorithm", "status", "loss", "fidelity", "seconds", "worker", "error")
    return {
        "columns": [*fields, *names],
        "data": [
            [getattr(trial, field) for field in fields] + [trial.params.get(name) for name in names]
            for trial in ended
        ],
    }


def _count(trials: Sequence[TrialRecord], status: str) -> int:
    return sum(trial.status == status for trial in trials)


def _low(trials: Sequence[TrialRecord]) -> int:
    """Count the trials that succeeded on a part of the rows or rounds: their losses say less."""
    return sum(trial.status == "ok" and trial.fidelity < 1.0 for trial in trials)


def _sentence(trials: Sequence[TrialRecord], best: TrialRecord | None, loss: str) -> str:
    said = f"{len(trials)} trial{'s' if len(trials) != 1 else ''}"
    extra = [
        f"{count} {word}"
        for word, count in (
            ("failed", _count(trials, "failed")),
            ("given up early", _count(trials, "pruned")),
            ("on lower rungs only", _low(trials)),
        )
        if count
    ]
    said += f" ({', '.join(extra)})" if extra else ""
    if best is None or best.loss is None:
        return f"{said}; none {'is on all rows and rounds' if _low(trials) else 'succeeded'}."
    return f"{said}; the best is {best.algorithm} with {loss} {best.loss:.4f} out of fold."


def _progress(trials: Sequence[TrialRecord]) -> list[dict[str, Any]]:
    points: list[dict[str, Any]] = []
    spent: dict[int, float] = {}
    best = float("inf")
    for trial in trials:
        spent[trial.worker] = spent.get(trial.worker, 0.0) + trial.seconds
        if trial.loss is None or trial.fidelity < 1.0:
            continue
        best = min(best, trial.loss)
        points.append(
            {
                "trial": trial.index,
                "algorithm": trial.algorithm,
                "loss": trial.loss,
                "best": best,
                "seconds": spent[trial.worker],
            }
        )
    return points


def _algorithms(trials: Sequence[TrialRecord]) -> list[dict[str, Any]]:
    rows = []
    for name in dict.fromkeys(trial.algorithm for trial in trials):
        own = [trial for trial in trials if trial.algorithm == name]
        losses = [loss for loss, trial in ranked(own) if trial.fidelity == 1.0]
        rows.append(
            {
                "name": name,
                "trials": len(own),
                "failed": _count(own, "failed"),
                "pruned": _count(own, "pruned"),
                "best_loss": losses[0] if losses else None,
                "seconds": sum(trial.seconds for trial in own),
            }
        )
    return sorted(rows, key=lambda row: (row["best_loss"] is None, row["best_loss"] or 0.0))


def _errors(trials: Sequence[TrialRecord]) -> list[dict[str, Any]]:
    counts = Counter((t.algorithm, t.error) for t in trials if t.status == "failed")
    return [
        {"algorithm": algorithm, "error": error, "trials": count}
        for (algorithm, error), count in counts.most_common(_MOST_ERRORS)
    ]
