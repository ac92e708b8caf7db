"""Reading sources: only the interval is read, and what cannot be read is one clear error."""

import datetime as dt
import json

import pandas as pd
import pytest
import sqlalchemy as sa
from deltalake import write_deltalake

from lamplighter.data.ingest import conform
from lamplighter.data.sources import read_source, resolve_url
from lamplighter.errors import DataError, SourceUnavailableError, SpecError
from lamplighter.spec.data import Table

DAYS = pd.date_range("2013-07-01", periods=6, freq="12h")
ROWS = pd.DataFrame({"id": range(6), "at": DAYS, "code": ["007", "008", "A1", "9", "10", "11"]})


def day(number: int) -> dt.datetime:
    return dt.datetime(2013, 7, number, tzinfo=dt.UTC)


def table(source: dict, **declared) -> Table:
    return Table.model_validate({"source": source, "key": ["id"], "event_time": "at", **declared})


def ids(read: Table, **request) -> list[int]:
    rows = read_source(read, **{"since": None, "until": day(30), **request})
    return rows["id"].tolist() if len(rows.columns) else []


@pytest.fixture(params=["parquet", "naive parquet", "csv", "delta", "sql", "sql query", "python"])
def source(request, tmp_path, monkeypatch) -> Table:
    """The same rows behind each kind of source."""
    aware = ROWS.assign(at=ROWS["at"].dt.tz_localize("UTC"))
    match request.param:
        case "parquet":
            aware.to_parquet(tmp_path / "rows.parquet", index=False)
        case "naive parquet":
            ROWS.set_index("id").to_parquet(tmp_path / "rows.parquet")
        case "csv":
            ROWS.to_csv(tmp_path / "rows.csv", index=False)
        case "delta":
            write_deltalake(tmp_path / "rows", aware)
        case "sql" | "sql query":
            url = f"sqlite:///{tmp_path}/rows.db"
            monkeypatch.setenv("ROWS_DB", url)
            engine = sa.create_engine(url)
            ROWS.to_sql("rows", engine, index=False)
            engine.dispose()
        case "python":
            (tmp_path / "rows_source.py").write_text(
                "import pandas as pd\n"
                "def rows(*, since, until, first):\n"
                "    at = pd.date_range('2013-07-01', periods=6, freq='12h')\n"
                "    return pd.DataFrame({'id': range(first, 6), 'at': at[first:]})\n"
            )
            monkeypatch.syspath_prepend(tmp_path)
            monkeypatch.setenv("LAMPLIGHTER_ALLOWED_PACKAGES", "rows_source")
    where = {
        "parquet": {"parquet": str(tmp_path / "rows.parquet")},
        "naive parquet": {"parquet": str(tmp_path / "*.parquet")},
        "csv": {"csv": str(tmp_path / "rows.csv")},
        "delta": {"delta": str(tmp_path / "rows")},
        "sql": {"sql": "ROWS_DB", "table": "rows"},
        "sql query": {
            "sql": "ROWS_DB",
            "query": "select * from rows where at > :since and at <= :until",
        },
        "python": {"python": "rows_source:rows", "options": {"first": 0}},
    }
    return table(where[request.param])


def test_without_a_beginning_everything_until_the_end_is_read(source):
    assert ids(source, until=day(2)) == [0, 1, 2]


def test_an_interval_is_open_at_its_beginning_and_closed_at_its_end(source):
    assert ids(source, since=day(2), until=day(3)) == [3, 4]


def test_what_is_read_fits_its_table(source):
    rows = conform(read_source(source, since=None, until=day(30)), "t", source, known_columns=None)
    assert rows["at"].tolist() == list(DAYS.tz_localize("UTC"))


def test_rows_are_told_apart_by_availability_where_there_is_one(tmp_path):
    ROWS.assign(known=day(9)).to_parquet(tmp_path / "rows.parquet")
    late = table({"parquet": str(tmp_path / "rows.parquet")}, available_at="known")
    assert ids(late, until=day(8)) == []
    assert ids(late, since=day(8), until=day(9)) == list(range(6))


def test_a_table_without_any_time_is_read_whole(tmp_path):
    ROWS.to_csv(tmp_path / "rows.csv", index=False)
    timeless = Table.model_validate({"source": {"csv": str(tmp_path / "rows.csv")}, "key": ["id"]})
    assert len(read_source(timeless, since=day(29), until=day(30))) == 6


