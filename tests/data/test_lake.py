"""The lake: rows are added once, count as known from the right instant, and never change."""

import datetime as dt
import subprocess
import sys

import pandas as pd
import pytest
from deltalake import DeltaTable
from hypothesis import given, settings
from hypothesis import strategies as st

from lamplighter.data.digests import frame_digest
from lamplighter.data.ingest import conform
from lamplighter.data.lake import Lake
from lamplighter.errors import DataError, SourceUnavailableError
from lamplighter.spec.data import Table


def table(**declared) -> Table:
    return Table.model_validate({"source": {"csv": "x.csv"}, "key": ["id"], **declared})


def day(number: int, hour: int = 0) -> dt.datetime:
    return dt.datetime(2013, 7, number, hour, tzinfo=dt.UTC)


WITH_AVAILABILITY = table(event_time="at", available_at="known")
WITH_EVENTS = table(event_time="at", lag="2h")
TIMELESS = table()


def rows(*values: tuple, columns=("id", "at", "known", "x")) -> pd.DataFrame:
    frame = pd.DataFrame(values, columns=list(columns))
    return conform(frame, "t", table(key=columns[:1]), known_columns=None)


@pytest.fixture
def lake(tmp_path) -> Lake:
    return Lake(str(tmp_path / "lake"))


def publish(lake: Lake, declared: Table, frame: pd.DataFrame, until: dt.datetime, **more) -> int:
    return lake.publish("m", "t", declared, frame, until=until, **{"start": None, **more})


def history(lake: Lake, declared: Table, known_by: dt.datetime, **more) -> pd.DataFrame:
    return lake.history("m", "t", declared, known_by=known_by, **more)


def known(lake: Lake, declared: Table) -> list[tuple]:
    found = history(lake, declared, day(30))
    return list(zip(found["x"], found["_known_at"].dt.to_pydatetime(), strict=True))


class TestWhenARowCountsAsKnown:
    def test_by_its_availability_where_it_has_one(self, lake):
        publish(lake, WITH_AVAILABILITY, rows((1, day(1), day(1, 9), "a")), day(2))
        assert known(lake, WITH_AVAILABILITY) == [("a", day(1, 9))]

    def test_at_the_first_ingest_by_its_event_and_the_lag(self, lake):
        frame = rows((1, day(1), "a"), columns=("id", "at", "x"))
        publish(lake, WITH_EVENTS, frame, day(2))
        assert known(lake, WITH_EVENTS) == [("a", day(1, 2))]

    def test_later_by_the_ingest_that_first_saw_it(self, lake):
        publish(lake, WITH_EVENTS, rows((1, day(1), "a"), columns=("id", "at", "x")), day(2))
        publish(lake, WITH_EVENTS, rows((2, day(2, 9), "b"), columns=("id", "at", "x")), day(3))
        assert known(lake, WITH_EVENTS)[1] == ("b", day(3))

    def test_always_without_any_time(self, lake):
        publish(lake, TIMELESS, rows((1, "a"), columns=("id", "x")), day(2))
        assert known(lake, TIMELESS) == [("a", dt.datetime(1970, 1, 1, tzinfo=dt.UTC))]

    def test_a_correction_of_a_closed_time_is_known_from_its_own_ingest(self, lake):
        publish(lake, WITH_AVAILABILITY, rows((1, day(1), day(1, 9), "a")), day(2))
        before = history(lake, WITH_AVAILABILITY, day(2))
        assert publish(lake, WITH_AVAILABILITY, rows((1, day(1), day(1, 9), "b")), day(3)) == 1
        assert known(lake, WITH_AVAILABILITY) == [("a", day(1, 9)), ("b", day(3))]
        pd.testing.assert_frame_equal(history(lake, WITH_AVAILABILITY, day(2)), before)

    def test_a_late_row_is_known_from_its_own_ingest(self, lake):
        publish(lake, WITH_AVAILABILITY, rows((1, day(1), day(1, 9), "a")), day(2))
        publish(lake, WITH_AVAILABILITY, rows((2, day(1), day(1, 5), "late")), day(3))
        assert ("late", day(3)) in known(lake, WITH_AVAILABILITY)

    def test_rows_read_up_to_an_earlier_instant_never_count_as_known_then(self, lake):
        publish(lake, WITH_AVAILABILITY, rows((1, day(5), day(5), "a")), day(9))
        publish(lake, WITH_AVAILABILITY, rows((2, day(1), day(1), "b")), day(3))
        assert ("b", day(9)) in known(lake, WITH_AVAILABILITY)
        assert lake.ingested_until("m", "t") == day(9)


