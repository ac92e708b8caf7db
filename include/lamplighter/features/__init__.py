"""From columns to what an estimator reads: types, encoding, selection."""
