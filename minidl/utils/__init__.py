"""Helpers that know nothing of deep learning: validation, random numbers, files, work arrays."""
