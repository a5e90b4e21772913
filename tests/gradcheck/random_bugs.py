"""One planted bug in one gradient of one layer of a model, at any depth."""

from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

ROUNDING = 1e-9
"""A change below this part of the largest element, or of the incoming gradient, is none: of one
feature, for example, a normalization over features leaves only rounding."""


def _first_row_zero(gradient):
    gradient[(slice(1),) * min(gradient.ndim, 1)] = 0
    return gradient


BUGS = {
    "a factor 1.01": lambda gradient: gradient * 1.01,
    "the wrong sign": lambda gradient: -gradient,
    "its first row zero": _first_row_zero,
}


@dataclass
class PlantedBug:
    """What is planted, and whether it has changed a gradient in any call so far."""

    path: str
    target: str
    bug: str
    changed: bool = False

    def __str__(self):
        return f"{self.bug} in the gradient of {self.target} of layer {self.path}"

    def applied_to(self, gradient, dy):
        """Return the wrong gradient."""
        wrong = BUGS[self.bug](np.array(gradient))
        scale = max(np.abs(gradient).max(initial=0.0), np.abs(dy).max(initial=0.0))
        self.changed |= bool(np.abs(wrong - gradient).max(initial=0.0) > ROUNDING * scale)
        return wrong


@contextmanager
def random_bug(model, rng):
    """Plant a bug in the backward of a random layer, for the length of a context."""
    targets = targets_of(model)
    path, module, target = targets[rng.integers(len(targets))]
    planted = PlantedBug(path, target, str(rng.choice(list(BUGS))))
    backward = module.backward

    def wrong_backward(dy):
        dx = backward(dy)
        if target == "input":
            return planted.applied_to(dx, dy)
        grad = module.parameters()[target].grad
        grad[...] = planted.applied_to(grad, dy)
        return dx

    module.backward = wrong_backward
    try:
        yield planted
    finally:
        del module.backward


def targets_of(model):
    """Return (path, layer, target) of all gradients that the layers of a model compute."""
    return [
        (path, module, target)
        for i, layer in enumerate(model.layers)
        for path, module in layer.named_modules(str(i))
        for target in _targets(module)
    ]


def _targets(module):
    """Return what a layer itself computes gradients of."""
    children = [name for name, _ in module.named_children()]
    own = [
        name
        for name in module.parameters()
        if not any(name.startswith(f"{child}.") for child in children)
    ]
    return own if module.takes_integers else [*own, "input"]
