"""What the page of a DAG says about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lamplighter.spec import ModelSpec


def train_doc(spec: ModelSpec) -> str:
    """Return the page of `<model>__train`."""
    return f"""\
### One night of `{spec.model}`, from data to champion

{_facts(spec)}

**Reading a run.** A verdict is never red: `reject`, `inconclusive` and *no training needed* are
decisions. Red means that something broke, or that bad data stopped the night; the champion is
then untouched. On its tab *Details*, every task links to the *Night report*, which says in
sentences what was decided and why.

**Doing something about it.** Any task can be cleared without fear: what is done under a key is
never done twice. After a data problem, repair the source and clear `ingest_data`. To run a night
of your own, press *Trigger* and fill in the form.
"""


def score_doc(spec: ModelSpec) -> str:
    """Return the page of `<model>__score`."""
    return f"""\
### Predictions of `{spec.model}`

{_facts(spec)}

Each example is predicted by whoever was champion at its prediction time, with what was known then.
Scoring an interval again replaces its rows with the same rows. This DAG takes no backfills.
"""


def evaluate_doc(spec: ModelSpec) -> str:
    """Return the page of `<model>__evaluate`."""
    return f"""\
### How the champions of `{spec.model}` did, day by day

{_facts(spec)}

Each example of a day is judged by who was champion at its prediction time, with features as known
then. The labels are those known when the day ended, and once more those known when all of them had
matured; beside it stands the same in hindsight. Every result is a row in the ledger.

**Backfilling.** Choose *Backfill* and two dates, or run
`airflow backfill create --dag-id {spec.model}__evaluate --from-date ... --to-date ...`. A backfill
reads the lake as it is and writes nothing but these rows. Days may run in any order, several at
once, and twice. `lamplighter evaluate {spec.model}` does the same in one process, and draws it.

**Reading a run.** A day before the first champion is green and says *no champion*. Red means that
the lake does not hold the day yet, or that something broke.
"""


def maintain_doc() -> str:
    """Return the page of `lamplighter__maintain`."""
    return """\
### Upkeep of the stores, once a day

One task per duty; each one's page says what it does. They depend on nothing but the stores, so one
may fail and the others are done all the same. Any of them can be run again, beside the nights too.

**Reading a run.** What a duty did stands in its log and in its XCom under `done`; what a person
has to look at under `found`, and as a warning in the log. Red means that a store did not answer, or
that a backup was at work for too long.

**Looking first.** Trigger it with *Dry run*: then it only says what it would delete. How long
things are kept is a field each; the scheduler uses the defaults.
"""


def broken_doc(path: str, message: str) -> str:
    """Return the page of a DAG whose spec cannot be used."""
    return f"""\
### This model does not run: its spec is broken

```
{message}
```

Repair `{path}` and this page turns into the model's DAG at the next parse. Check it first with
`lamplighter check {path}`. Runs that failed meanwhile can be cleared then.
"""


def _facts(spec: ModelSpec) -> str:
    schedule = spec.schedule
    window = " ".join(
        f"{word} {day}"
        for word, day in (("from", schedule.start), ("to", schedule.end))
        if day is not None
    )
    when = (
        f"`{schedule.cron}` {schedule.timezone} {window}".strip()
        if schedule.cron
        else "only when a person starts it"
    )
    rows = {
        "Predicts": f"`{spec.data.target}` ({spec.task})",
        "Examples": f"`{spec.data.examples_table}`",
        "Tables": ", ".join(f"`{name}`" for name in spec.data.tables),
        "Algorithms": ", ".join(spec.search.algorithms),
        "Retraining": spec.retrain.policy,
        "Gate": f"{spec.gate.mode}, at least {spec.gate.min_blocks} blocks of evidence",
        "Schedule": when,
        "Owner": spec.owner.team,
        "Spec": f"`{spec.digest}`",
    }
    return "\n".join(["| | |", "|---|---|", *(f"| {k} | {v} |" for k, v in rows.items())])
