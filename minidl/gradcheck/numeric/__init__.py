"""Numeric derivatives."""
