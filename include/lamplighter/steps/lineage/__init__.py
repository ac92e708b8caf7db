"""Where a prediction came from, and who has learnt from an example."""
