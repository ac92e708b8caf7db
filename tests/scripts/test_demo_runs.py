"""Following a run of an Airflow that answers as it is told to."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from airflow_rest import AirflowClient
from demo_runs import DemoError, follow, steps_at_work
from progress import LiveLine

BEGAN, ENDED = "2026-01-01T00:00:00Z", "2026-01-01T00:01:05.500000Z"


def task(name, state):
    return {"task_id": name, "state": state}


@pytest.fixture
def airflow():
    """A web server that tells a run's story, one scene each time it is asked for the run."""
    scenes, shown = [], []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):  # the token
            self.rfile.read(int(self.headers["Content-Length"]))
            self._answer({"access_token": "secret"})

        def do_GET(self):
            if self.path.split("?")[0].endswith("/taskInstances"):
                self._answer({"task_instances": shown[-1][1]})
                return
            shown.append(scenes.pop(0) if len(scenes) > 1 else scenes[0])
            ends = {"start_date": BEGAN, "end_date": ENDED}
            self._answer({"dag_id": "d", "dag_run_id": "r", "state": shown[-1][0], **ends})

        def _answer(self, document):
            body = json.dumps(document).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield scenes, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def watch(address, **more):
    client = AirflowClient(address, user="admin", password="x")
    with LiveLine("night") as line:
        return follow(client, "d", "r", line=line, **{"check": lambda: None, **more})


def test_a_run_is_followed_from_step_to_step_until_it_is_over(airflow, capsys):
    scenes, address = airflow
    scenes += [
        ("queued", []),
        ("running", [task("ingest_data", "running"), task("validate_data", None)]),
        ("running", [task("ingest_data", "success"), task("validate_data", "queued")]),
        ("running", [task("ingest_data", "success"), task("validate_data", "running")]),
        ("failed", [task("ingest_data", "success"), task("validate_data", "failed")]),
    ]
    ended = watch(address)
    assert (ended.state, ended.seconds, ended.failed_tasks) == ("failed", 65.5, ("validate_data",))
    lines = [line.partition("night: ")[2] for line in capsys.readouterr().out.splitlines()]
    assert lines == [
        "waiting for its turn",
        "ingest_data, 0 of 2 done",
        "validate_data, 1 of 2 done",
    ]


def test_a_run_in_which_nothing_happens_is_given_up(airflow):
    scenes, address = airflow
    scenes.append(("queued", []))
    with pytest.raises(DemoError, match="nothing has changed for 1 s, last seen: waiting"):
        watch(address, patience_s=1.0)


def test_waiting_ends_when_airflow_has_died(airflow):
    scenes, address = airflow
    scenes.append(("running", [task("ingest_data", "running")]))

    def check():
        raise DemoError("died: scheduler")

    with pytest.raises(DemoError, match="died: scheduler"):
        watch(address, check=check)


def test_a_step_that_waits_for_its_next_try_is_named():
    tasks = [task("a", "success"), task("b", "up_for_retry"), task("c", None)]
    assert steps_at_work(tasks) == "b failed and will be tried again, 1 of 3 done"


def test_workers_of_one_step_are_counted():
    tasks = [task("tune_model", "running"), task("tune_model", "running"), task("b", None)]
    assert steps_at_work(tasks) == "tune_model (2 at work), 0 of 3 done"
