"""The gradients of one layer that known mistakes would give."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from ...utils.typing import Array
from ..layer_harness import LayerHarness
from ..stages.layers import LayerResult
from .evidence import Candidate
from .function_candidates import function_candidates
from .known_function import KnownFunction


def layer_candidates(
    name: str, result: LayerResult, harness: LayerHarness, numeric: Array, y: Array
) -> Iterator[Candidate]:
    """Return wrong gradients of the array `name` of a layer.

    `numeric` is the right one, `y` the output of the layer.
    """

    def vjp(cotangents: Sequence[Array], at: Array | None, limit: int) -> list[Array] | None:
        x = result.x if at is None else at
        rng = np.random.default_rng(0)
        gradients = harness.numeric_gradients(x, name, cotangents, rng, limit)
        return None if gradients is None else [gradient.value for gradient in gradients]

    is_input = name == "input"
    arrays = {
        name: harness.sandbox.arrays[harness.number, name]["real"] for name in harness.parameters
    }
    keep_prob = getattr(harness.layer, "keep_prob", None) if harness.training else None
    return function_candidates(
        KnownFunction(
            result.x if is_input else arrays[name],
            numeric,
            y,
            result.cotangent,
            vjp,
            is_input=is_input,
            inputs=[] if is_input else [result.x],
            weights=list(arrays.values()) if is_input else [],
            keep_probs=[keep_prob] if keep_prob else [],
        )
    )
