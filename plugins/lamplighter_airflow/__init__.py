"""Airflow operators, DAG builders and the plugin. Wiring only; the work is in `lamplighter`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lamplighter_airflow.dag_builder import build_dags

__all__ = ["build_dags"]


def __getattr__(name: str) -> Any:
    # Airflow imports this package while it is still starting itself up (see warm.py), so the
    # builder, which imports Airflow, is loaded when it is first asked for.
    if name == "build_dags":
        from lamplighter_airflow.dag_builder import build_dags

        return build_dags
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
