"""How long Airflow needs to read the DAGs of ten specs and of a hundred, and what that loads.

Copies the spec of the flights under other names, and reads the folder as Airflow's dag-processor
does, each time in a fresh process. Every spec makes two DAGs, of 13 and of 4 tasks.

    .venv/bin/python benchmarks/parse_time.py
    .venv/bin/python benchmarks/parse_time.py --specs 10 100 1000 --repeats 3

How to read it: `airflow` is the import of Airflow itself, which a dag-processor pays once; `parse`
is the reading of the DAG file with all its specs, `serialise` what Airflow then stores, both the
smallest of the repeats. `heavy` counts modules of machine-learning libraries that are loaded
afterwards: it must be 0. The last line says how the time per spec grows from few specs to many:
near 1 is linear, and below 1 what is paid once is spread over more.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
HEAVY = (
    "alembic", "deltalake", "great_expectations", "hyperopt", "matplotlib", "mlflow", "numpy",
    "pandas", "pyarrow", "scipy", "sklearn", "xgboost",
)  # fmt: skip

_PROBE = """
import json, sys, time
began = time.perf_counter()
from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.serialized_objects import DagSerialization
imported = time.perf_counter()
bag = DagBag(dag_folder=sys.argv[1])
parsed = time.perf_counter()
assert not bag.import_errors, bag.import_errors
size = sum(len(json.dumps(DagSerialization.to_dict(dag))) for dag in bag.dags.values())
stored = time.perf_counter()
heavy = sorted({name.split(".")[0] for name in sys.modules} & set(sys.argv[2].split()))
print(json.dumps({"airflow": imported - began, "parse": parsed - imported,
                  "serialise": stored - parsed, "dags": len(bag.dags), "kb": size / 1000,
                  "heavy": heavy}))
"""


def main() -> int:
    """Print a line per number of specs. Return 1 if a heavy library was loaded."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--specs", type=int, nargs="+", default=[10, 100])
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, best of {options.repeats}")
    print(f"{'specs':>6} {'DAGs':>6} {'airflow':>9} {'parse':>9} {'serialise':>10}"
          f" {'parse per spec':>15} {'stored':>9}  heavy")  # fmt: skip
    per_spec, heavy = [], []
    for specs in options.specs:
        found = [read(specs) for _ in range(options.repeats)]
        best = {key: min(one[key] for one in found) for key in ("airflow", "parse", "serialise")}
        per_spec.append(best["parse"] / specs)
        heavy += found[0]["heavy"]
        print(f"{specs:>6} {found[0]['dags']:>6} {best['airflow']:>7.2f} s {best['parse']:>7.2f} s"
              f" {best['serialise']:>8.2f} s {per_spec[-1] * 1000:>12.1f} ms"
              f" {found[0]['kb']:>6.0f} kB  {len(found[0]['heavy'])}", flush=True)  # fmt: skip
    if heavy:
        print(f"loaded while parsing: {', '.join(sorted(set(heavy)))}")
    ratio = per_spec[-1] / per_spec[0]
    print(f"per spec, {options.specs[-1]} against {options.specs[0]}: {ratio:.2f}")
    return 1 if heavy else 0


def read(specs: int) -> dict[str, object]:
    """Read a folder of so many specs in a fresh process."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_specs(folder / "models", specs)
        (folder / "dags").mkdir()
        (folder / "dags" / "models.py").write_text(
            "from lamplighter_airflow import build_dags\n\nbuild_dags()\n"
        )
        env = {k: v for k, v in os.environ.items() if not k.startswith("AIRFLOW__")}
        env |= {
            "AIRFLOW_HOME": str(folder / "airflow"),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": "600",
            "LAMPLIGHTER_MODELS": str(folder / "models"),
        }
        env.pop("PYTHONDONTWRITEBYTECODE", None)
        done = subprocess.run(
            [sys.executable, "-c", _PROBE, str(folder / "dags"), " ".join(HEAVY)],
            env=env, cwd=folder, capture_output=True, text=True,
        )  # fmt: skip
    if done.returncode != 0:
        raise RuntimeError(done.stderr[-2000:])
    document: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return document


def write_specs(folder: Path, count: int) -> None:
    """Write the spec of the flights under so many names."""
    folder.mkdir()
    text = (PROJECT / "include" / "models" / "flights.yaml").read_text()
    for number in range(count):
        name = f"flights_{number:04d}"
        (folder / f"{name}.yaml").write_text(text.replace("model: flights\n", f"model: {name}\n"))


if __name__ == "__main__":
    sys.exit(main())
