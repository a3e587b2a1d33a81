"""Callback APIs become promises, and promises become callback APIs."""
