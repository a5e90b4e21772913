"""Functions to try low precision on: smooth ones, kinks, sums that cancel, and many scales."""

import numpy as np


def functions(seed):
    """Return {name: (parameters, function of Nodes)}."""
    draw = np.random.default_rng(seed).standard_normal
    found = {}

    def add(name, function, **parameters):
        found[name] = (parameters, function)

    a, b, c = draw((5, 4)), draw((7, 4)), draw((7, 6))
    target = np.eye(6)[np.arange(7) % 6]
    spread = np.abs(draw(15)) * 10.0 ** np.linspace(-3, 1, 15)

    def softmax(z):
        e = (z - z.value.max(axis=1, keepdims=True)).exp()
        return e / e.sum(1)

    def normalized(x, axis):
        d = x - x.mean(axis)
        return d / (d.square().mean(axis) + 1e-5).sqrt()

    add("linear", lambda p: (p["x"] * c).sum(), x=draw((7, 6)))
    add("squares", lambda p: p["x"].square().mean(), x=draw(40))
    add("tanh layer", lambda p: ((p["x"] @ a + p["b"]).tanh() * b).sum(), x=draw((7, 5)), b=draw(4))
    add("sines", lambda p: (p["x"] * 3.0).sin().sum(), x=draw(25))
    add("exponentials", lambda p: p["x"].exp().sum(), x=np.linspace(-4, 4, 20) + 0.1 * draw(20))
    add("roots of many sizes", lambda p: p["x"].sqrt().sum(), x=spread)
    add("norm", lambda p: p["x"].square().sum().sqrt(), x=draw(20))
    add("log-sum-exp", lambda p: p["x"].exp().sum().log(), x=draw(20))
    add("cross-entropy", lambda p: (softmax(p["x"]).log() * target).sum() * -0.1, x=draw((7, 6)))
    add("layer norm", lambda p: (normalized(p["x"], 1) * c).sum(), x=draw((7, 6)))
    add(
        "batch norm after a bias",
        lambda p: (normalized(p["w"].under(c) + p["b"], 0) * b).sum(),
        w=draw((6, 4)),
        b=draw(4),
    )
    add(
        "rms norm",
        lambda p: (p["x"] / (p["x"].square().mean(1) + 1e-6).sqrt() * c).sum(),
        x=draw((7, 6)),
    )
    keys = draw((6, 8))
    values, outer = draw((8, 3)), draw((7, 3))
    add(
        "attention",
        lambda p: ((softmax(p["x"] @ keys * 0.4) @ values) * outer).sum(),
        x=draw((7, 6)),
    )
    add("relu layer", lambda p: ((p["x"] @ a).relu() * b).sum(), x=draw((7, 5)))
    labels = np.eye(3)[np.arange(7) % 3]
    add(
        "relu net, biases zero",
        lambda p: (
            (softmax((p["w"].under(c) + p["b"]).relu() @ p["v"] + p["d"]).log() * labels).sum()
            * -0.2
        ),
        w=draw((6, 8)),
        b=np.zeros(8),
        v=draw((8, 3)),
        d=np.zeros(3),
    )
    add("absolute values", lambda p: (p["x"] - c).abs().sum(), x=draw((7, 6)))
    add("relu at exact zeros", lambda p: (p["x"].relu() * (b + 2)).sum(), x=np.maximum(b, 0))
    add("large and constant", lambda p: p["x"].tanh().sum() + 1000.0, x=draw(20))
    add("terms that cancel", lambda p: ((p["x"] + 30.0).square() - 900.0).sum(), x=draw(12))
    fit = a @ np.ones((4, 1))
    add(
        "loss near its minimum",
        lambda p: (p["x"].under(a) - fit).square().mean(),
        x=np.ones((4, 1)) + 0.03 * draw((4, 1)),
    )
    add("valley", _rosenbrock, x=draw(6))
    add("springs", _springs, x=np.arange(12.0).reshape(6, 2) + 0.2 * draw((6, 2)))
    add("gelu", lambda p: (p["x"] * ((p["x"] * 0.8).tanh() + 1.0) * 0.5).sum(), x=draw(30))
    add("cosine", lambda p: (p["x"] * c).sum() / p["x"].square().sum().sqrt(), x=draw((7, 6)))
    add("logistic", lambda p: ((p["x"] * c).exp() + 1.0).log().mean(), x=draw((7, 6)))
    add(
        "large and small arrays",
        lambda p: (p["x"] * 0.01).tanh().sum() + (p["y"] * 1e3).sin().sum(),
        x=100 * draw(8),
        y=1e-3 * draw(5),
    )
    return found


def _rosenbrock(p):
    x, y = p["x"][:-1], p["x"][1:]
    return ((y - x.square()).square() * 10.0 + (x - 1.0).square()).sum()


def _springs(p):
    """The energy of a chain of springs."""
    apart = p["x"][1:] - p["x"][:-1]
    length = (apart.square().sum(1) + 1e-3).sqrt()
    return (length - 2.5).square().sum()
