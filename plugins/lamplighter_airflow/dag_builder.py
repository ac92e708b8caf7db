"""Build the DAGs of every spec in a folder, and put them where Airflow finds them."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from airflow.sdk import get_parsing_context
from pydantic import ValidationError

from lamplighter.errors import SpecError
from lamplighter.spec import load_spec, spec_paths
from lamplighter.spec.operations import Owner, Schedule
from lamplighter.spec.yaml_text import parse_yaml
from lamplighter_airflow.broken_spec_dag import broken_spec_dag
from lamplighter_airflow.evaluate_dag import evaluate_dag
from lamplighter_airflow.maintain_dag import MAINTAIN, maintain_dag
from lamplighter_airflow.score_dag import score_dag
from lamplighter_airflow.train_dag import train_dag

if TYPE_CHECKING:
    from collections.abc import Iterator, MutableMapping

    from airflow.sdk import DAG

    from lamplighter.spec import ModelSpec
    from lamplighter.spec.values import Section

BUILDERS = {"train": train_dag, "score": score_dag, "evaluate": evaluate_dag}
"""Process and what builds its DAG."""


def build_dags(
    folder: str | Path | None = None,
    namespace: MutableMapping[str, Any] | None = None,
    *,
    maintain: bool = True,
) -> list[DAG]:
    """Build the DAGs of every spec, one per process in `BUILDERS`, and `lamplighter__maintain`.

    A spec that cannot be used becomes a DAG of the same name that says what is wrong with it; the
    other models are built all the same.

    Parameters
    ----------
    folder : path, optional
        Where the specs are. Default: ``$LAMPLIGHTER_MODELS``, else the project's
        ``include/models``, beside the folder of the calling file.
    namespace : mapping, optional
        Where the DAGs are put. Default: the globals of the calling module, where Airflow looks.
    maintain : bool, default True
        Whether the DAG of upkeep is built too. Of several calls over the same stores, only one
        should: two DAGs of one name are an error in Airflow.

    Returns
    -------
    list of DAG
        What was built. In a running task, only the DAG that the task belongs to.
    """
    # `inspect.stack` would read the source of every frame: .3 s at each start of a task.
    caller = sys._getframe(1).f_globals if namespace is None else namespace
    models = _models_folder(folder, caller)
    wanted = get_parsing_context().dag_id
    built = list(_build(models, wanted)) if wanted != MAINTAIN else []
    if maintain and wanted in (None, MAINTAIN):
        built.append(maintain_dag(models))
    caller.update({dag.dag_id: dag for dag in built})
    return built


def _models_folder(folder: str | Path | None, caller: MutableMapping[str, Any]) -> Path:
    named = folder or os.environ.get("LAMPLIGHTER_MODELS")
    beside = Path(caller.get("__file__", "dags/x.py")).resolve().parent.parent
    models = Path(named) if named else beside / "include" / "models"
    if not models.is_dir():
        raise SpecError(
            f"there is no folder {models}; give the folder of the specs to build_dags, or set "
            "LAMPLIGHTER_MODELS"
        )
    return models.absolute()


def _build(models: Path, wanted: str | None) -> Iterator[DAG]:
    paths = spec_paths(models)
    if wanted is not None:
        # A file is usually named as its model, and a task start should not read a thousand.
        model = wanted.rpartition("__")[0]
        paths = sorted(paths, key=lambda path: (path.stem != model, path))
    taken: dict[str, Path] = {}
    for path in paths:
        for dag in _dags_of(path, wanted, taken):
            if wanted is None or dag.dag_id == wanted:
                yield dag
                if wanted is not None:
                    return


def _dags_of(path: Path, wanted: str | None, taken: dict[str, Path]) -> Iterator[DAG]:
    try:
        spec = load_spec(path)
        _refuse_second(spec, path, taken)
    except SpecError as error:
        model, schedule, owner = _what_can_be_read(path)
        model = path.stem if model in taken else model
        for process in BUILDERS:
            nights = schedule if process == "train" else None
            yield broken_spec_dag(
                _as_name(model),
                process,
                path=path,
                message=str(error),
                schedule=nights,
                owner=owner,
            )
        return
    taken[spec.model] = path
    for process, build in BUILDERS.items():
        if wanted in (None, f"{spec.model}__{process}"):
            yield build(spec, path)


def _refuse_second(spec: ModelSpec, path: Path, taken: dict[str, Path]) -> None:
    first = taken.get(spec.model)
    if first is not None:
        raise SpecError(
            f"{path.name} declares the model {spec.model!r}, which {first.name} declares already; "
            "give it a name of its own"
        )


def _what_can_be_read(path: Path) -> tuple[str, Schedule | None, Owner | None]:
    """Return a broken spec's model, schedule and owner as far as they are sound."""
    try:
        content = parse_yaml(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError, RecursionError):
        return path.stem, None, None
    if not isinstance(content, dict):
        return path.stem, None, None
    model = content.get("model")
    name = model if isinstance(model, str) and model else path.stem
    return (
        name,
        _sound(Schedule, content.get("schedule") or {}),
        _sound(Owner, content.get("owner")),
    )


def _sound[Read: Section](section: type[Read], content: object) -> Read | None:
    try:
        return section.model_validate(content)
    except ValidationError:
        return None


def _as_name(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]", "_", text)
