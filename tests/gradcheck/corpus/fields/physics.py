"""Energies, forces and motions."""

import numpy as np

from ..case import case
from ..draws import positive, uniform
from ..words import DUPLICATES, SIGN, ZERO, factor


@case(x=(5, 3), k=positive(4))
class spring_chain:
    def forward(x, k):
        stretch = np.sqrt(((x[1:] - x[:-1]) ** 2).sum(axis=1)) - 1
        return 0.5 * (k * stretch**2).sum()

    def gradient(x, k):
        d = x[1:] - x[:-1]
        r = np.sqrt((d**2).sum(axis=1))
        pull = (k * (r - 1) / r)[:, None] * d
        dx = np.zeros_like(x)
        dx[1:] += pull
        dx[:-1] -= pull
        return dx, 0.5 * (r - 1) ** 2

    wrong = {
        "dx[:-1] -= pull -> pass": "sums? to zero|row|term|missing",
        "dx[:-1] -= pull -> dx[:-1] = -pull": "overwrit|overlap|row|sums? to zero|last",
        "(k * (r - 1) / r) -> (k * (r - 1))": "factor|scaled|norm|length",
        "0.5 * (r - 1) ** 2 -> (r - 1) ** 2": factor(2),
    }


@case(x=uniform(-3, 3, 5, 3))
class lennard_jones:
    def forward(x):
        i, j = np.triu_indices(5, 1)
        r2 = ((x[i] - x[j]) ** 2).sum(axis=1) + 1
        return (4 * (r2**-6 - r2**-3)).sum()

    def gradient(x):
        i, j = np.triu_indices(5, 1)
        d = x[i] - x[j]
        r2 = (d**2).sum(axis=1) + 1
        f = (4 * (-6 * r2**-7 + 3 * r2**-4))[:, None] * 2 * d
        g = np.zeros_like(x)
        np.add.at(g, i, f)
        np.add.at(g, j, -f)
        return g

    wrong = {
        "np.add.at(g, j, -f) -> g[j] -= f": DUPLICATES + "|sums? to zero",
        "-6 * r2**-7 + 3 * r2**-4 -> -6 * r2**-7": "term|branch|missing",
        "[:, None] * 2 * d -> [:, None] * d": factor(0.5),
        "np.add.at(g, j, -f) -> np.add.at(g, j, f)": "sums? to zero|sign|row",
    }


@case(x=(4, 2), mass=positive(4))
class gravity:
    def forward(x, mass):
        i, j = np.triu_indices(4, 1)
        r = np.sqrt(((x[i] - x[j]) ** 2).sum(axis=1) + 0.1)
        return -(mass[i] * mass[j] / r).sum()

    def gradient(x, mass):
        i, j = np.triu_indices(4, 1)
        d = x[i] - x[j]
        r = np.sqrt((d**2).sum(axis=1) + 0.1)
        f = (mass[i] * mass[j] / r**3)[:, None] * d
        dx, dmass = np.zeros_like(x), np.zeros_like(mass)
        np.add.at(dx, i, f)
        np.add.at(dx, j, -f)
        np.add.at(dmass, i, -mass[j] / r)
        np.add.at(dmass, j, -mass[i] / r)
        return dx, dmass

    wrong = {
        "(mass[i] * mass[j] / r**3) -> (mass[i] * mass[j] / r**2)": "power|factor|row|length",
        "np.add.at(dmass, j, -mass[i] / r) -> pass": "row|element|zero|term|missing",
        "np.add.at(dmass, i, -mass[j] / r) -> np.add.at(dmass, i, mass[j] / r)": (
            "sign|element|row"
        ),
        "np.add.at(dx, i, f) -> dx[i] = f": DUPLICATES + "|sums? to zero|row",
    }


@case(x0=3, v0=3, stiffness=positive(3))
class leapfrog:
    """Ten steps of an oscillator; two outputs."""

    def forward(x0, v0, stiffness):
        x, v = x0, v0
        for _ in range(10):
            v = v - 0.1 * stiffness * x
            x = x + 0.1 * v
        return x, v

    def backward(dy, x0, v0, stiffness):
        xs, x, v = [], x0, v0
        for _ in range(10):
            xs.append(x)
            v = v - 0.1 * stiffness * x
            x = x + 0.1 * v
        dx, dv = dy
        dk = np.zeros(3)
        for x in reversed(xs):
            dv = dv + 0.1 * dx
            dk -= 0.1 * x * dv
            dx = dx - 0.1 * stiffness * dv
        return dx, dv, dk

    wrong = {
        "dk -= 0.1 * x * dv -> dk = -0.1 * x * dv": "overwrit|only|last|first",
        "dv = dv + 0.1 * dx -> dv = dv - 0.1 * dx": "sign|minus|branch",
        "in reversed(xs) -> in xs": "order|revers|time",
    }


