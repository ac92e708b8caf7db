"""Great Expectations: suites from the spec, and what they found."""

import logging
import os

# Set before Great Expectations is imported: it reports its use over the network, and logs some
# two hundred lines per task.
os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
logging.getLogger("great_expectations").setLevel(logging.WARNING)