class TestWhatIsNew:
    @pytest.mark.parametrize("declared", [WITH_AVAILABILITY, WITH_EVENTS, TIMELESS])
    @pytest.mark.parametrize("again", [day(2), day(3), day(1)])
    def test_the_same_rows_again_are_not(self, lake, declared, again):
        frame = rows((1, day(1), day(1, 9), "a"), (2, None, day(1, 10), None))
        frame = frame.assign(n=pd.array([1, None], dtype="Int64"), y=[None, 1.5], z=[True, False])
        frame = frame if declared is WITH_AVAILABILITY else frame[:1]
        assert publish(lake, declared, frame, day(2)) == len(frame)
        before = history(lake, declared, day(30))
        assert publish(lake, declared, frame, again) == 0
        pd.testing.assert_frame_equal(history(lake, declared, day(30)), before)

    def test_exact_duplicates_are_stored_once(self, lake):
        one = rows((1, day(1), day(1), "a"))
        assert publish(lake, WITH_AVAILABILITY, pd.concat([one, one]), day(2)) == 1

    def test_of_a_timeless_table_a_value_may_change_and_change_back(self, lake):
        for number, value in ((1, "a"), (2, "b"), (3, "a"), (4, "a")):
            publish(lake, TIMELESS, rows((1, value), columns=("id", "x")), day(number))
        always = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
        assert known(lake, TIMELESS) == [("a", always), ("b", day(2)), ("a", day(3))]

    def test_an_old_night_again_brings_no_old_value_back(self, lake):
        for number, value in ((1, "a"), (2, "b")):
            publish(lake, TIMELESS, rows((1, value), columns=("id", "x")), day(number))
        assert publish(lake, TIMELESS, rows((1, "a"), columns=("id", "x")), day(1)) == 0

    def test_a_version_older_than_the_stored_one_was_superseded_before_it_came(self, lake):
        publish(lake, WITH_AVAILABILITY, rows((1, day(1), day(1, 9), "new")), day(2))
        assert publish(lake, WITH_AVAILABILITY, rows((1, day(1), day(1, 5), "old")), day(3)) == 0

    def test_rows_of_events_before_the_data_begin_are_left_out(self, lake):
        frame = rows(*((i, day(i), day(9), "a") for i in range(1, 6)))
        assert publish(lake, WITH_AVAILABILITY, frame, day(9), start=dt.date(2013, 7, 4)) == 3

    def test_an_empty_day_still_closes_the_day(self, lake):
        nothing = rows((1, day(1), day(1), "a"))[:0]
        assert publish(lake, WITH_AVAILABILITY, nothing, day(2)) == 0
        assert lake.ingested_until("m", "t") == day(2)
        assert publish(lake, WITH_AVAILABILITY, nothing, day(3)) == 0
        assert lake.ingested_until("m", "t") == day(3)
        assert history(lake, WITH_AVAILABILITY, day(9)).empty

    def test_a_declared_new_column_is_null_in_older_rows(self, lake):
        publish(lake, WITH_AVAILABILITY, rows((1, day(1), day(1), "a")), day(2))
        wider = rows((2, day(2), day(2, 1), "b")).assign(extra=[7], late=[True])
        assert publish(lake, WITH_AVAILABILITY, wider, day(3)) == 1
        assert publish(lake, WITH_AVAILABILITY, wider, day(4)) == 0
        assert history(lake, WITH_AVAILABILITY, day(9))["extra"].tolist()[1:] == [7]


