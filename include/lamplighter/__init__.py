"""The library: every step of a model's life, without Airflow."""

import os

# Threads that spin while they wait for one another make a fit ten times slower on cores that are
# shared. OpenMP reads this when it is loaded, so it must be set before any library that brings it.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
