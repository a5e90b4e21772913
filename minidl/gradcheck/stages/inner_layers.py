"""The layers inside of a layer: each one alone, with the input that it receives there.

They are not needed to find that something is wrong, since the outer layer is checked as a whole.
They say where.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import numpy as np

from ...layers.base import Layer
from ...utils.attributes import replaced_attributes
from ...utils.typing import Array
from ..constants import MAX_ELEMENTWISE
from ..context import harness_by_mode
from ..contract.layer_rules import check_layer_rules
from ..result import Check
from ..sandbox import ModelSandbox
from .failed_layer import explain_failed_layer
from .layers import check_layer


def check_inner_layers(
    sandbox: ModelSandbox, number: int, x: Array, *, seed: int, training: bool | None = None
) -> list[Check]:
    """Check each layer that one layer of a sandbox contains, at any depth.

    Parameters
    ----------
    sandbox : ModelSandbox
        Where the outer layer is.
    number : int
        Its number there.
    x : ndarray
        The input of the outer layer.
    seed : int
        Seed of incoming gradients and noise.
    training : bool, optional
        The only mode to check, by default both.

    Returns
    -------
    list of Check
        The rows whose verdict is "pass" or "fail"; what is unresolved alone is left to the row of
        the outer layer. A layer that the outer one does not call has none.
    """
    outer = sandbox.layers[number]
    checks: list[Check] = []
    inner_layers = list(_inner_layers(outer))
    if not inner_layers:
        return checks
    sandbox.set_dtype("real")
    with _recorded_inputs([layer for _, layer in inner_layers]) as inputs:
        outer.forward(x.copy(), training=bool(training))
    sandbox.reset(outer)
    rng = np.random.default_rng(seed)
    for path, layer in inner_layers:
        if id(layer) not in inputs:
            continue
        # A layer that cannot run alone is checked as a part of the outer one.
        with suppress(Exception), ModelSandbox([layer], outer=sandbox) as inner_sandbox:
            x = inputs[id(layer)]
            checks += _check_alone(inner_sandbox, number, path, x, rng, training)
    return [check for check in checks if check.verdict != "unresolved"]


def link_to_inner(checks: list[Check], inner_checks: list[Check]) -> None:
    """Name the wrong inner layer that causes a failure of the layers around it."""
    broken = sorted(
        {check.path or "" for check in inner_checks if check.verdict == "fail"},
        key=lambda path: -path.count("."),
    )
    for check in (*checks, *inner_checks):
        if check.verdict == "fail" and check.term in ("layer", "protocol") and check.path:
            inside = [path for path in broken if path.startswith(f"{check.path}.")]
            if inside:
                check.caused_by = f"layer {inside[0]} alone"


def _inner_layers(layer: Layer, path: str = "") -> Iterator[tuple[str, Layer]]:
    for name, child in layer.named_children():
        child_path = f"{path}.{name}" if path else name
        yield child_path, child
        yield from _inner_layers(child, child_path)


@contextmanager
def _recorded_inputs(layers: list[Layer]) -> Iterator[dict[int, Array]]:
    """Record the first input of each layer, by the layer's id, for the length of a context."""
    inputs: dict[int, Array] = {}
    with ExitStack() as stack:
        for layer in layers:
            stack.enter_context(_recorded_input(layer, inputs))
        yield inputs


@contextmanager
def _recorded_input(layer: Layer, inputs: dict[int, Array]) -> Iterator[None]:
    forward = layer.forward

    def recording_forward(x: Array, *, training: bool = False) -> Array:
        inputs.setdefault(id(layer), np.array(x))
        return forward(x, training=training)

    with replaced_attributes(layer, forward=recording_forward):
        yield


def _check_alone(
    sandbox: ModelSandbox,
    number: int,
    path: str,
    x: Array,
    rng: np.random.Generator,
    training: bool | None,
) -> list[Check]:
    """Check the one layer of a sandbox."""
    checks: list[Check] = []
    for harness in harness_by_mode(sandbox, 0, x, training):
        checks += check_layer_rules(harness, x, rng)
        result = check_layer(harness, x, rng, limit=MAX_ELEMENTWISE)
        explain_failed_layer(result, result.harness)
        checks += result.checks
        sandbox.reset(harness.layer)
    for check in checks:
        check.layer, check.inner = number, path
    return checks
