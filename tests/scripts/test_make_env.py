"""`make env`: secrets that nobody can guess, and that nobody writes over."""

import stat

import make_env
import pytest
from cryptography.fernet import Fernet

EXAMPLE = make_env.PROJECT / ".env.example"


def values(path):
    lines = [line for line in path.read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def test_every_secret_is_random_and_only_the_owner_reads_them(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    make_env.write_env(EXAMPLE, first)
    make_env.write_env(EXAMPLE, second)
    assert stat.S_IMODE(first.stat().st_mode) == 0o600
    assert set(values(first)) == set(values(EXAMPLE))
    both = [*values(first).values(), *values(second).values()]
    assert len(set(both)) == len(both)
    assert all(len(value) >= 44 for value in both)
    Fernet(values(first)["AIRFLOW_FERNET_KEY"])


def test_secrets_can_stand_in_an_address_as_they_are(tmp_path):
    from urllib.parse import quote

    make_env.write_env(EXAMPLE, tmp_path / "env")
    passwords = {k: v for k, v in values(tmp_path / "env").items() if k.endswith("PASSWORD")}
    assert len(passwords) == 6
    assert all(quote(value, safe="") == value for value in passwords.values())


def test_an_earlier_file_is_left_as_it_is_and_what_it_lacks_is_said(tmp_path, monkeypatch, capsys):
    (tmp_path / ".env.example").write_text("OLD_PASSWORD=\nNEW_PASSWORD=\n")
    env = tmp_path / ".env"
    env.write_text("OLD_PASSWORD=kept\n")
    with pytest.raises(FileExistsError):
        make_env.write_env(tmp_path / ".env.example", env)
    monkeypatch.setattr(make_env, "PROJECT", tmp_path)
    assert make_env.main() == 1
    assert env.read_text() == "OLD_PASSWORD=kept\n"
    assert "NEW_PASSWORD" in capsys.readouterr().out
    env.write_text("OLD_PASSWORD=kept\nNEW_PASSWORD=added\n")
    assert make_env.main() == 0
