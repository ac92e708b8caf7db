"""`lamplighter plan SPEC`: what a changed spec changes, before it is applied."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from datetime import UTC, datetime

from lamplighter.cli.output import ERROR, OK, print_json
from lamplighter.errors import LamplighterError
from lamplighter.ledger import Ledger
from lamplighter.spec import ModelSpec, load_spec
from lamplighter.steps.last_spec import last_spec
from lamplighter.steps.night import Stores
from lamplighter.steps.plan_meanings import Known
from lamplighter.steps.plan_spec import Plan, plan_spec


def configure(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("spec", help="the model's YAML file, as it is to be")
    parser.add_argument("--environment", help="overlay to lay over it; default $LAMPLIGHTER_ENV")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(arguments: argparse.Namespace) -> int:
    """Print the plan; exit 1 if a night with this spec would be refused."""
    spec = load_spec(arguments.spec, arguments.environment)
    plan = plan_spec(spec, _known(Stores.from_environment(), spec))
    if arguments.json:
        print_json(
            {
                "model": plan.model,
                "changes": [asdict(change) for change in plan.changes],
                "meanings": plan.meanings,
                "forbidden": plan.forbidden,
            }
        )
    else:
        _print(plan)
    return ERROR if plan.forbidden else OK


def _known(stores: Stores, spec: ModelSpec) -> Known:
    model, ledger = spec.model, stores.ledger
    champion = ledger.champion(model)
    return Known(
        spec=last_spec(ledger, model),
        champion=champion.version if champion else None,
        champion_features=_features(stores, model) if champion else (),
        ingested={name: stores.lake.ingested_until(model, name) for name in spec.data.tables},
        others=_others(ledger, model),
        now=datetime.now(UTC),
    )


def _features(stores: Stores, model: str) -> tuple[str, ...]:
    from lamplighter.steps.load_model import load_model

    champion = stores.ledger.champion(model)
    try:
        return load_model(stores, champion.artifact).features if champion else ()
    except LamplighterError:
        return ()


def _others(ledger: Ledger, model: str) -> dict[str, dict[str, object]]:
    found = {name: last_spec(ledger, name) for name in ledger.models() if name != model}
    return {name: document for name, document in found.items() if document is not None}


def _print(plan: Plan) -> None:
    if not (plan.changes or plan.meanings):
        print(f"{plan.model}: nothing changes; this is the spec of its last night")
        return
    if plan.changes:
        print(f"{plan.model} changes {len(plan.changes)} keys:")
    for change in plan.changes:
        print(f"  {change}")
    if plan.meanings:
        print("which means:")
    for meaning in plan.meanings:
        print(f"  - {meaning}")
    if plan.forbidden:
        print("refused:")
    for reason in plan.forbidden:
        print(f"  - {reason}")
