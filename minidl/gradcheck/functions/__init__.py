"""Checks of functions of arrays: any code, in any precision, without layers or models."""
