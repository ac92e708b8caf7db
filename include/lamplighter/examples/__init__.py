"""The example models that ship: flights, payments, breast_cancer and digits."""
