"""Words that YAML 1.1 takes for booleans."""

import pytest

from lamplighter.spec import load_spec
from lamplighter.spec.yaml_text import parse_yaml

TEA = """\
model: tea
owner: {team: kitchen, notify: [{via: log, on: [failure]}]}
task: binary
data:
  tables: {cups: {source: {csv: cups.csv}, key: [cup]}}
  target: good
gate: {mode: off}
schedule: {catchup: yes}
"""


def test_a_spec_says_on_and_off_without_quotes(tmp_path):
    path = tmp_path / "tea.yaml"
    path.write_text(TEA)
    spec = load_spec(path)
    assert spec.owner.notify[0].on == ("failure",)
    assert spec.gate.mode == "off"
    assert spec.schedule.catchup is True


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("False", False),
        ("NO", "NO"),
        ("y", "y"),
        ("on", "on"),
        ("1", 1),
        ("", None),
    ],
)
def test_only_true_and_false_are_booleans(text, value):
    assert parse_yaml(f"key: {text}") == {"key": value}
