"""
A statistic held fixed
======================

Normalization divides by a standard deviation that depends on the input, too. ``check_function``
records each operation of ``forward``, and names the one whose backward is missing, with its line.
"""

import numpy as np

from minidl import check_function


def normalize(x):
    centred = x - x.mean(axis=1, keepdims=True)
    std = np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-5)
    return centred / std


def normalize_backward(dy, x):
    centred = x - x.mean(axis=1, keepdims=True)
    std = np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-5)
    return (dy - dy.mean(axis=1, keepdims=True)) / std  # wrong: std depends on x, too


x = np.random.default_rng(0).standard_normal((6, 4))
report = check_function(normalize, normalize_backward, x, backward_inputs=True)
print(report.guilty.diagnosis.partition(" (equal")[0])
