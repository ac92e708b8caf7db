"""Ways in which a spec file goes wrong: as text, as bytes, and as values."""

from __future__ import annotations

import copy
from collections.abc import Callable
from random import Random
from typing import Any

import yaml

Mutation = Callable[[bytes, Random], bytes]

SCALARS = [
    "", "~", "[]", "{}", "true", "no", "-1", "0", "1e309", "-.inf", ".nan", "9" * 40, "-0.0",
    "2013-13-45", "2024-01-01", "2024-01-01T00:00:00+99:99", "0001-01-01", "9999-12-31", "0x1F",
    "0o17", "1:30:00", "1_000", "'", '"', '"\\0"', '"\\ud800"', "!!python/name:os.system",
    "!!python/object/apply:os.system ['true']", "!!binary aGk=", "!!set {a, b}", "&a [*a]",
    "*nowhere", "|\n  text\n", "[a, [b, {c: d}]]", "{a: {b: {c: 1}}}", "💥", "\u202eevil",
    "a" * 5_000, "<<", "=", "99999999999999d", "0.0000001s", "-3h", "3 h", "null", "? x",
    "'*/5 * * * *'", "../../etc", "${NOT_SET}", "{day}", "x:y", "a.b:c", "%", "@", "`",
    "Etc/../UTC",
]  # fmt: skip
"""What a hurried hand might write where something else belongs."""

VALUES: list[Any] = [
    None, True, False, 0, -1, 1, 2, 10**30, -(10**30), 1e308, 5e-324, float("inf"), float("nan"),
    "", " ", "a", "A b", "é", "_row", "label", "1d", "1e9d", "0s", "-1d", "visit_id", "seen_at",
    "age", "returned", "outcomes.returned", "outcomes.", ".returned", "a.b.c", "visits",
    [], [None], ["a"], ["visit_id", "visit_id"], [[]], [1, 2, 3], {}, {"a": 1}, {"": ""}, {1: 2},
    {"visits": ["age"]}, {"visits": {"age": [0, 1]}}, {"visits": {"age": [1, 0]}},
    {"nowhere": ["age"]}, {"age": "3h"}, {"spend": "3h"}, {"age": "seen_at"}, {"x": "why"},
    "2024-01-01", "2024-02-30", "UTC", "Mars/Olympus", "0 4 * * *", "* * * *",
    "lamplighter.examples.breast_cancer:tumours", "os:system", "lamplighter.examples:nothing",
]  # fmt: skip
"""Values of every type, some of which fit somewhere."""


def bytes_changed(spec: bytes, random: Random) -> bytes:
    """Overwrite some bytes with any others."""
    changed = bytearray(spec)
    for _ in range(random.randint(1, 5)):
        changed[random.randrange(len(changed))] = random.randrange(256)
    return bytes(changed)


def cut_off(spec: bytes, random: Random) -> bytes:
    """Lose the end, or the beginning."""
    at = random.randrange(len(spec))
    return spec[:at] if random.random() < 0.7 else spec[at:]


def lines_moved(spec: bytes, random: Random) -> bytes:
    """Delete, double or swap lines."""
    lines = spec.split(b"\n")
    for _ in range(random.randint(1, 3)):
        a, b = random.randrange(len(lines)), random.randrange(len(lines))
        match random.randrange(3):
            case 0 if len(lines) > 1:
                del lines[a]
            case 1:
                lines.insert(b, lines[a])
            case _:
                a, b = min(a, len(lines) - 1), min(b, len(lines) - 1)
                lines[a], lines[b] = lines[b], lines[a]
    return b"\n".join(lines)


def indented_otherwise(spec: bytes, random: Random) -> bytes:
    """Shift lines to the left or right, or begin them with a tab."""
    lines = spec.split(b"\n")
    for _ in range(random.randint(1, 3)):
        at = random.randrange(len(lines))
        blank = random.choice([b" ", b"  ", b"    ", b"\t", b"\xc2\xa0"])
        lines[at] = lines[at][1:] if random.random() < 0.4 else blank + lines[at]
    return b"\n".join(lines)


def scalar_replaced(spec: bytes, random: Random) -> bytes:
    """Write something odd behind a key."""
    lines = spec.decode().split("\n")
    keyed = [number for number, line in enumerate(lines) if ":" in line]
    at = random.choice(keyed)
    key = lines[at].split(":", 1)[0]
    lines[at] = f"{key}: {random.choice(SCALARS)}"
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def value_replaced(spec: bytes, random: Random) -> bytes:
    """Put a value of another kind at any place of the document."""
    document = yaml.safe_load(spec)
    for _ in range(random.choice([1, 1, 1, 2])):
        _replace_somewhere(document, random)
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True).encode()


