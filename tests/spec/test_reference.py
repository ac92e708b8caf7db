"""The published reference and schema say what the code accepts."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from lamplighter.spec import spec_paths
from lamplighter.spec.reference import reference, schema

PROJECT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["spec-reference.md", "spec.schema.json"])
def test_the_committed_page_is_the_generated_one(name: str) -> None:
    made = reference() if name.endswith(".md") else json.dumps(schema(), indent=2) + "\n"
    assert (PROJECT / "docs" / name).read_text() == made, "stale; run `make docs`"


@pytest.mark.parametrize("path", spec_paths(PROJECT / "include/models"), ids=lambda p: p.stem)
def test_shipped_specs_satisfy_the_published_schema(path: Path) -> None:
    document = json.loads(json.dumps(yaml.safe_load(path.read_text()), default=str))
    jsonschema.validate(document, schema())


def test_the_schema_refuses_an_unknown_key() -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"modell": "x"}, schema())