@pytest.mark.parametrize("kind", ["parquet", "delta"])
def test_a_path_may_begin_from_an_environment_variable(tmp_path, monkeypatch, kind):
    aware = ROWS.assign(at=ROWS["at"].dt.tz_localize("UTC"))
    if kind == "delta":
        write_deltalake(tmp_path / "rows", aware)
    else:
        aware.to_parquet(tmp_path / "rows", index=False)
    monkeypatch.setenv("LANDING_ZONE", str(tmp_path))
    assert ids(table({kind: "${LANDING_ZONE}/rows"})) == [0, 1, 2, 3, 4, 5]


def test_a_variable_that_is_not_set_is_named(monkeypatch):
    monkeypatch.delenv("LANDING_ZONE", raising=False)
    with pytest.raises(SpecError, match="environment variable LANDING_ZONE, which is not set"):
        ids(table({"csv": "${LANDING_ZONE}/rows.csv"}))


def test_a_relative_path_begins_at_the_base(tmp_path):
    ROWS.to_csv(tmp_path / "rows.csv", index=False)
    assert ids(table({"csv": "rows.csv"}), base=tmp_path) == list(range(6))


@pytest.fixture
def daily(tmp_path) -> Table:
    for name, rows in ROWS.groupby(ROWS["at"].dt.strftime("%Y-%m-%d")):
        if name != "2013-07-02":
            rows.to_csv(tmp_path / f"rows-{name}.csv", index=False)
    (tmp_path / "rows-notes.csv").write_text("not,a\nday")
    return table({"csv": str(tmp_path / "rows-{day}.csv")})


def test_one_file_per_day_is_found_by_its_day_and_a_missing_one_is_an_empty_day(daily):
    assert ids(daily) == [0, 1, 4, 5]
    assert ids(daily, since=day(2), until=day(3)) == [4]
    assert ids(daily, since=day(20), until=day(21)) == []


def test_a_night_opens_only_the_files_near_its_days(daily, tmp_path):
    (tmp_path / "rows-2013-07-20.csv").write_bytes(b"\0 broken")
    assert ids(daily, since=day(2), until=day(3)) == [4]
    with pytest.raises(DataError, match="2013-07-20"):
        ids(daily, since=day(20), until=day(21))


def test_no_file_for_any_day_is_an_unavailable_source(tmp_path):
    with pytest.raises(SourceUnavailableError, match=r"there is no file .*\{day\}"):
        ids(table({"csv": str(tmp_path / "{day}.csv")}))


def test_text_that_looks_like_numbers_stays_text_where_the_table_says_so(tmp_path):
    ROWS.iloc[:2].to_csv(tmp_path / "rows.csv", index=False)
    source = {"csv": str(tmp_path / "rows.csv")}
    declared = read_source(table(source, columns={"code": "string"}), since=None, until=day(30))
    known = read_source(table(source), since=None, until=day(30), known_columns={"code": "string"})
    assert declared["code"].tolist() == known["code"].tolist() == ["007", "008"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "cannot be read as csv .binary data"),
        (b"id,at\n1,2013-07-01\n2\n", "cannot be read as csv .*Expected 2 columns, got 1"),
        (b"id,at\n1,2013-07-01,9\n", "cannot be read as csv .*Expected 2 columns, got 3"),
        (b"id,at\n1,\xff\xfe\xfa\n", "cannot be read as csv .*not UTF-8"),
        (b"id,a\xff\n1,2\n", "cannot be read as csv"),
        (b"<html>\n<body>Sign in</body>\n</html>\n", "no column 'id', .*it has <html>"),
        (b'{"id": 1}\n', "no column 'id', .*it has .\"id"),
        (b"id;at\n1;2013-07-01\n", "separated by ';', expected commas"),
    ],
)
def test_a_csv_that_is_not_one_is_one_clear_error(tmp_path, content, said):
    (tmp_path / "rows.csv").write_bytes(content)
    broken = table({"csv": str(tmp_path / "rows.csv")})
    with pytest.raises(DataError, match=said):
        conform(read_source(broken, since=None, until=day(30)), "t", broken, known_columns=None)


