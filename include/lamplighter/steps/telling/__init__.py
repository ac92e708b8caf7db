"""The book in sentences: what was decided, why, and what came of it."""
