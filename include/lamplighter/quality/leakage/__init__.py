"""Leakage: features that know what cannot be known when a prediction is made.

A model that was trained on such a feature is brilliant on every hold-out and useless on the next
morning. The checks look at the examples of one night and stop it, or warn, with numbers.
"""

from lamplighter.quality.leakage.find import find_leakage, remedy
from lamplighter.quality.leakage.findings import Finding, LeakageReport, Unfilled
from lamplighter.quality.leakage.rows import LabelledRows

__all__ = ["Finding", "LabelledRows", "LeakageReport", "Unfilled", "find_leakage", "remedy"]