def test_a_csv_with_a_header_alone_is_an_empty_day(tmp_path):
    (tmp_path / "rows.csv").write_text("id,at\n")
    assert ids(table({"csv": str(tmp_path / "rows.csv")})) == []


@pytest.mark.parametrize(
    ("content", "said"), [(b"", "is empty"), (b"id,at\n1,2", "cannot be read as parquet")]
)
def test_a_parquet_file_that_is_not_one_is_one_clear_error(tmp_path, content, said):
    (tmp_path / "rows.parquet").write_bytes(content)
    with pytest.raises(DataError, match=said):
        ids(table({"parquet": str(tmp_path / "rows.parquet")}))


def test_a_column_renamed_in_the_newest_of_many_files_is_refused(tmp_path):
    ROWS[:3].to_parquet(tmp_path / "a.parquet")
    ROWS[3:].rename(columns={"code": "codes"}).to_parquet(tmp_path / "b.parquet")
    with pytest.raises(DataError, match=r"b\.parquet has no column code.* but codes"):
        ids(table({"parquet": str(tmp_path / "*.parquet")}))


def test_a_column_may_appear_in_later_files(tmp_path):
    ROWS[:3].to_parquet(tmp_path / "a.parquet")
    ROWS[3:].assign(new=1.0).to_parquet(tmp_path / "b.parquet")
    assert ids(table({"parquet": str(tmp_path / "*.parquet")})) == list(range(6))


def test_files_of_different_types_are_refused_with_both_names(tmp_path):
    ROWS[:3].assign(x=1).to_parquet(tmp_path / "a.parquet")
    ROWS[3:].assign(x="one").to_parquet(tmp_path / "b.parquet")
    with pytest.raises(DataError, match=r"'x' is int64 in .*a\.parquet and .*string in .*b\.par"):
        ids(table({"parquet": str(tmp_path / "*.parquet")}))


def test_rows_without_a_time_are_not_lost_before_they_are_found(tmp_path):
    ROWS.assign(at=ROWS["at"].where(ROWS["id"] != 3)).to_parquet(tmp_path / "rows.parquet")
    source = table({"parquet": str(tmp_path / "rows.parquet")})
    assert ids(source, since=day(1), until=day(2)) == [1, 2, 3]


@pytest.mark.parametrize("kind", ["csv", "parquet", "delta"])
def test_a_missing_file_is_an_unavailable_source(tmp_path, kind):
    with pytest.raises(SourceUnavailableError, match=r"there is no .*nowhere"):
        ids(table({kind: str(tmp_path / "nowhere")}))


def test_a_folder_in_place_of_files_is_refused(tmp_path):
    with pytest.raises(DataError, match="is a folder; name its files"):
        ids(table({"parquet": str(tmp_path)}))


def test_a_server_that_is_not_there_is_an_unavailable_source():
    with pytest.raises(SourceUnavailableError, match=r"127\.0\.0\.1:9.*[Cc]onnect"):
        ids(table({"csv": "http://127.0.0.1:9/rows.csv"}))


@pytest.mark.parametrize(
    "host", ["127.0.0.1:9", "no-such-host.invalid:5432"], ids=["refused", "unknown host"]
)
def test_a_database_that_does_not_answer_is_unavailable_and_no_secret_is_told(monkeypatch, host):
    monkeypatch.setenv("WAREHOUSE", f"postgresql+psycopg://ada:s3cret@{host}/flights")
    with pytest.raises(SourceUnavailableError) as raised:
        ids(table({"sql": "WAREHOUSE", "table": "rows"}))
    assert f"postgresql://{host}/flights does not answer" in str(raised.value)
    assert "s3cret" not in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ({"table": "nothing"}, "has no table nothing"),
        ({"query": "select absent from rows"}, "no such column: absent"),
        ({"query": "selec"}, "syntax error"),
        ({"query": "select * from rows where at > :from"}, "from"),
    ],
)
def test_a_wrong_query_is_the_databases_word_and_no_traceback(tmp_path, monkeypatch, source, said):
    monkeypatch.setenv("ROWS_DB", f"sqlite:///{tmp_path}/rows.db")
    with sa.create_engine(f"sqlite:///{tmp_path}/rows.db").begin() as connection:
        ROWS.to_sql("rows", connection)
    with pytest.raises(DataError, match=said):
        ids(table({"sql": "ROWS_DB", **source}))


