"""Which Python a spec may name."""

import pytest

from lamplighter.data.callables import load_callable
from lamplighter.errors import SpecError


def test_a_function_of_an_allowed_package_is_loaded(monkeypatch):
    monkeypatch.setenv("LAMPLIGHTER_ALLOWED_PACKAGES", "json, statistics")
    assert load_callable("statistics:mean")([1, 3]) == 2
    assert load_callable("json.decoder:JSONDecoder")().decode("[1]") == [1]


@pytest.mark.parametrize(
    "path", ["os:system", "lamplighter.examples_of_others:f", "lamplighter.ledger:f", "jsonx:f"]
)
def test_a_package_off_the_list_is_not_even_imported(path, monkeypatch):
    monkeypatch.setenv("LAMPLIGHTER_ALLOWED_PACKAGES", "json")
    with pytest.raises(SpecError, match=r"outside the allowed packages \(lamplighter\.examples"):
        load_callable(path)


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("json:no_such", "found nothing of that name in json, expected a function"),
        ("json:__doc__", "found a str of that name in json"),
        ("json.nowhere:f", "cannot be imported .*ModuleNotFoundError"),
        ("json", "expected a dotted path such as package.module:function"),
    ],
)
def test_what_is_wrong_with_a_path_is_said(path, said, monkeypatch):
    monkeypatch.setenv("LAMPLIGHTER_ALLOWED_PACKAGES", "json")
    with pytest.raises(SpecError, match=said):
        load_callable(path)


def test_a_module_that_fails_on_import_is_one_clear_error(tmp_path, monkeypatch):
    (tmp_path / "broken_features.py").write_text("raise RuntimeError('no licence')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("LAMPLIGHTER_ALLOWED_PACKAGES", "broken_features")
    with pytest.raises(SpecError, match="RuntimeError: no licence"):
        load_callable("broken_features:f")
