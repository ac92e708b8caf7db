"""The append-only book of what was decided and done."""
