"""Run the model's layers on substitute parameter memory and restore every attribute afterwards."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import numpy as np

from ..buffers import Buffer
from ..errors import DtypeError
from ..layers.base import Layer
from ..layers.tree import MEMBERS, named_buffers, named_members
from ..losses.base import Loss
from ..parameters import Parameter
from ..utils.interrupts import finish
from ..utils.snapshot import RandomState, Snapshot, restore_contents
from ..utils.typing import Array
from ..utils.workspace import HasWorkspace

ParameterKey = tuple[int, str]
"""The number of a layer and the name of its parameter."""

DTYPES = {"real": np.float64, "complex": np.complex128, "single": np.float32}
"""The arithmetics that a check computes in."""

EXTENDED = {"extended": np.longdouble, "extended complex": np.clongdouble}
"""Those that show the rounding of float64, where the machine has any that are more precise."""

EXTENDED_NAMES = {"real": "extended", "complex": "extended complex"}
"""Which of them stands for which of `DTYPES`."""


class ModelSandbox:
    """A context in which layers may do what they want: on exit all is restored bit for bit.

    Parameters
    ----------
    layers : sequence of Layer
        The layers. In the context their parameters have substitute memory, one for each of
        `DTYPES`.
    others : sequence of object, optional
        Other objects to restore: the loss, the penalties, the model.
    outer : ModelSandbox, optional
        Where the model is that the layers are part of.

    Attributes
    ----------
    parameters : dict
        Each `Parameter` by its `ParameterKey`.
    members : list of dict
        All that each layer contains, and the layer itself, by path, as it was on creation.
    arrays : dict
        The substitute values of each parameter, by `ParameterKey` and by the names of `DTYPES`.
        Filled on entry.
    random_states : list
        The random generators of each layer with their states on entry.
    """

    def __init__(
        self,
        layers: Sequence[Layer],
        others: Sequence[Any] = (),
        outer: ModelSandbox | None = None,
    ) -> None:
        self.layers = tuple(layers)
        self.parameters = {
            (i, name): parameter
            for i, layer in enumerate(layers)
            for name, parameter in layer.parameters().items()
        }
        self.arrays: dict[ParameterKey, dict[str, Array]] = {}
        self.members = [dict(named_members(layer, "")) for layer in layers]
        self._buffers = [buffer for _, buffer in named_buffers(self.layers)]
        self.random_states: list[list[RandomState]] = []
        self._modules_of = {id(layer): list(layer.modules()) for layer in layers}
        self._modules = [module for layer in layers for module in self._modules_of[id(layer)]]
        self._owners: list[Any] = [*self._modules, *others]
        members = (*self.parameters.values(), *self._buffers)
        self._member_ids = {id(member) for member in members}
        if outer is not None:
            self._member_ids |= outer._member_ids

    def __enter__(self) -> ModelSandbox:
        self._memory = {key: p.memory for key, p in self.parameters.items()}
        self._buffer_values = [buffer.value.copy() for buffer in self._buffers]
        self._buffer_memory = [buffer.memory for buffer in self._buffers]
        for (i, name), parameter in self.parameters.items():
            dtype = parameter.value.dtype
            if dtype.kind not in "fc":
                self._return_memory()
                raise DtypeError(
                    f"parameters must be floats to be checked, got {dtype} for {name} of "
                    f"layer {i}, {self.layers[i]}: create it with a float dtype"
                )
        self._without_rng = [
            (module, dict(vars(module)))
            for module in self._modules
            if module.stochastic and module.rng is None
        ]
        for module, _ in self._without_rng:
            module.rng = np.random.default_rng(0)
        self._found = [Snapshot(owner, MEMBERS) for owner in self._owners]
        for owner in self._owners:
            owner.workspace = {}
            if isinstance(owner, HasWorkspace):
                owner.release_memory()  # what earlier calls left behind: the check begins afresh
        self._snapshots = {id(owner): Snapshot(owner, MEMBERS) for owner in self._owners}
        self._gradients: dict[ParameterKey, dict[str, Array]] = {}
        self._buffer_arrays: dict[str, list[Array]] = {}
        self._workspaces: dict[str, list[dict[str, Array]]] = {}
        self._add_arithmetics(DTYPES)
        self.set_dtype("real")
        for layer in self.layers:
            self.reset(layer)  # what cannot be restored is to fail here, before it is used
            snapshots = self._snapshots_of(layer)
            self.random_states.append(
                [each for _, snapshot in snapshots for each in snapshot.random_states]
            )
        return self

    def _add_arithmetics(self, dtypes: Mapping[str, type[np.inexact[Any]]]) -> None:
        """Add memory for each of them, with the present values."""
        for key, p in self.parameters.items():
            arrays, gradients = self.arrays.setdefault(key, {}), self._gradients.setdefault(key, {})
            value = arrays.get("real", p.value)
            arrays |= {name: np.array(value, dtype) for name, dtype in dtypes.items()}
            gradients |= {name: np.full(p.shape, np.nan, dtype) for name, dtype in dtypes.items()}
        for name, dtype in dtypes.items():
            self._buffer_arrays[name] = [value.astype(dtype) for value in self._buffer_values]
            self._workspaces[name] = [{} for _ in self._modules]

    def __exit__(self, *error: object) -> None:
        finish(self._restore)

    def _restore(self) -> None:
        self._return_memory()
        for snapshot in self._found:
            snapshot.restore()
        for module, attributes in self._without_rng:
            restore_contents(vars(module), attributes)

    def contains(self, member: Parameter | Buffer) -> bool:
        """Whether the layers, or the model that they are part of, contain a parameter or buffer."""
        return id(member) in self._member_ids

    def set_dtype(self, name: str) -> None:
        """Compute in one of `DTYPES` from now on."""
        for key, parameter in self.parameters.items():
            parameter.memory = self.arrays[key][name], self._gradients[key][name]
        for buffer, array in zip(self._buffers, self._buffer_arrays[name], strict=True):
            buffer.memory = array
        for module, workspace in zip(self._modules, self._workspaces[name], strict=True):
            module.workspace = workspace

    def reset(self, owner: Layer | Loss) -> None:
        """Restore what forward and backward of a layer or loss have changed or left behind."""
        for module, snapshot in self._snapshots_of(owner):
            workspace = module.workspace
            snapshot.restore()
            module.workspace = workspace
        for name in DTYPES:
            self.reset_buffers(name)

    def reset_buffers(self, name: str) -> None:
        """Restore what the layers have changed in their buffers in one of `DTYPES`."""
        arrays = self._buffer_arrays[name]
        for array, value in zip(arrays, self._buffer_values, strict=True):
            array[...] = value

    @contextmanager
    def perturbed(
        self, values: Mapping[ParameterKey, Array], *, dtypes: Iterable[str] = DTYPES
    ) -> Iterator[None]:
        """Give parameters other values, in some of `DTYPES`, for the length of a context."""
        replaced = [
            (self.arrays[key][name], value) for name in dtypes for key, value in values.items()
        ]
        originals = [(array, array.copy()) for array, _ in replaced]
        try:
            for array, value in replaced:
                array[...] = value
            yield
        finally:
            for array, value in originals:
                array[...] = value

    @contextmanager
    def extended_precision(self) -> Iterator[None]:
        """Add `EXTENDED` to the arithmetics, at the present values, for the length of a context."""
        self._add_arithmetics(EXTENDED)
        try:
            yield
        finally:
            self.set_dtype("real")
            memories: list[dict[str, Any]] = [self._buffer_arrays, self._workspaces]
            for memory in (*memories, *self.arrays.values(), *self._gradients.values()):
                for name in EXTENDED:
                    del memory[name]

    def parameters_restored(self) -> AbstractContextManager[None]:
        """Give parameters in "real" their present values again at the end of a context."""
        values = {key: arrays["real"] for key, arrays in self.arrays.items()}
        return self.perturbed(values, dtypes=("real",))

    def _snapshots_of(self, owner: Layer | Loss) -> list[tuple[Layer | Loss, Snapshot]]:
        modules: Iterable[Layer | Loss] = [owner]
        if isinstance(owner, Layer):
            modules = self._modules_of.get(id(owner)) or owner.modules()
        return [
            (module, self._snapshots[id(module)])
            for module in modules
            if id(module) in self._snapshots
        ]

    def _return_memory(self) -> None:
        for key, parameter in self.parameters.items():
            parameter.memory = self._memory[key]
        for buffer, memory, value in zip(
            self._buffers, self._buffer_memory, self._buffer_values, strict=True
        ):
            buffer.memory = memory
            buffer.value = value