def keys_changed(spec: bytes, random: Random) -> bytes:
    """Rename, remove or add keys anywhere."""
    document = yaml.safe_load(spec)
    mappings = [m for m in _mappings(document) if m]
    chosen = random.choice(mappings)
    name = random.choice(list(chosen))
    match random.randrange(4):
        case 0:
            del chosen[name]
        case 1:
            chosen[_misspelt(str(name), random)] = chosen.pop(name)
        case 2:
            chosen[random.choice([None, 1, True, 2.5, "", " ", "x" * 300, "model"])] = "x"
        case _:
            chosen[name] = copy.deepcopy(document)
    return yaml.safe_dump(document, sort_keys=False).encode()


def section_added(spec: bytes, random: Random) -> bytes:
    """Set a key that the spec left at its default, to any value."""
    document = yaml.safe_load(spec)
    path = random.choice(OPTIONAL).split(".")
    at = document
    for part in path[:-1]:
        at = at.setdefault(part, {})
        if not isinstance(at, dict):
            return spec
    at[path[-1]] = copy.deepcopy(random.choice(VALUES))
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True).encode()


def encoded_otherwise(spec: bytes, random: Random) -> bytes:
    """Save the file in another encoding, or with other line ends."""
    text = spec.decode() + random.choice(["", "# für später\n", "\u2028x: y\n"])
    return random.choice(
        [
            text.encode("utf-16"),
            text.encode("utf-8-sig"),
            text.encode("latin-1", "replace"),
            text.encode("utf-32"),
            text.replace("\n", "\r\n").encode(),
            text.replace("\n", "\r").encode(),
            text.encode() + b"\0",
            b"\0" * 100,
            b"",
            b"\x89PNG\r\n\x1a\n" + text.encode(),
            b"--- a\n--- b\n" + text.encode(),
        ]
    )


def bombs(spec: bytes, random: Random) -> bytes:
    """Nest deeply, refer in circles, or refer to references of references."""
    depth = random.choice([30, 100, 600])
    laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12)
    )
    return random.choice(
        [
            spec + b"deep: " + b"[" * depth + b"]" * depth,
            spec + b"deep: " + b"{a: " * depth + b"}" * depth,
            spec + b"".join(b" " * n + b"k:\n" for n in range(depth // 2)),
            spec + laughs.encode(),
            b"model: &m {a: *m}\n" + spec,
            b"owner: &o\n  team: *o\n" + spec.replace(b"owner", b"x_owner", 1),
            spec + b"search: &s\n  trials: 3\nsplit:\n  <<: *s\n",
            spec.replace(b"owner:", b"owner: &x\n  <<: *x\n", 1),
            spec + b"? [a, b]\n: c\n",
            spec + b"? {a: b}\n: c\n",
        ]
    )


SPEC_MUTATIONS: tuple[Mutation, ...] = (
    bytes_changed,
    cut_off,
    lines_moved,
    indented_otherwise,
    scalar_replaced,
    value_replaced,
    value_replaced,
    keys_changed,
    section_added,
    section_added,
    encoded_otherwise,
    bombs,
)

OPTIONAL = [
    "version", "time", "time.timezone", "time.lead", "time.label_delay", "time.start",
    "data.positive", "data.examples", "data.target", "data.validate", "data.validate.freshness",
    "data.validate.min_rows", "data.validate.not_null", "data.validate.between",
    "data.validate.in_set", "data.validate.expectations", "data.validate.severity",
    "data.validate.max_quarantined_fraction", "data.validate.learn", "data.tables.visits.key",
    "data.tables.visits.columns", "data.tables.visits.filled_in", "data.tables.visits.look_back",
    "data.tables.visits.lag", "data.tables.visits.deleted", "data.tables.visits.event_time",
    "data.tables.outcomes.available_at", "data.tables.visits.source", "features",
    "features.function", "features.drop", "features.select", "features.select.method",
    "features.accept", "split.holdout_days", "split.folds", "split.max_training_days",
    "search.algorithms", "search.budget_s", "search.trials", "search.workers", "search.seed",
    "ensemble", "ensemble.methods", "ensemble.max_members", "gate.mode",
    "gate.min_blocks", "gate.confidence", "gate.guards", "release.registered_name",
    "release.golden_rows", "monitor", "monitor.drift", "monitor.drift.psi",
    "monitor.drift.ignore", "retrain.policy", "retrain.freeze", "retire", "schedule.cron",
    "schedule.timezone", "schedule.start", "schedule.pool", "schedule.steps",
    "schedule.late_after", "owner.email", "owner.access", "owner.notify", "owner.severity",
]  # fmt: skip


def _replace_somewhere(document: Any, random: Random) -> None:
    places = list(_places(document))
    container, at = random.choice(places)
    container[at] = copy.deepcopy(random.choice(VALUES))


def _places(node: Any) -> Any:
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for at, value in list(items):
        yield node, at
        if isinstance(value, dict | list):
            yield from _places(value)


def _mappings(node: Any) -> Any:
    if isinstance(node, dict):
        yield node
    for value in node.values() if isinstance(node, dict) else node:
        if isinstance(value, dict | list):
            yield from _mappings(value)


def _misspelt(name: str, random: Random) -> str:
    at = random.randrange(len(name) + 1)
    return name[:at] + random.choice(["x", "_", " ", "É", ""]) + name[at + 1 :]
