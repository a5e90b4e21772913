"""Noise between the layers of a container."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import numpy as np

from ...layers.base import Layer
from ...utils.attributes import replaced_attributes
from ...utils.typing import Array
from .noise import (
    gradient_flow_noise,
    input_size,
    perturb_custom_inplace,
    perturb_inplace,
    product_noise,
    reshaped_flow_noise,
    ulp_noise,
)
from .stored import rounds_inside


@contextmanager
def noisy_layers(layers: Iterable[Layer], rng: np.random.Generator) -> Iterator[None]:
    """Put noise on all that layers return, for the length of a context.

    The gradients of layers that round inside, such as custom ones, get that of what these store,
    too.

    Where rows depend on each other, a gradient may be zero for every input, as that of a bias
    before batch normalization is. Noise on the input then leaves it zero; noise on the terms that
    cancel shows their rounding.
    """
    with ExitStack() as stack:
        for layer in layers:
            stack.enter_context(_noisy_layer(layer, rng))
        yield


@contextmanager
def _noisy_layer(layer: Layer, rng: np.random.Generator) -> Iterator[None]:
    forward, backward = layer.forward, layer.backward
    # A child draws what only such layers need: other draws stay the same.
    child = rng.spawn(1)[0] if rounds_inside(layer) else None
    x_size = 0.0

    def noisy_forward(x: Array, *, training: bool = False) -> Array:
        nonlocal x_size
        x_size = input_size(x) if child else 0.0
        y = forward(x, training=training)
        perturb_inplace(y, rng)
        if child:
            perturb_custom_inplace(y, child)
        return y

    def noisy_backward(dy: Array) -> Any:
        dx = backward(dy)
        if child:
            for parameter in layer.parameters().values():
                parameter.grad += product_noise(x_size, dy, parameter.shape, child)
        if dx is None:
            return None
        noisy = ulp_noise(dx, rng)
        if dx.shape == dy.shape:
            return noisy + gradient_flow_noise(dy, rng)
        return noisy + reshaped_flow_noise(dy, dx.shape, child) if child else noisy

    with replaced_attributes(layer, forward=noisy_forward, backward=noisy_backward):
        yield
