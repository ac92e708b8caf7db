"""Metrics with intervals, the gate's evidence and decision, and the report."""