@case(u0=8, c=())
class heat_equation:
    def forward(u0, c):
        u = u0
        for _ in range(5):
            u = u + 0.2 * c * (np.roll(u, 1) - 2 * u + np.roll(u, -1))
        return u

    def backward(dy, u0, c):
        states = [u0]
        for _ in range(4):
            u = states[-1]
            states.append(u + 0.2 * c * (np.roll(u, 1) - 2 * u + np.roll(u, -1)))
        du, dc = dy, 0.0
        for u in reversed(states):
            dc = dc + 0.2 * (du * (np.roll(u, 1) - 2 * u + np.roll(u, -1))).sum()
            du = du + 0.2 * c * (np.roll(du, -1) - 2 * du + np.roll(du, 1))
        return du, dc

    wrong = {
        "dc = dc + 0.2 -> dc = 0.2": "overwrit|only|last|first|factor",
        "- 2 * du + np.roll(du, 1)) -> - du + np.roll(du, 1))": (
            "factor|term|sum|without its derivative"
        ),
        "du = du + 0.2 * c -> du = 0.2 * c": "term|skip|identity|in time|sum",
    }


@case(u=(6, 6))
class laplacian:
    def forward(u):
        return u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:] - 4 * u[1:-1, 1:-1]

    def backward(dy, u):
        g = np.zeros_like(u)
        g[:-2, 1:-1] += dy
        g[2:, 1:-1] += dy
        g[1:-1, :-2] += dy
        g[1:-1, 2:] += dy
        g[1:-1, 1:-1] -= 4 * dy
        return g

    wrong = {
        "g[1:-1, 1:-1] -= 4 * dy -> g[1:-1, 1:-1] -= dy": (
            "term|factor|proportional|sums? to zero|sum"
        ),
        "g[1:-1, 1:-1] -= 4 * dy -> g[1:-1, 1:-1] = -4 * dy": (
            "overwrit|overlap|duplicate|last|sums? to zero"
        ),
        "g[1:-1, 2:] += dy -> pass": "term|missing|column|sums? to zero|row|dy",
    }


@case(theta=(4, 2), v=(4, 2), mass=positive(2))
class pendulum_energy:
    def forward(theta, v, mass):
        return (0.5 * mass * v**2 + 9.81 * mass * (1 - np.cos(theta))).sum(axis=1)

    def backward(dy, theta, v, mass):
        dy = dy[:, None]
        dmass = (dy * (0.5 * v**2 + 9.81 * (1 - np.cos(theta)))).sum(axis=0)
        return dy * 9.81 * mass * np.sin(theta), dy * mass * v, dmass

    wrong = {
        "dy * 9.81 * mass * np.sin(theta) -> -dy * 9.81 * mass * np.sin(theta)": SIGN,
        "dy * 9.81 * mass * np.sin(theta) -> dy * mass * np.sin(theta)": factor(1 / 9.81),
        "dy * mass * v, -> dy * v,": "column|scaled|factor|mass",
        "dy * mass * v, -> 0 * v,": ZERO,
    }


@case(q=positive(6), t=positive(6))
class ideal_gas:
    """Temperature and volume to pressure and energy; two outputs."""

    def forward(q, t):
        return 8.314 * t / q, 1.5 * 8.314 * t

    def backward(dy, q, t):
        dp, du = dy
        return -dp * 8.314 * t / q**2, dp * 8.314 / q + 1.5 * 8.314 * du

    wrong = {
        "-dp * 8.314 * t / q**2 -> -dp * 8.314 * t / q": "input|times|factor|q|power",
        "-dp * 8.314 * t / q**2 -> dp * 8.314 * t / q**2": SIGN,
        "dp * 8.314 / q + 1.5 * 8.314 * du -> dp * 8.314 / q": "term|missing|output|dy",
    }


@case(a=(4, 3), b=(4, 3))
class cross_product:
    def forward(a, b):
        return np.cross(a, b)

    def backward(dy, a, b):
        return np.cross(b, dy), np.cross(dy, a)

    wrong = {
        "np.cross(b, dy) -> np.cross(dy, b)": SIGN,
        "np.cross(dy, a) -> np.cross(dy, b)": "other|one argument|b for a|read for",
        "return np.cross(b, dy) -> return np.cross(b, dy)[:, ::-1]": "revers|permut|order",
    }
