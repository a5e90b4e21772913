"""One planted bug of a known size in one gradient of a random model."""

from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from random_bugs import targets_of

LEAST = {"float64": 1e-8, "float32": 1e-2}
CERTAIN = 1e-8
"""Changes from this size on must be found: of float32 models, too, as they are run in float64."""

ROUNDING = 1e-10
"""A gradient below this part of the incoming one is what cancellation has left: no bug is one."""

SINGLE_ROUNDING = 0.1
"""The same of mistakes of 1 % in float32: terms may be larger than the incoming gradient."""

IN_FLOAT32 = "factor in float32 alone"
SIZED = ["factor", "element", "row", "noise", "constant", "decay", "masked"]
PLAIN = [
    "sign",
    "one sign",
    "zero row",
    "mean",
    "transposed",
    "float32",
    "clipped",
    "one example only",
    "an example dropped",
    "stale",
    "first batch",
    "piled up",
    "random",
]


@dataclass
class ModelBug:
    """What is planted where, and by how much it has changed gradients so far.

    Attributes
    ----------
    path, target
        The layer, "loss" or a penalty, and which of its gradients.
    kind
        How it is wrong.
    least
        The relative error, to the norm of the array, that is planted at least where the kind has a
        size.
    sizes
        The relative error in each call in float64 (of a mistake in float32 alone: in float32) whose
        gradient is more than rounding.
    seen_mode
        The only training mode that is checked; None if both are.
    """

    path: str
    target: str
    kind: str
    size: float
    number: float
    mode: bool | None = None
    seen_mode: bool | None = None
    sizes: list = field(default_factory=list)

    def __str__(self):
        mode = "" if self.mode is None else f" (training={self.mode})"
        return (
            f"{self.kind} {self.size:.1e} in {self.target} of {self.path}{mode}, "
            f"typically {self.typical:.1e}"
        )

    @property
    def typical(self):
        """The median of the sizes, 0 if there is none."""
        return float(np.median(self.sizes)) if self.sizes else 0.0

    def note(self, right, wrong, *scales):
        """Note by how much one call was changed."""
        right, wrong = np.asarray(right), np.asarray(wrong)
        dtype = np.float32 if self.kind == IN_FLOAT32 else np.float64
        if right.dtype != dtype or right.shape != wrong.shape or not right.size:
            return
        norm = np.linalg.norm(right)
        scale = max((np.abs(s).max(initial=0.0) for s in scales), default=0.0)
        least = SINGLE_ROUNDING if self.kind == IN_FLOAT32 else ROUNDING
        if np.isfinite(norm) and norm > least * scale > 0:
            self.sizes.append(float(np.linalg.norm(wrong - right) / norm))

    def index(self, n):
        """Return which of n lines is wrong."""
        return int(self.number * n)

    def changed(self, gradient, *, value=None, x=None):
        """Return the wrong gradient of the kinds that need no second run."""
        g = np.array(gradient)
        if not g.size:
            return g
        flat, i = g.reshape(-1), self.index(g.size)
        norm = np.linalg.norm(g)
        root, size = np.sqrt(g.size), self.size
        fixed = np.random.default_rng(int(1e6 * self.number))
        if self.kind == "factor":
            g *= 1 + size
        elif self.kind == IN_FLOAT32 and g.dtype == np.float32:
            g *= np.float32(1 + size)
        elif self.kind == "element":
            flat[i] *= 1 + size * root
        elif self.kind == "row":
            g[(self.index(len(g)),) if g.ndim else ...] *= 1 + size * (
                np.sqrt(len(g)) if g.ndim else 1
            )
        elif self.kind == "noise":
            g *= 1 + size * fixed.choice([-1.0, 1.0], g.shape)
        elif self.kind == "random":
            g *= 1 + size * np.random.default_rng().choice([-1.0, 1.0], g.shape)
        elif self.kind == "constant":
            g += size * norm / root
        elif self.kind == "decay" and value is not None:
            g += size * norm * value.real / (np.linalg.norm(value) or 1.0)
        elif self.kind == "masked" and x is not None and x.shape == g.shape:
            g *= 1 + 2 * size * (x < 0)
        elif self.kind == "sign":
            g *= -1
        elif self.kind == "one sign":
            flat[i] *= -1
        elif self.kind == "zero row":
            g[(self.index(len(g)),) if g.ndim else ...] = 0
        elif self.kind == "transposed" and g.ndim > 1 and g.shape[-1] == g.shape[-2]:
            g = np.swapaxes(g, -1, -2).copy()
        elif self.kind == "float32":
            g = g.astype(np.float32).astype(g.dtype)
        elif self.kind == "clipped":
            g = np.clip(g, -0.5 * np.abs(g).max(), 0.5 * np.abs(g).max())
        return g


