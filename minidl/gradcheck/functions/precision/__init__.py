"""Checks of functions that compute in low precision, or with noise: precision is measured."""
