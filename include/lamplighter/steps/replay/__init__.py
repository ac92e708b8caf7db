"""Replay: history re-enacted under other policies, in simulated time and in stores of its own."""