class TestHistory:
    FRAME = rows(*((i, day(1 + i % 9, i), day(2 + i % 9), f"x{i}") for i in range(24)))

    def test_holds_the_roles_of_the_columns(self, lake):
        declared = table(event_time="at", available_at="known", deleted="gone")
        frame = rows((1, day(1), day(1), "a"), (2, None, day(1), "b")).assign(gone=[True, None])
        publish(lake, declared, conform(frame, "t", declared, known_columns=None), day(2))
        found = history(lake, declared, day(2))
        assert list(found) == [
            "id", "at", "known", "x", "gone", "_known_at", "_event_time", "_deleted"
        ]  # fmt: skip
        assert found["_deleted"].tolist() == [True, False]
        assert found["_event_time"].tolist() == [pd.Timestamp(day(1)), pd.NaT]
        assert str(found["_event_time"].dtype) == str(found["_known_at"].dtype)

    def test_without_event_time_or_tombstones_has_these_columns_too(self, lake):
        publish(lake, TIMELESS, rows((1, "a"), columns=("id", "x")), day(2))
        found = history(lake, TIMELESS, day(2))
        assert found["_event_time"].isna().all()
        assert not found["_deleted"].any()

    def test_puts_the_newest_version_last_also_among_those_that_came_late_together(self, lake):
        publish(lake, WITH_AVAILABILITY, rows((9, day(1), day(1), "a")), day(2))
        late = rows((1, day(1, 2), day(1, 9), "newest"), (1, day(1, 7), day(1, 8), "older"))
        publish(lake, WITH_AVAILABILITY, late, day(3))
        assert [value for value, at in known(lake, WITH_AVAILABILITY) if at == day(3)] == [
            "older",
            "newest",
        ]

    def test_is_cut_by_events_from_the_first_to_before_the_last(self, lake):
        publish(lake, WITH_AVAILABILITY, self.FRAME, day(20))
        found = history(
            lake, WITH_AVAILABILITY, day(20), event_from=day(3, 11), event_until=day(5, 4)
        )
        inside = self.FRAME["at"].between(day(3, 11), day(5, 4), inclusive="left")
        assert sorted(found["id"]) == sorted(self.FRAME["id"][inside])

    def test_of_some_days_opens_no_file_of_another_day(self, lake, tmp_path):
        publish(lake, WITH_AVAILABILITY, self.FRAME, day(20))
        for file in tmp_path.rglob("_event_day=*/*.parquet"):
            if "2013-07-04" not in str(file):
                file.unlink()
        found = history(lake, WITH_AVAILABILITY, day(20), event_from=day(4), event_until=day(5))
        assert len(found) == (self.FRAME["at"].dt.day == 4).sum()

    @settings(max_examples=15, deadline=None)
    @given(order=st.permutations(range(24)), cut=st.integers(0, 24), compacted=st.booleans())
    def test_is_the_same_however_the_rows_came_and_lie(
        self, tmp_path_factory, order, cut, compacted
    ):
        frame = self.FRAME.assign(id=self.FRAME["id"] % 5, at=day(1), known=day(1))
        shuffled = frame.iloc[list(order)]
        one, two = (Lake(str(tmp_path_factory.mktemp("lake"))) for _ in range(2))
        publish(one, WITH_AVAILABILITY, frame, day(2))
        publish(two, WITH_AVAILABILITY, shuffled[:0], day(1))
        publish(two, WITH_AVAILABILITY, shuffled[:cut].assign(known=day(2)), day(2))
        publish(one, WITH_AVAILABILITY, frame.assign(known=day(2)), day(2))
        publish(two, WITH_AVAILABILITY, shuffled[cut:].assign(known=day(2)), day(2))
        if compacted:
            two.compact("m", "t")
        left, right = (
            history(which, WITH_AVAILABILITY, day(9)).query("known == @day(2)")
            for which in (one, two)
        )
        assert frame_digest(left) == frame_digest(right)

    def test_ints_with_nulls_are_floats_unless_that_would_change_them(self, lake):
        frame = rows((1, day(1), day(1), "a"), (2, day(1), day(1), "b")).assign(
            few=pd.array([1, None], dtype="Int64"), big=pd.array([2**60 + 1, None], dtype="Int64")
        )
        publish(lake, WITH_AVAILABILITY, frame, day(2))
        found = history(lake, WITH_AVAILABILITY, day(2))
        assert str(found["few"].dtype) == "float64"
        assert found["big"][0] == 2**60 + 1

    def test_of_a_table_nobody_ingested_says_so(self, lake):
        assert lake.columns("m", "t") is None
        assert lake.ingested_until("m", "t") is None
        with pytest.raises(DataError, match=r"table m\.t holds nothing yet; run a night first"):
            history(lake, WITH_AVAILABILITY, day(2))

    def test_of_a_table_whose_declaration_names_a_new_column_says_so(self, lake):
        publish(lake, TIMELESS, rows((1, "a"), columns=("id", "x")), day(2))
        with pytest.raises(DataError, match=r"table m\.t has no column at, which the spec now"):
            history(lake, WITH_EVENTS, day(2))


