"""Evaluating the past: who is judged, by what knowledge, and how it did."""
