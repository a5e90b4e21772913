"""Matrices: products, inverses, solutions and factors."""

import numpy as np

from ..case import case
from ..draws import invertible, positive, symmetric_positive
from ..words import BRANCH, SIDE, SIGN, TRANSPOSED, factor


@case(a=(3, 4), b=(4, 4), c=(4, 3))
class chain_of_products:
    def forward(a, b, c):
        return a @ b @ c

    def backward(dy, a, b, c):
        return dy @ (b @ c).T, a.T @ dy @ c.T, (a @ b).T @ dy

    wrong = {
        "a.T @ dy @ c.T -> (a.T @ dy @ c.T).T": TRANSPOSED,
        "dy @ (b @ c).T -> dy @ c.T @ b": TRANSPOSED,
        "(a @ b).T @ dy -> a.T @ dy if False else (a @ b.T).T @ dy": TRANSPOSED,
    }


@case(a=invertible(3))
class inverse:
    def forward(a):
        return np.linalg.inv(a)

    def backward(dy, a):
        y = np.linalg.inv(a)
        return -y.T @ dy @ y.T

    wrong = {
        "-y.T @ dy @ y.T -> -y @ dy @ y": TRANSPOSED,
        "-y.T @ dy @ y.T -> y.T @ dy @ y.T": SIGN,
        "-y.T @ dy @ y.T -> -y.T @ y.T @ dy": SIDE,
    }


@case(a=invertible(3), b=(3, 2))
class linear_solve:
    def forward(a, b):
        return np.linalg.solve(a, b)

    def backward(dy, a, b):
        db = np.linalg.solve(a.T, dy)
        return -db @ np.linalg.solve(a, b).T, db

    wrong = {
        "db = np.linalg.solve(a.T, dy) -> db = np.linalg.solve(a, dy)": TRANSPOSED,
        "return -db @ np -> return db @ np": SIGN,
        "np.linalg.solve(a, b).T, db -> b.T, db": "factor|input|b for|y|solution|read for",
    }


@case(a=symmetric_positive(3))
class log_determinant:
    def forward(a):
        return np.log(np.linalg.det(a))

    def gradient(a):
        return np.linalg.inv(a).T

    wrong = {
        "np.linalg.inv(a).T -> a.T": "inverse|input",
        "np.linalg.inv(a).T -> np.diag(np.diag(np.linalg.inv(a)))": "diagonal|analytic = 0",
        "np.linalg.inv(a).T -> np.linalg.inv(a).T * np.linalg.det(a)": "factor",
    }


@case(a=(3, 3), x=(3, 4))
class quadratic_form:
    def forward(a, x):
        return (x * (a @ x)).sum(axis=0)

    def backward(dy, a, x):
        return (x * dy) @ x.T, (a @ x + a.T @ x) * dy

    wrong = {
        "(a @ x + a.T @ x) * dy -> 2 * (a @ x) * dy": "symmetr|transpos",
        "(a @ x + a.T @ x) * dy -> (a @ x) * dy": "symmetr|transpos|term",
        "(x * dy) @ x.T -> x @ x.T": "incoming gradient|dy",
    }


@case(a=(3, 3))
class matrix_power:
    def forward(a):
        return a @ a @ a

    def backward(dy, a):
        t = a.T
        return dy @ t @ t + t @ dy @ t + t @ t @ dy

    wrong = {
        "dy @ t @ t + t @ dy @ t + t @ t @ dy -> 3 * t @ t @ dy": SIDE + "|group|commut",
        "dy @ t @ t + t @ dy @ t + t @ t @ dy -> dy @ t @ t + t @ t @ dy": BRANCH + "|missing",
        "t = a.T -> t = a": TRANSPOSED,
    }


@case(a=(4, 3))
class gram:
    def forward(a):
        return a.T @ a

    def backward(dy, a):
        return a @ (dy + dy.T)

    wrong = {
        "a @ (dy + dy.T) -> 2 * a @ dy": "symmetr|transpos",
        "a @ (dy + dy.T) -> a @ dy": "symmetr|transpos|term",
        "a @ (dy + dy.T) -> a @ (dy + dy.T) / 2": factor(0.5),
    }


@case(d=positive(3), u=(3, 3))
class spectral_product:
    def forward(d, u):
        return (u * d) @ u.T

    def backward(dy, d, u):
        return np.einsum("ij,ik,jk->k", dy, u, u), (dy + dy.T) @ (u * d)

    wrong = {
        '"ij,ik,jk->k", dy, u, u) -> "ij,ki,kj->k", dy, u, u)': TRANSPOSED,
        "(dy + dy.T) @ (u * d) -> (dy + dy.T) @ u": "column|scaled|factor",
        "(dy + dy.T) @ (u * d) -> (dy + dy.T) @ (u * d[:, None])": "axis|row|scaled",
    }


@case(a=(2, 3), b=(3, 2))
class kronecker:
    def forward(a, b):
        return np.kron(a, b)

    def backward(dy, a, b):
        blocks = dy.reshape(2, 3, 3, 2)
        return np.einsum("ikjl,kl->ij", blocks, b), np.einsum("ikjl,ij->kl", blocks, a)

    wrong = {
        '"ikjl,kl->ij", blocks, b) -> "ikjl,kl->ij", blocks, 2 * b)': factor(2),
        '"ikjl,ij->kl", blocks, a) -> "ikjl,ij->kl", blocks, np.abs(a))': "sign|abs|without",
        "dy.reshape(2, 3, 3, 2) -> dy.reshape(2, 3, 2, 3).swapaxes(2, 3)": "permut|order|transpos",
    }


@case(a=(4, 4))
class trace_of_exponential:
    """The first five terms of the series."""

    def forward(a):
        term, total = np.eye(4), np.eye(4)
        for k in range(1, 6):
            term = term @ a / k
            total = total + term
        return np.trace(total)

    def gradient(a):
        term, total = np.eye(4), np.eye(4)
        for k in range(1, 5):
            term = term @ a / k
            total = total + term
        return total.T

    wrong = {
        "return total.T -> return total": TRANSPOSED,
        "range(1, 5) -> range(1, 6)": "term|slight",
        "total = total + term -> total = total + term * k": BRANCH + "|factor",
    }