def test_a_missing_sqlite_file_is_not_created(tmp_path, monkeypatch):
    monkeypatch.setenv("ROWS_DB", f"sqlite:///{tmp_path}/rows.db")
    with pytest.raises(SourceUnavailableError, match=r"no database file .*rows\.db"):
        ids(table({"sql": "ROWS_DB", "table": "rows"}))
    assert not (tmp_path / "rows.db").exists()


def test_numbers_of_a_database_stay_exact_beside_nulls(tmp_path, monkeypatch):
    monkeypatch.setenv("ROWS_DB", f"sqlite:///{tmp_path}/rows.db")
    with sa.create_engine(f"sqlite:///{tmp_path}/rows.db").begin() as connection:
        connection.execute(sa.text("create table rows (id integer, n integer)"))
        connection.execute(sa.text("insert into rows values (1, 9007199254740993), (2, null)"))
    source = Table.model_validate(
        {"source": {"sql": "ROWS_DB", "table": "rows"}, "key": ["id"], "columns": {"n": "int"}}
    )
    rows = read_source(source, since=None, until=day(1))
    assert conform(rows, "t", source, known_columns=None)["n"][0] == 9007199254740993


@pytest.mark.parametrize(
    ("variable", "value", "url"),
    [
        ("warehouse", "sqlite:///x.db", "sqlite:///x.db"),
        ("AIRFLOW_CONN_WAREHOUSE", "postgres://a:p%40@h:1/db", "postgresql://a:p%40@h:1/db"),
        ("AIRFLOW_CONN_WAREHOUSE", "mysql://h/db?charset=utf8", "mysql://h/db?charset=utf8"),
        (
            "AIRFLOW_CONN_WAREHOUSE",
            "postgresql+psycopg://h/d?__extra__=x",
            "postgresql+psycopg://h/d",
        ),
        (
            "AIRFLOW_CONN_WAREHOUSE",
            json.dumps(
                {
                    "conn_type": "postgres",
                    "login": "a",
                    "password": "p/",
                    "host": "h",
                    "port": "1",
                    "schema": "db",
                    "extra": "{}",
                }
            ),
            "postgresql://a:p%2F@h:1/db",
        ),
    ],
)
def test_a_connection_is_found_by_its_name(monkeypatch, variable, value, url):
    monkeypatch.setenv(variable, value)
    assert resolve_url("warehouse") == url


def test_a_connection_nobody_set_says_where_it_was_looked_for():
    with pytest.raises(
        SpecError, match="neither environment variable warehouse nor AIRFLOW_CONN_W"
    ):
        resolve_url("warehouse")


@pytest.mark.parametrize("value", ["p4ssword", "{not json p4ssword", '{"host": "p4ssword"}', ""])
def test_a_connection_that_is_no_url_is_refused_without_showing_it(monkeypatch, value):
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", value)
    with pytest.raises(SpecError) as raised:
        resolve_url("warehouse")
    assert "p4ssword" not in str(raised.value)


def test_a_missing_driver_says_which():
    with pytest.raises(SpecError, match="driver of mysql\\+pymysql is not installed"):
        ids(table({"sql": "X", "table": "rows"}), resolve=lambda _: "mysql+pymysql://h/db")


@pytest.mark.parametrize(
    ("body", "error", "said"),
    [
        ("return [1]", DataError, "returned a list, expected a DataFrame"),
        ("raise KeyError('x')", DataError, r"failed \(KeyError: 'x'\)"),
        ("raise ConnectionError('down')", SourceUnavailableError, "ConnectionError: down"),
        ("open('/no/such/file')", SourceUnavailableError, "FileNotFoundError"),
    ],
)
def test_what_a_source_function_does_wrong_is_said(tmp_path, monkeypatch, body, error, said):
    name = f"source_{abs(hash(body))}"
    (tmp_path / f"{name}.py").write_text(f"def rows(since, until):\n    {body}\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("LAMPLIGHTER_ALLOWED_PACKAGES", name)
    with pytest.raises(error, match=said):
        ids(table({"python": f"{name}:rows"}))
