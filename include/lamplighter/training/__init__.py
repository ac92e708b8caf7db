"""Members, ensembles and the predictor that is judged, stored and released."""