class _WrongBackward:
    """A layer's forward and backward, of which one gradient is wrong."""

    def __init__(self, module, bug):
        self.module, self.bug = module, bug
        self.forward_of, self.backward_of = module.forward, module.backward
        self.x = self.first_x = self.before = None
        self.training = False

    def forward(self, x, *, training=False):
        self.training = training
        if self.bug.kind in ("first batch", "masked"):
            self.x = np.array(x)
            if self.first_x is None or self.first_x.shape != x.shape:
                self.first_x = np.array(x)
        return self.forward_of(x, training=training)

    def gradients(self, dy):
        dx = self.backward_of(dy)
        grads = {name: np.array(p.grad) for name, p in self.module.parameters().items()}
        return {**grads, "input": dx if dx is None else np.array(dx)}

    def other_run(self, dy):
        """Return the gradients of another run, by which this one is replaced."""
        bug, other = self.bug, np.array(dy)
        if bug.kind == "one example only":
            other[np.arange(len(dy)) != bug.index(len(dy))] = 0
        elif bug.kind == "an example dropped":
            other[bug.index(len(dy))] = 0
        elif bug.kind == "first batch":
            if self.module.stochastic or self.first_x.dtype != self.x.dtype:
                return None
            self.forward_of(self.first_x, training=self.training)
        else:
            return None
        return self.gradients(other)

    def backward(self, dy):
        bug, target = self.bug, self.bug.target
        other = self.other_run(dy) if bug.mode in (None, self.training) else None
        if bug.kind == "first batch" and other is not None:
            self.forward_of(self.x, training=self.training)
        dx = self.backward_of(dy)
        parameter = self.module.parameters().get(target)
        right = dx if parameter is None else parameter.grad
        if bug.mode not in (None, self.training) or right is None:
            return dx
        wrong = self.wrong(right, other, dy, parameter)
        if bug.seen_mode in (None, self.training):
            bug.note(right, wrong, dy)
        if parameter is None:
            return wrong
        parameter.grad[...] = wrong
        return dx

    def wrong(self, right, other, dy, parameter):
        bug = self.bug
        before, self.before = self.before, np.array(right)
        same = before is not None and np.shape(before) == np.shape(right)
        if bug.kind in ("stale", "piled up"):
            if not same or before.dtype != right.dtype:
                return right
            return before if bug.kind == "stale" else np.nan_to_num(before) + right
        if bug.kind == "mean":
            return right / len(dy)
        if other is not None:
            return other[bug.target]
        value = None if parameter is None else parameter.value
        return bug.changed(right, value=value, x=self.x)


@contextmanager
def planted(subject):
    """Plant a bug in a layer, the loss or a penalty of a `RandomModel`, for a context.

    The first one of ten that changes something, or that is of float32 alone, which is not tried.
    """
    for attempt in range(10):
        rng = np.random.default_rng([subject.seed, 98, attempt])
        with _planted(subject.model, rng, subject.dtype) as bug:
            subject.try_out()
            changes = bug.kind == IN_FLOAT32 or max(bug.sizes, default=0.0) >= CERTAIN
            if changes or attempt == 9:
                bug.sizes.clear()
                yield bug
                return


@contextmanager
def _planted(model, rng, dtype):
    least = LEAST[dtype]
    size = float(10 ** rng.uniform(np.log10(least), 0.0))
    kind = str(rng.choice(SIZED)) if rng.random() < 0.6 else str(rng.choice(PLAIN))
    if dtype == "float32" and rng.random() < 0.12:
        kind, size = IN_FLOAT32, max(size, LEAST[dtype])
    draw, number = rng.random(), float(rng.random())
    if draw < 0.08:
        owner, name, bug = _loss_bug(model, kind, size, number)
    elif draw < 0.16 and any(map(len, model.objective_function._penalized)):
        owner, name, bug = _penalty_bug(model, kind, size, number, rng)
    else:
        targets = targets_of(model)
        path, module, target = targets[rng.integers(len(targets))]
        mode = [None, True, False][rng.choice(3, p=[0.8, 0.1, 0.1])]
        if kind == IN_FLOAT32:
            mode = None
        bug = ModelBug(path, target, kind, size, number, mode)
        wrong = _WrongBackward(module, bug)
        with _replaced(module, forward=wrong.forward, backward=wrong.backward):
            yield bug
        return
    with _replaced(owner, **{name: bug[1]}):
        yield bug[0]


@contextmanager
def _replaced(owner, **methods):
    before = {name: vars(owner)[name] for name in methods if name in vars(owner)}
    vars(owner).update(methods)
    try:
        yield
    finally:
        for name in methods:
            vars(owner).pop(name, None)
        vars(owner).update(before)


def _loss_bug(model, kind, size, number):
    loss = model.objective_function.training_loss
    bug = ModelBug("loss", "prediction", kind if kind in SIZED else "factor", size, number)
    right_backward = loss.backward

    def backward():
        right = right_backward()
        wrong = bug.changed(right)
        bug.note(right, wrong, right)
        return wrong

    return loss, "backward", (bug, backward)


def _penalty_bug(model, kind, size, number, rng):
    objective = model.objective_function
    some = [p for p, ps in zip(objective.penalties, objective._penalized, strict=True) if ps]
    penalty = some[rng.integers(len(some))]
    if kind not in ("factor", "element", "row", "constant", "sign", "one sign", "zero row"):
        kind = "factor"
    bug = ModelBug(str(penalty), "weight", kind, size, number)
    right_gradient = penalty.gradient

    def gradient(weight, m, out):
        right_gradient(weight, m, out)
        wrong = bug.changed(out)
        bug.note(out, wrong, out)
        out[...] = wrong

    return penalty, "gradient", (bug, gradient)
