"""Benchmarks: training, gradient checks, prediction, import and reading, next to other libraries.

Also how the costs grow with the size of the problem.
"""