def test_names_with_spaces_quotes_and_capitals_are_kept(lake):
    name = 'Mean "radius" (mm)'
    declared = Table.model_validate(
        {"source": {"csv": "x"}, "key": ["Id"], "event_time": "At 'UTC'", "available_at": "K"}
    )
    frame = rows((1, day(1), day(1), 2.5), columns=("Id", "At 'UTC'", "K", name))
    publish(lake, declared, frame, day(2))
    found = history(lake, declared, day(2), event_from=day(1), event_until=day(2))
    assert found[name].tolist() == [2.5]


def test_columns_are_those_of_the_source_with_their_types(lake):
    publish(lake, WITH_AVAILABILITY, rows((1, day(1), day(1), "a")).assign(y=1.0, z=True), day(2))
    assert lake.columns("m", "t") == {
        "id": "int",
        "at": "timestamp",
        "known": "timestamp",
        "x": "string",
        "y": "float",
        "z": "bool",
    }


def test_compaction_and_checkpoints_change_neither_rows_nor_how_far_was_ingested(lake, tmp_path):
    for number in range(2, 8):
        publish(lake, WITH_AVAILABILITY, rows((number, day(1), day(number), "a")), day(number))
    before = history(lake, WITH_AVAILABILITY, day(30))
    assert lake.compact("m", "t") == 5
    DeltaTable(tmp_path / "lake/tables/m/t").create_checkpoint()
    assert lake.compact("m", "t") == 0
    assert lake.ingested_until("m", "t") == day(7)
    pd.testing.assert_frame_equal(history(lake, WITH_AVAILABILITY, day(30)), before)
    assert publish(lake, WITH_AVAILABILITY, rows((7, day(1), day(7), "a")), day(7)) == 0


def test_a_lake_that_cannot_be_written_is_said_in_one_sentence(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(SourceUnavailableError, match=r"the lake's table .*file/tables/m/t cannot"):
        publish(Lake(str(tmp_path / "file")), TIMELESS, rows((1, "a"), columns=("id", "x")), day(2))


def test_a_damaged_table_is_said_in_one_sentence(lake, tmp_path):
    publish(lake, TIMELESS, rows((1, "a"), columns=("id", "x")), day(2))
    for file in tmp_path.rglob("_delta_log/*.json"):
        file.write_text("{broken")
    with pytest.raises(SourceUnavailableError, match="cannot be opened"):
        history(lake, TIMELESS, day(2))


def test_a_relative_root_is_a_folder_where_one_stands(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    publish(Lake("var/lake"), TIMELESS, rows((1, "a"), columns=("id", "x")), day(2))
    assert len(history(Lake(str(tmp_path / "var/lake")), TIMELESS, day(2))) == 1


def test_compacting_a_table_that_is_not_there_is_nothing(lake):
    assert lake.compact("m", "t") == 0


_WRITER = """
import sys, datetime as dt, time
from pathlib import Path
import pandas as pd
from lamplighter.data.lake import Lake
from lamplighter.spec.data import Table

root, ready = Path(sys.argv[1]), Path(sys.argv[2])
table = Table.model_validate({"source": {"csv": "x"}, "key": ["id"], "event_time": "at"})
days = [dt.datetime(2013, 7, n, tzinfo=dt.UTC) for n in range(1, 9)]
lake = Lake(str(root))
ready.touch()
while len(list(ready.parent.glob("*.ready"))) < int(sys.argv[3]):
    time.sleep(0.001)
for until in days[1:]:
    at = [day for day in days if day < until] * 50
    rows = pd.DataFrame({"id": range(len(at)), "at": pd.Series(at).dt.as_unit("us")})
    lake.publish("m", "t", table, rows, until=until, start=None)
"""


def test_processes_that_publish_the_same_nights_at_once_leave_one_copy(lake, tmp_path):
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", _WRITER, tmp_path / "lake", tmp_path / f"{n}.ready", "3"]
        )
        for n in range(3)
    ]
    assert [writer.wait(timeout=120) for writer in writers] == [0, 0, 0]
    found = history(lake, WITH_EVENTS, day(30))
    alone = Lake(str(tmp_path / "alone"))
    subprocess.run(
        [sys.executable, "-c", _WRITER, tmp_path / "alone", tmp_path / "4.ready", "1"], check=True
    )
    pd.testing.assert_frame_equal(found, history(alone, WITH_EVENTS, day(30)))
    assert lake.ingested_until("m", "t") == day(8)


