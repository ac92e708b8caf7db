"""The example models that ship: flights and breast_cancer."""
