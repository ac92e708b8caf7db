"""A spec file is read with its lines, and everything wrong with it is said at once."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from lamplighter.errors import SpecError
from lamplighter.spec import InvalidSpecError, load_spec, spec_paths

SMALLEST = """\
model: churn
owner: {team: growth}
task: binary
time: {start: 2024-01-01, label_delay: 30d}
data:
  tables:
    customers:
      source: {parquet: "data/{day}.parquet"}
      key: [customer_id]
      event_time: seen_at
  target: churned
"""


def write(folder: Path, text: str, name: str = "churn.yaml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text))
    return path


def problems(path: Path) -> dict[str, tuple[int | None, str]]:
    with pytest.raises(InvalidSpecError) as invalid:
        load_spec(path)
    return {p.key: (p.line, p.message) for p in invalid.value.problems}


def test_eleven_lines_are_a_whole_spec(tmp_path: Path) -> None:
    spec = load_spec(write(tmp_path, SMALLEST))
    assert (spec.model, spec.data.examples_table, spec.loss) == ("churn", "customers", "log_loss")


def test_every_problem_is_said_at_once_with_its_line(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        SMALLEST.replace("target:", "taget:").replace("30d", "30 moons")
        + "search: {budget_s: -5}\ngate: {min_blocks: 3}\n",
    )
    found = problems(path)
    assert found["data.taget"] == (11, "unknown key; did you mean 'target'?")
    assert found["time.label_delay"] == (
        4,
        "got '30 moons', expected a duration such as 90s, 30m, 2h or 14d",
    )
    assert found["search.budget_s"] == (12, "got -5, expected greater than 0")
    assert found["gate.min_blocks"][0] == 13
    assert found["data.target"][1] == "required, but missing"


@pytest.mark.parametrize(
    ("dimension", "key", "said"),
    [
        ("{low: 3, high: 1}", "", "low 3 is not below high 1"),
        ("{low: 1, high: .inf}", ".high", "got inf, expected a finite number"),
        ("{low: 0, high: 1, log: true}", "", "log needs a low above 0, got 0"),
        ("{choice: []}", ".choice", "got [], expected at least 1"),
        ("{choice: [1, 1]}", "", "names 1 twice"),
        (
            "[1, 2]",
            "",
            "got [1, 2], expected keys of its own below it, a valid string, a valid integer, "
            "a valid number or a valid boolean",
        ),
        (
            "{choice: [1, {value: 2, then: {z: {low: 2, high: 1}}}]}",
            ".choice.1.then.z",
            "low 2 is not below high 1",
        ),
    ],
)
def test_a_value_of_one_of_several_kinds_has_one_problem(
    tmp_path: Path, dimension: str, key: str, said: str
) -> None:
    found = problems(
        write(tmp_path, f"{SMALLEST}search: {{space: {{linear: {{C: {dimension}}}}}}}\n")
    )
    assert found == {f"search.space.linear.C{key}": (12, said)}


def test_a_misspelt_key_is_looked_for_among_the_keys_of_all_kinds(tmp_path: Path) -> None:
    text = f"{SMALLEST}search: {{space: {{linear: {{C: {{chioce: [1]}}}}}}}}\n"
    assert problems(write(tmp_path, text)) == {
        "search.space.linear.C.chioce": (12, "unknown key; did you mean 'choice'?"),
        "search.space.linear.C.choice": (12, "required, but missing"),
    }


def test_what_contradicts_another_section_has_the_line_of_the_key_it_names(tmp_path: Path) -> None:
    text = f"{SMALLEST}search:\n  trials: 3\n  algorithms: [linear, nope]\n"
    ((line, _),) = problems(write(tmp_path, text)).values()
    assert line == 14
    text = f"{SMALLEST}search: {{}}\ndecision: {{costs: {{2: {{0: 1}}}}}}\n"
    ((line, _),) = problems(write(tmp_path, text)).values()
    assert line == 13


def test_the_nearest_key_is_found_inside_a_table(tmp_path: Path) -> None:
    found = problems(write(tmp_path, SMALLEST.replace("event_time:", "evnt_time:")))
    assert found["data.tables.customers.evnt_time"] == (
        10,
        "unknown key; did you mean 'event_time'?",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "got nothing, expected keys such as model"),
        ("- a\n- b\n", "got list, expected keys"),
        ("model: [unclosed\n", "not YAML"),
        ("model: a\nmodel: b\n", "the key stands twice, first on line 1"),
        ("model: !!python/object:os.system {}\n", "not YAML"),
    ],
)
def test_what_is_not_a_mapping_of_keys_is_one_clear_problem(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(InvalidSpecError, match=said):
        load_spec(write(tmp_path, text))


def test_bytes_that_are_not_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "churn.yaml"
    path.write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(InvalidSpecError, match="expected YAML in UTF-8"):
        load_spec(path)


def test_a_missing_file_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match=r"cannot read the spec .*no such file"):
        load_spec(tmp_path / "none.yaml")


def test_an_overlay_changes_only_what_it_names(tmp_path: Path) -> None:
    path = write(tmp_path, SMALLEST + "search: {budget_s: 60, workers: 3}\n")
    write(
        tmp_path,
        """\
        search: {budget_s: 5}
        data: {tables: {customers: {source: {csv: fixed.csv}}}}
        """,
        "environments/demo/churn.yaml",
    )
    plain, demo = load_spec(path, ""), load_spec(path, "demo")
    assert (demo.search.budget_s, demo.search.workers) == (5, 3)
    assert demo.data.tables["customers"].source.kind == "csv"
    assert plain.search.budget_s == 60
    assert plain.digest != demo.digest


def test_a_problem_in_an_overlay_names_the_overlay(tmp_path: Path) -> None:
    path = write(tmp_path, SMALLEST)
    write(tmp_path, "search: {budget_s: soon}\n", "environments/demo/churn.yaml")
    with pytest.raises(InvalidSpecError, match=r"line 1 .*demo/churn.yaml: search.budget_s"):
        load_spec(path, "demo")


def test_the_digest_ignores_layout_and_defaults_that_are_spelled_out(tmp_path: Path) -> None:
    spelled = load_spec(write(tmp_path, SMALLEST + "\n# a comment\nsplit: {folds: 3}\n", "a.yaml"))
    assert spelled.digest == load_spec(write(tmp_path, SMALLEST, "b.yaml")).digest


def test_a_stored_document_reads_back_as_the_same_spec(tmp_path: Path) -> None:
    spec = load_spec(write(tmp_path, SMALLEST))
    assert type(spec).model_validate(spec.document()) == spec


def test_a_folder_lists_its_specs_in_one_order(tmp_path: Path) -> None:
    for name in ("b.yaml", "a.yml", "notes.md", "environments/demo/a.yml"):
        write(tmp_path, SMALLEST, name)
    assert [p.name for p in spec_paths(tmp_path)] == ["a.yml", "b.yaml"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("source: {parquet", "source: {csv: a.csv, parquet"), "got parquet and csv"),
        (('{parquet: "data/{day}.parquet"}', "{sql: warehouse}"), "either `table` or `query`"),
        (("target: churned", "target: bills.churned"), "no table is called 'bills'"),
        (
            ("target: churned", "target: churned\n  validate: {not_null: {bills: [amount]}}"),
            "validate names a table 'bills', and there are only customers",
        ),
        (
            (
                "target: churned",
                "target: churned\n  validate: {expectations: [{table: bills, name: ExpectX}]}",
            ),
            "validate.expectations names a table 'bills', and there are only customers",
        ),
        (("      event_time: seen_at\n", ""), "needs an event_time"),
        (("time: {start: 2024-01-01, label_delay: 30d}\n", ""), "section `time` is needed"),
        (
            ("data:\n", "search: {method: gp}\nfeatures: {augment: {method: auto}}\ndata:\n"),
            "features.augment.method is auto, and gp cannot search that: .* set search.method to",
        ),
        (
            (
                "data:\n",
                "search: {method: halving, halving: {around: gp}}\n"
                "features: {select: {method: auto}}\ndata:\n",
            ),
            "features.select.method is auto, and gp .* set search.halving.around to grid",
        ),
        (
            ("data:\n", "features: {augment: {method: words}}\ndata:\n"),
            "augment.method is words, .* set features.types, such as {review: text}",
        ),
        (
            ("data:\n", "features: {types: {churned: category}}\ndata:\n"),
            "features.types names churned, which is data.target and no feature; leave it out",
        ),
        (("model: churn", "model: Churn-1"), "lower-case letters"),
    ],
)
def test_sections_that_contradict_each_other_are_refused(
    tmp_path: Path, change: tuple[str, str], said: str
) -> None:
    with pytest.raises(InvalidSpecError, match=said):
        load_spec(write(tmp_path, SMALLEST.replace(*change)))
