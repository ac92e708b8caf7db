"""Flights from New York: which will arrive 15 minutes late or more, or never."""
