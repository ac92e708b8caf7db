"""YAML as people expect it: `on`, `off`, `yes` and `no` are words, not booleans."""

from __future__ import annotations

from typing import Any

import yaml


class SpecLoader(yaml.SafeLoader):
    """Reads only `true` and `false` as booleans, as YAML 1.2 does.

    YAML 1.1, which PyYAML reads, turns `gate: {mode: off}` into False, a key `on` into True, and
    Norway (`NO`) into False. A boolean field of the spec takes `yes` and `on` all the same.
    """


_BOOLEAN = "tag:yaml.org,2002:bool"
SpecLoader.yaml_implicit_resolvers = {
    first: [
        (tag, pattern)
        for tag, pattern in resolvers
        if tag != _BOOLEAN or first in "tTfF"  # which leaves out yes, no, on and off
    ]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def parse_yaml(text: str) -> Any:
    """Return what the text says.

    Raises
    ------
    yaml.YAMLError
        If it is no YAML.
    """
    return yaml.load(text, Loader=SpecLoader)
