"""Backup and restore of the three stores to one point in time: `back_up` and `restore`."""
