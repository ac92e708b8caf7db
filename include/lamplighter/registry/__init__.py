"""MLflow: versions, runs, aliases. The only place that imports it."""
