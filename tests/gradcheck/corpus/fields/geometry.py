"""Distances, rotations, cameras and curves."""

import numpy as np

from ..case import case
from ..draws import positive, uniform
from ..words import BRANCH, HELD, SIGN, TRANSPOSED, factor


@case(a=(4, 3), b=(5, 3))
class pairwise_distances:
    def forward(a, b):
        return np.sqrt(((a[:, None] - b) ** 2).sum(axis=2))

    def backward(dy, a, b):
        d = a[:, None] - b
        g = (dy / np.sqrt((d**2).sum(axis=2)))[:, :, None] * d
        return g.sum(axis=1), -g.sum(axis=0)

    wrong = {
        "-g.sum(axis=0) -> g.sum(axis=0)": SIGN,
        "g.sum(axis=1), - -> g.mean(axis=1), -": factor(0.2) + "|mean",
        "(dy / np.sqrt((d**2).sum(axis=2))) -> dy": (
            "norm|root|derivative|missing|scal|extra factor"
        ),
    }


@case(a=(4, 3), b=(5, 3))
class squared_distances:
    """By the expansion of the square."""

    def forward(a, b):
        return (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T

    def backward(dy, a, b):
        da = 2 * dy.sum(axis=1)[:, None] * a - 2 * dy @ b
        db = 2 * dy.sum(axis=0)[:, None] * b - 2 * dy.T @ a
        return da, db

    wrong = {
        "2 * dy.sum(axis=1)[:, None] * a - 2 * dy @ b -> -2 * dy @ b": (
            "term|missing|proportional|" + HELD
        ),
        "- 2 * dy @ b -> + 2 * dy @ b": BRANCH + "|sign",
        "- 2 * dy.T @ a -> - dy.T @ a": BRANCH + "|factor",
    }


@case(x=(5, 3), angle=())
class rotation_about_z:
    def forward(x, angle):
        c, s = np.cos(angle), np.sin(angle)
        return x @ np.array([[c, s, 0 * c], [-s, c, 0 * c], [0 * c, 0 * c, 1 + 0 * c]])

    def backward(dy, x, angle):
        c, s = np.cos(angle), np.sin(angle)
        r = np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]])
        dr = np.array([[-s, c, 0], [-c, -s, 0], [0, 0, 0]])
        return dy @ r.T, (dy * (x @ dr)).sum()

    wrong = {
        "dy @ r.T -> dy @ r": TRANSPOSED + "|inverse",
        "(dy * (x @ dr)).sum() -> -(dy * (x @ dr)).sum()": SIGN,
        "[[-s, c, 0], [-c, -s, 0] -> [[s, c, 0], [-c, s, 0]": "sign|term|factor",
    }


@case(q=4, v=(3, 3))
class quaternion_rotation:
    """Rotate by a quaternion that is normalized first."""

    def forward(q, v):
        w, u = q[0] / np.sqrt(q @ q), q[1:] / np.sqrt(q @ q)
        t = 2 * np.cross(u, v)
        return v + w * t + np.cross(u, t)

    def backward(dy, q, v):
        norm = np.sqrt(q @ q)
        n = q / norm
        w, u = n[0], n[1:]
        t = 2 * np.cross(u, v)
        dt = w * dy + np.cross(dy, u)
        du = np.cross(t, dy) + 2 * np.cross(v, dt)
        dn = np.concatenate([[(t * dy).sum()], du.sum(axis=0)])
        return (dn - n * (n @ dn)) / norm, dy + 2 * np.cross(dt, u)

    wrong = {
        "(dn - n * (n @ dn)) / norm -> dn / norm": HELD,
        "(dn - n * (n @ dn)) / norm -> dn - n * (n @ dn)": "factor|norm",
        "dy + 2 * np.cross(dt, u) -> 2 * np.cross(dt, u)": "skip|itself|missing",
        "np.cross(t, dy) + 2 * np -> 2 * np": BRANCH + "|missing|element",
    }


