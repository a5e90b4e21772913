"""The declaration of a case: a function, its right backward and wrong ones.

A stranger adds a case by a class like this::

    @case(x=(5, 4), w=(4, 3), b=3)
    class linear:
        def forward(x, w, b):
            return x @ w + b

        def backward(dy, x, w, b):
            return dy @ w.T, x.T @ dy, dy.sum(axis=0)

        wrong = {
            "dy.sum(axis=0) -> dy.mean(axis=0)": MEAN,
            "dy @ w.T -> 2 * dy @ w.T": factor(2),
        }

The decorator says how each input is drawn (a shape means standard normal numbers). Each wrong
backward is an edit of the source of the right one, "old -> new" (several are separated by " & "),
with a regular expression for the diagnosis that is right.

Four kinds of class are understood:

- ``backward(dy, *inputs)``, as above;
- ``backward(dy, cache)``, with a forward that returns ``(output, cache)``;
- a cost that returns one number, with ``gradient(*inputs)`` in place of ``backward``;
- an object: a nested class ``Layer`` with ``forward``, ``backward``, ``params`` and ``grads``.

A mistake in how arguments are treated, such as a write into one, has a pattern by `breaks_rule`.
"""

import inspect
import linecache
import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from zlib import crc32

import numpy as np

from .draws import as_draw
from .forms import convert, rounded_to

ALL = ("float64", "float32", "bf16", "noisy")


@dataclass(frozen=True)
class Wrong:
    """A wrong backward: the edit that makes it, the pattern of its name, and itself."""

    edit: str
    says: str
    backward: Any


@dataclass(frozen=True)
class Case:
    """A function with its right and wrong backward passes.

    `backward` is the nested class itself if `kind` is "object".
    """

    field: str
    name: str
    kind: str
    draws: dict[str, Callable[..., Any]]
    forward: Any
    backward: Any
    wrong: tuple[Wrong, ...]
    precisions: tuple[str, ...]

    def inputs(self, seed=0, precision="float64"):
        """Return the inputs drawn for that seed by name, such as the precision can hold them."""
        rng = np.random.default_rng([seed, crc32(self.name.encode())])
        drawn = {name: draw(rng) for name, draw in self.draws.items()}
        return convert(drawn, lambda array: rounded_to(array, precision))


CASES: list[Case] = []


def case(*, precisions=ALL, **inputs):
    """Register the class that it decorates as a case."""

    def register(body):
        kind, forward, backward = _kind_of(body)
        CASES.append(
            Case(
                field=body.__module__.rpartition(".")[2].partition("_")[0],
                name=body.__name__,
                kind=kind,
                draws={name: as_draw(spec) for name, spec in inputs.items()},
                forward=forward,
                backward=backward,
                wrong=tuple(
                    Wrong(edit, says, edited(backward, edit)) for edit, says in body.wrong.items()
                ),
                precisions=precisions,
            )
        )
        return body

    return register


def _kind_of(body):
    if hasattr(body, "Layer"):
        return "object", None, body.Layer
    if hasattr(body, "gradient"):
        return "cost", body.forward, body.gradient
    is_cached = list(inspect.signature(body.backward).parameters) == ["dy", "cache"]
    return ("cache" if is_cached else "pair"), body.forward, body.backward


def edited(thing, edit):
    """Return a function or a class whose source is changed by `edit`."""
    source = textwrap.dedent(inspect.getsource(thing))
    for change in edit.split(" & "):
        old, new = change.split(" -> ")
        if source.count(old) != 1:
            raise ValueError(f"{thing.__qualname__}: {old!r} occurs {source.count(old)} times")
        source = source.replace(old, new)
    namespace = {"np": np, **inspect.getmodule(thing).__dict__}
    # Where tracebacks and inspect look for the source of a file that there is not.
    file = f"<{thing.__qualname__}: {edit}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    exec(compile(source, file, "exec"), namespace)
    return namespace[thing.__name__]


class Rule(str):
    """The pattern of the name of a mistake that no formula shows: a rule of calls is broken."""

    __slots__ = ()


def breaks_rule(says):
    """Return `says`, marked: one call at one point gives the right numbers, or may."""
    return Rule(says)


def is_named(says, text):
    """Return whether a diagnosis has the name that is right."""
    return re.search(says, text, re.IGNORECASE) is not None
