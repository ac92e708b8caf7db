"""Assets of a model: `lamplighter://MODEL/snapshot` and `lamplighter://MODEL/champion`.

A task whose outlet is an asset would announce it whenever it ends well, also when it released
nothing. So the outlets are aliases, and the task says when there is something to announce.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from airflow.sdk import Asset, AssetAlias

if TYPE_CHECKING:
    from typing import Any

    from airflow.sdk import Context

Announced = Literal["snapshot", "champion"]


def model_asset(model: str, what: Announced) -> Asset:
    """Return the asset on which another DAG may be scheduled."""
    return Asset(uri=f"lamplighter://{model}/{what}")


def model_outlet(model: str, what: Announced) -> AssetAlias:
    """Return the outlet of the task that may announce the asset."""
    return AssetAlias(name=f"{model}/{what}", group="lamplighter")


def announce(context: Context, model: str, what: Announced, extra: dict[str, Any]) -> None:
    """Announce that there is a new one, with what is worth knowing of it."""
    outlet = model_outlet(model, what)
    context["outlet_events"][outlet].add(model_asset(model, what), extra=extra)