@case(points=uniform(1, 3, 5, 3), focal=positive(2))
class pinhole_camera:
    def forward(points, focal):
        return focal * points[:, :2] / points[:, 2:]

    def backward(dy, points, focal):
        z = points[:, 2:]
        dxy = dy * focal / z
        dz = -(dy * focal * points[:, :2]).sum(axis=1, keepdims=True) / z**2
        return np.concatenate([dxy, dz], axis=1), (dy * points[:, :2] / z).sum(axis=0)

    wrong = {
        "dz = -(dy -> dz = (dy": "sign|column",
        "/ z**2 -> / z": "column|scal|extra factor",
        "[dxy, dz] -> [dxy, 0 * dz]": "column|analytic = 0",
        "(dy * points[:, :2] / z).sum(axis=0) -> (dy * points[:, :2]).sum(axis=0)": (
            "division|missing|quotient|denominator|factor|instead of that|used instead"
        ),
    }


@case(vertices=(6, 2))
class polygon_area:
    def forward(vertices):
        after = np.roll(vertices, -1, axis=0)
        return 0.5 * (vertices[:, 0] * after[:, 1] - vertices[:, 1] * after[:, 0]).sum()

    def gradient(vertices):
        after, before = np.roll(vertices, -1, axis=0), np.roll(vertices, 1, axis=0)
        d = after - before
        return 0.5 * np.stack([d[:, 1], -d[:, 0]], axis=1)

    wrong = {
        "d = after - before -> d = after": BRANCH + "|sums? to zero",
        "[d[:, 1], -d[:, 0]] -> [d[:, 1], d[:, 0]]": "column|sign",
        "[d[:, 1], -d[:, 0]] -> [-d[:, 0], d[:, 1]]": "revers|exchanged|permut|order|swapped",
        "0.5 * np.stack -> np.stack": factor(2),
    }


@case(vertices=(5, 3))
class triangle_areas:
    def forward(vertices):
        faces = np.array([[0, 1, 2], [0, 2, 3], [0, 3, 4]])
        a, b, c = (vertices[faces[:, k]] for k in range(3))
        n = np.cross(b - a, c - a)
        return 0.5 * np.sqrt((n**2).sum(axis=1))

    def backward(dy, vertices):
        faces = np.array([[0, 1, 2], [0, 2, 3], [0, 3, 4]])
        a, b, c = (vertices[faces[:, k]] for k in range(3))
        n = np.cross(b - a, c - a)
        dn = 0.5 * (dy / np.sqrt((n**2).sum(axis=1)))[:, None] * n
        db, dc = np.cross(c - a, dn), np.cross(dn, b - a)
        dv = np.zeros_like(vertices)
        np.add.at(dv, faces, np.stack([-db - dc, db, dc], axis=1))
        return dv

    wrong = {
        "np.add.at(dv, faces, np.stack([-db - dc, db, dc], axis=1)) -> "
        "dv[faces] += np.stack([-db - dc, db, dc], axis=1)": "duplicate|overwrit|sums? to zero",
        "[-db - dc, db, dc] -> [-db, db, dc]": "row|sums? to zero|term",
        "0.5 * (dy / np -> (dy / np": factor(2),
    }


@case(control=(4, 2), t=uniform(0, 1, 6))
class bezier_curve:
    def forward(control, t):
        t = t[:, None]
        p = control
        for _ in range(3):
            p = (1 - t[..., None]) * p[..., :-1, :] + t[..., None] * p[..., 1:, :]
        return p[:, 0]

    def backward(dy, control, t):
        s = 1 - t
        basis = np.stack([s**3, 3 * s**2 * t, 3 * s * t**2, t**3], axis=1)
        slope = np.stack([-3 * s**2, 3 * s**2 - 6 * s * t, 6 * s * t - 3 * t**2, 3 * t**2], axis=1)
        return basis.T @ dy, ((slope @ control) * dy).sum(axis=1)

    wrong = {
        "3 * s**2 * t, 3 * s * t**2 -> s**2 * t, s * t**2": "row|factor|scaled",
        "3 * s**2 - 6 * s * t, -> 3 * s**2,": BRANCH,
        "[s**3, 3 * s**2 * t, 3 * s * t**2, t**3] -> [t**3, 3 * s * t**2, 3 * s**2 * t, s**3]": (
            "revers|order|permut"
        ),
    }
