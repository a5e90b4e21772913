"""
A function of arrays
====================

``check_gradients`` checks a cost of arrays, without a model and without minidl's layers: here in
the course's notation, with one example per column. It gives the same diagnoses.
"""

import numpy as np

from minidl import check_gradients

rng = np.random.default_rng(0)
theta = {"W": rng.standard_normal((3, 4)), "b": np.zeros((3, 1))}
x, y = rng.standard_normal((4, 6)), rng.standard_normal((3, 6))  # each column is an example here


def cost(p):
    return ((p["W"] @ x + p["b"] - y) ** 2).sum() / 6


def gradients(p):
    dz = 2 * (p["W"] @ x + p["b"] - y) / 6
    return {"W": dz @ x.T, "b": 4 * dz.sum(axis=1, keepdims=True)}  # wrong: the 4


report = check_gradients(cost, gradients, theta)
for failure in report.failures:
    print(f"{failure.parameter}: {failure.diagnosis}")
