"""Run the model's layers on substitute parameter memory and restore every attribute afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import numpy as np

from ..errors import DtypeError
from ..layers.base import Layer
from ..losses.base import Loss
from ..utils.typing import Array
from .numeric.function import Rng
from .rounding.noise import ulp_noise
from .snapshot import Snapshot, restore_contents

ParameterKey = tuple[int, str]


DTYPES = {"real": np.float64, "complex": np.complex128, "single": np.float32}


class ModelSandbox:
    """Lends parameters other memory, and undoes every change to `layers` and `others`."""

    def __init__(self, layers: Sequence[Layer], others: Sequence[Any] = ()) -> None:
        self.layers = tuple(layers)
        self.parameters = {
            (i, name): p for i, layer in enumerate(layers) for name, p in layer.parameters().items()
        }
        self._parts = [part for layer in layers for part in layer.modules()]
        self._owners: list[Any] = [*self._parts, *others]

    def __enter__(self) -> ModelSandbox:
        self._memory = {key: p.memory for key, p in self.parameters.items()}
        for (i, name), parameter in self.parameters.items():
            found = parameter.value.dtype
            if found.kind not in "fc":
                self._give_back()
                raise DtypeError(
                    f"parameters must be floats to be checked, got {found} for {name} of layer {i}, {self.layers[i]}: "
                    "create it with a float dtype"
                )
        self._lent = [
            (part, dict(vars(part))) for part in self._parts if part.stochastic and part.rng is None
        ]
        for part, _ in self._lent:
            part.rng = np.random.default_rng(0)
        self._snapshots = {id(owner): Snapshot(owner) for owner in self._owners}
        for owner in self._owners:
            owner.workspace = {}
        self._arrays: dict[str, dict[ParameterKey, tuple[Array, Array]]] = {
            kind: {
                key: (np.array(p.value, dtype), np.full(p.shape, np.nan, dtype))
                for key, p in self.parameters.items()
            }
            for kind, dtype in DTYPES.items()
        }
        self._scratch: dict[str, list[dict[str, Array]]] = {
            kind: [{} for _ in self._parts] for kind in DTYPES
        }
        self.use("real")
        return self

    def __exit__(self, *error: object) -> None:
        self._give_back()
        for snapshot in self._snapshots.values():
            snapshot.put_back()
        for part, own in self._lent:
            restore_contents(vars(part), own)

    def _give_back(self) -> None:
        for key, parameter in self.parameters.items():
            parameter.memory = self._memory[key]

    def _of(self, owner: Layer | Loss) -> list[tuple[Layer | Loss, Snapshot]]:
        parts = owner.modules() if isinstance(owner, Layer) else [owner]
        return [(part, self._snapshots[id(part)]) for part in parts if id(part) in self._snapshots]

    def reset(self, owner: Layer | Loss) -> None:
        """Put back what forwards have changed."""
        for part, snapshot in self._of(owner):
            buffers = part.workspace
            snapshot.put_back()
            part.workspace = buffers

    def use(self, kind: str) -> None:
        """Compute in one of `KINDS` from now on."""
        for key, parameter in self.parameters.items():
            parameter.memory = self._arrays[kind][key]
        for part, buffers in zip(self._parts, self._scratch[kind], strict=True):
            part.workspace = buffers

    def arrays(self, key: ParameterKey) -> dict[str, Array]:
        """Return a parameter in each arithmetic."""
        return {kind: arrays[key][0] for kind, arrays in self._arrays.items()}

    def set_value(self, key: ParameterKey, value: Array) -> None:
        """Set a parameter in every arithmetic."""
        for array in self.arrays(key).values():
            array[...] = value

    @contextmanager
    def moved(
        self, values: dict[ParameterKey, Array], *, kinds: Iterable[str] = DTYPES
    ) -> Iterator[None]:
        """Move parameters for a while."""
        arrays = [
            (self._arrays[kind][key][0], value) for kind in kinds for key, value in values.items()
        ]
        before = [(array, array.copy()) for array, _ in arrays]
        try:
            for array, value in arrays:
                array[...] = value
            yield
        finally:
            for array, value in before:
                array[...] = value

    def shaken(self, keys: Iterable[ParameterKey], rng: Rng) -> AbstractContextManager[None]:
        """Put noise on parameters for a while."""
        return self.moved(
            {key: ulp_noise(self._arrays["real"][key][0], rng) for key in keys}, kinds=("real",)
        )

    def rewind(self, layer: Layer) -> None:
        """Set the random streams of a layer back."""
        for _, snapshot in self._of(layer):
            snapshot.rewind()

    def drawn(self, layer: Layer) -> bool:
        """Return whether a random stream of the layer has moved."""
        return any(snapshot.moved() for _, snapshot in self._of(layer))


def random_nearby_parameters(bench: ModelSandbox, rng: Rng) -> dict[ParameterKey, Array]:
    """Return values nearby at which nothing is zero."""
    values = {}
    for key, parameter in bench.parameters.items():
        value = bench.arrays(key)["real"]
        size = float(np.sqrt(np.mean(value * value))) or 1.0 / np.sqrt(
            parameter.fan_in or value.size
        )
        values[key] = value + 0.3 * size * rng.standard_normal(value.shape)
    return values
