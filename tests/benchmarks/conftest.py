"""The benchmarks are found from the project's folder, as `python -m` finds them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