_KILLED = """
import os, signal, sys, threading, time, datetime as dt
from pathlib import Path
import pandas as pd
from lamplighter.data.lake import Lake
from lamplighter.spec.data import Table

root, after_files = Path(sys.argv[1]), int(sys.argv[2])
def kill_when_files_appear():
    while len(list(root.rglob("_event_day=*/*.parquet"))) <= after_files:
        pass
    os.kill(os.getpid(), signal.SIGKILL)
table = Table.model_validate({"source": {"csv": "x"}, "key": ["id"], "event_time": "at"})
at = pd.date_range("2013-01-01", periods=20_000, freq="13min", tz="UTC").as_unit("us")
rows = pd.DataFrame({"id": range(20_000), "at": at})
until = dt.datetime(2014, 1, 1, tzinfo=dt.UTC)
threading.Thread(target=kill_when_files_appear, daemon=True).start()
Lake(str(root)).publish("m", "t", table, rows, until=until, start=None)
time.sleep(5)
"""


@pytest.mark.parametrize("after_files", [0, 30])
def test_a_publish_killed_in_the_middle_leaves_all_rows_or_none(tmp_path, after_files):
    root = tmp_path / "lake"
    done = subprocess.run([sys.executable, "-c", _KILLED, root, str(after_files)], check=False)
    lake = Lake(str(root))
    until = dt.datetime(2014, 1, 1, tzinfo=dt.UTC)
    at = pd.date_range("2013-01-01", periods=20_000, freq="13min", tz="UTC").as_unit("us")
    frame = pd.DataFrame({"id": range(20_000), "at": at})

    assert done.returncode == -9
    assert list(root.rglob("_event_day=*/*.parquet")), "it was killed before it wrote anything"
    committed = lake.ingested_until("m", "t") is not None
    assert publish(lake, WITH_EVENTS, frame, until) == (0 if committed else 20_000)
    assert len(history(lake, WITH_EVENTS, until)) == 20_000


_FORKED = """
import os, sys, datetime as dt
import pandas as pd
from lamplighter.data.lake import Lake
import lamplighter.data.sources
from lamplighter.spec.data import Table

for _ in range(2):
    child = os.fork()
    if child == 0:
        lake = Lake(sys.argv[1])
        table = Table.model_validate({"source": {"csv": "x"}, "key": ["id"]})
        until = dt.datetime(2013, 7, 2, tzinfo=dt.UTC)
        lake.publish("m", "t", table, pd.DataFrame({"id": [1]}), until=until, start=None)
        os._exit(len(lake.history("m", "t", table, known_by=until)))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
"""


def test_children_forked_from_a_process_that_imported_the_lake_can_use_it(tmp_path):
    subprocess.run([sys.executable, "-c", _FORKED, tmp_path], check=True, timeout=60)
