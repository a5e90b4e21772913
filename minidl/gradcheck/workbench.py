"""The workbench: lends the model's own layers, gives all back bit for bit, and checks each alone."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from ..arrays import Array
from ..errors import DtypeError
from ..layers import Layer
from ..losses import Loss
from ..parameters import Parameter
from ..randomness import raw_state, set_state
from .jacobian import Numbers, Numeric, Rng, Subject, both, compare_along, flow_noise, noise, noisy_sum, numeric_gradients, shake
from .steps import CentralStep, ComplexStep, Step
from .verdict import NOISE, Check, compare, rounding_bar, runs_for

Key = tuple[int, str]
KINDS = {"real": np.float64, "complex": np.complex128, "single": np.float32}

# Left out by snapshots.
_CLOSED = (Layer, Parameter, type, ModuleType, FunctionType, MethodType, BuiltinFunctionType, str, bytes, int, float, complex)


class Workbench:
    """Lends parameters other memory, and undoes every change to `layers` and `others`."""

    def __init__(self, layers: Sequence[Layer], others: Sequence[Any] = ()) -> None:
        self.layers = tuple(layers)
        self.parameters = {(i, name): p for i, layer in enumerate(layers) for name, p in layer.parameters().items()}
        self._parts = [part for layer in layers for part in layer.walk()]
        self._owners: list[Any] = [*self._parts, *others]

    def __enter__(self) -> Workbench:
        self._memory = {key: (p._value, p._grad) for key, p in self.parameters.items()}
        for (i, name), parameter in self.parameters.items():
            found = parameter.value.dtype
            if found.kind not in "fc":
                self._give_back()
                raise DtypeError(
                    f"parameters must be floats to be checked, got {found} for {name} of layer {i}, {self.layers[i]}: "
                    "create it with a float dtype"
                )
        self._lent = [(part, dict(vars(part))) for part in self._parts if part.stochastic and part.rng is None]
        for part, _ in self._lent:
            part.rng = np.random.default_rng(0)
        self._snapshots = {id(owner): _Snapshot(owner) for owner in self._owners}
        for owner in self._owners:
            owner._buffers = {}
        self._arrays: dict[str, dict[Key, tuple[Array, Array]]] = {
            kind: {key: (np.array(p.value, dtype), np.full(p.shape, np.nan, dtype)) for key, p in self.parameters.items()}
            for kind, dtype in KINDS.items()
        }
        self._scratch: dict[str, list[dict[str, Array]]] = {kind: [{} for _ in self._parts] for kind in KINDS}
        self.use("real")
        return self

    def __exit__(self, *error: object) -> None:
        self._give_back()
        for snapshot in self._snapshots.values():
            snapshot.put_back()
        for part, own in self._lent:
            _refill(vars(part), own)

    def _give_back(self) -> None:
        for key, parameter in self.parameters.items():
            parameter._value, parameter._grad = self._memory[key]

    def _of(self, owner: Layer | Loss) -> list[tuple[Layer | Loss, _Snapshot]]:
        parts = owner.walk() if isinstance(owner, Layer) else [owner]
        return [(part, self._snapshots[id(part)]) for part in parts if id(part) in self._snapshots]

    def reset(self, owner: Layer | Loss) -> None:
        """Put back what forwards have changed."""
        for part, snapshot in self._of(owner):
            buffers = part._buffers
            snapshot.put_back()
            part._buffers = buffers

    def use(self, kind: str) -> None:
        """Compute in one of `KINDS` from now on."""
        for key, parameter in self.parameters.items():
            parameter._value, parameter._grad = self._arrays[kind][key]
        for part, buffers in zip(self._parts, self._scratch[kind], strict=True):
            part._buffers = buffers

    def arrays(self, key: Key) -> dict[str, Array]:
        """Return a parameter in each arithmetic."""
        return {kind: arrays[key][0] for kind, arrays in self._arrays.items()}

    def set_value(self, key: Key, value: Array) -> None:
        """Set a parameter in every arithmetic."""
        for array in self.arrays(key).values():
            array[...] = value

    @contextmanager
    def moved(self, values: dict[Key, Array], *, kinds: Iterable[str] = KINDS) -> Iterator[None]:
        """Move parameters for a while."""
        arrays = [(self._arrays[kind][key][0], value) for kind in kinds for key, value in values.items()]
        before = [(array, array.copy()) for array, _ in arrays]
        try:
            for array, value in arrays:
                array[...] = value
            yield
        finally:
            for array, value in before:
                array[...] = value

    def shaken(self, keys: Iterable[Key], rng: Rng) -> AbstractContextManager[None]:
        """Put noise on parameters for a while."""
        return self.moved({key: noise(self._arrays["real"][key][0], rng) for key in keys}, kinds=("real",))

    def rewind(self, layer: Layer) -> None:
        """Set the random streams of a layer back."""
        for _, snapshot in self._of(layer):
            snapshot.rewind()

    def drawn(self, layer: Layer) -> bool:
        """Return whether a random stream of the layer has moved."""
        return any(snapshot.moved() for _, snapshot in self._of(layer))


def generic_values(bench: Workbench, rng: Rng) -> dict[Key, Array]:
    """Return values nearby at which nothing is zero."""
    values = {}
    for key, parameter in bench.parameters.items():
        value = bench.arrays(key)["real"]
        size = float(np.sqrt(np.mean(value * value))) or 1.0 / np.sqrt(parameter.fan_in or value.size)
        values[key] = value + 0.3 * size * rng.standard_normal(value.shape)
    return values


class _Snapshot:
    """All that an object holds, however nested."""

    def __init__(self, owner: object) -> None:
        self._streams: list[tuple[Any, dict[str, Any]]] = []
        self._undo: list[Callable[[], None]] = []
        self._seen: set[int] = set()
        self._enter(vars(owner))

    def put_back(self) -> None:
        for undo in self._undo:
            undo()
        self.rewind()

    def rewind(self) -> None:
        for stream, state in self._streams:
            set_state(stream, state)

    def moved(self) -> bool:
        return any(repr(raw_state(stream)) != repr(state) for stream, state in self._streams)

    def _enter(self, held: Any) -> None:
        if id(held) in self._seen or isinstance(held, _CLOSED):
            return
        self._seen.add(id(held))
        inner: Iterable[Any] = ()
        if isinstance(held, np.ndarray):
            if held.flags.writeable:
                self._undo.append(partial(np.copyto, held, held.copy()))
        elif isinstance(held, np.random.Generator | np.random.RandomState):
            self._streams.append((held, raw_state(held)))
        elif isinstance(held, dict | set):
            self._undo.append(partial(_refill, held, held.copy()))
            inner = list(held.values()) if isinstance(held, dict) else ()
        elif isinstance(held, list | tuple):
            inner = list(held)
            if isinstance(held, list):
                self._undo.append(partial(held.__setitem__, slice(None), inner))
        elif hasattr(held, "__dict__"):
            inner = [vars(held)]
        for value in inner:
            self._enter(value)


def _refill(held: Any, content: Any) -> None:
    held.clear()
    held.update(content)


class LayerBench:
    """One layer on the workbench."""

    def __init__(self, bench: Workbench, number: int, *, training: bool, step: Step | None = None) -> None:
        self.bench, self.number, self.layer = bench, number, bench.layers[number]
        self.training = training
        self.parameters = {name: parameter for (i, name), parameter in bench.parameters.items() if i == number}
        self.names = list(self.parameters)
        self.step = step or ComplexStep()
        self.settled = step is not None
        self.note = ""

    def forward(self, x: Array, kind: str = "real") -> Array:
        """Return the output; chance is the same in every call."""
        self.bench.use(kind)
        self.bench.rewind(self.layer)
        return self.layer.forward(x, training=self.training)

    def collect(self, cotangent: Array) -> dict[str, Array]:
        """Go back; return copies of the gradients by name, "input" included."""
        for parameter in self.parameters.values():
            parameter.grad.fill(np.nan)
        dx = self.layer.backward(cotangent)
        found = {name: parameter.grad.copy() for name, parameter in self.parameters.items()}
        return found if dx is None else {**found, "input": np.array(dx)}

    def gradients(self, x: Array, cotangent: Array) -> dict[str, Array]:
        """Go forth and back."""
        self.forward(x)
        return self.collect(cotangent)

    def differs_from_inference(self, x: Array) -> bool:
        """Whether training changes what the layer computes."""
        found = []
        for training in (False, True):
            lone = LayerBench(self.bench, self.number, training=training)
            y = np.array(lone.forward(x.copy()))
            found.append([y])
            with suppress(Exception):  # the protocol's to report
                found[-1] += lone.collect(np.random.default_rng(0).standard_normal(y.shape)).values()
            self.bench.reset(self.layer)
        return any(not np.array_equal(a, b, equal_nan=True) for a, b in zip(*found, strict=False))

    def noisy(self, x: Array, cotangent: Array, rng: Rng) -> list[dict[str, Array]]:
        """Return gradients under noise on all that flows."""
        # What a user's layer keeps cannot be shaken: its products have rounding of their own.
        own = not type(self.layer).__module__.startswith("minidl.")
        product = NOISE * np.abs(cotangent).max(initial=0.0) * np.abs(x).max(initial=0.0)
        runs = []
        for _ in range(runs_for(sum(parameter.size for parameter in self.parameters.values()))):
            with self.bench.shaken([(self.number, name) for name in self.names], rng):
                shake(self.forward(noise(x, rng)), rng)
                found = self.collect(noise(cotangent, rng))
            for name, gradient in found.items():
                found[name] = noisy_sum(gradient, rng)
            for name in self.names if own else ():
                found[name] += product * rng.uniform(-1, 1, found[name].shape)
            # A derivative such as y (1 - y) carries the rounding of y.
            if "input" in found and found["input"].shape == cotangent.shape:
                found["input"] += flow_noise(cotangent, rng)
            runs.append(found)
        return runs

    def choose_step(self, x: Array, rng: Rng) -> None:
        """Fall back to central differences if need be."""
        for name in ("input", *self.names):
            if self.settled or not isinstance(self.step, ComplexStep):
                return
            if why := self.subject(x, name).unsafe(name, rng, CentralStep()):
                self.step = CentralStep()
                self.note = f"central differences, as layer {self.number}, {self.layer}, is not complex-safe ({why})"

    def subject(self, x: Array, name: str) -> Subject:
        """Return the output as a function of one array."""
        inputs = both(x)
        return Subject(lambda kind: self.forward(inputs[kind], kind), inputs if name == "input" else self.bench.arrays((self.number, name)))

    def numeric(self, x: Array, name: str, cotangents: Sequence[Array | Numeric], rng: Rng, limit: int) -> list[Numeric] | None:
        """Return `numeric_gradients` of the output."""
        return numeric_gradients(self.subject(x, name), cotangents, rng, self.step, limit)


@dataclass
class Alone:
    """What the check of a layer found; `carried`: for the whole net's cotangent."""

    x: Array
    cotangent: Array
    analytic: dict[str, Array]
    note: str
    checks: list[Check] = field(default_factory=list)
    numeric: dict[str, Numeric] = field(default_factory=dict)
    bars: dict[str, Array] = field(default_factory=dict)
    probed: dict[str, list[tuple[Array, Numbers]]] = field(default_factory=dict)
    carried: dict[str, Numeric] = field(default_factory=dict)


def check_alone(
    lone: LayerBench, x: Array, rng: Rng, *, limit: int, input_limit: int | None = None, carried: Numeric | None = None
) -> Alone:
    """Check each gradient of one layer: by probes, if it would take over `limit` forward calls."""
    lone.choose_step(x, rng)
    with suppress(ValueError, ArithmeticError):  # if it is defined there
        lone.choose_step(synthetic_input(x, rng), rng)
    lone.settled = True
    cotangent = rng.standard_normal(np.shape(lone.forward(x)))
    alone = Alone(x, cotangent, lone.gradients(x, cotangent), lone.note)
    noisy = lone.noisy(x, cotangent, rng)
    cotangents: list[Array | Numeric] = [cotangent] if carried is None else [cotangent, carried]
    limits = dict.fromkeys(lone.names, limit) | {"input": limit if input_limit is None else input_limit}
    for name, most in limits.items():
        check = Check(lone.number, "layer", name, where=str(lone.layer), training=lone.training)
        alone.checks.append(check)
        if name not in alone.analytic:
            check.verdict, check.difference, check.diagnosis = "fail", 1.0, "backward returned None instead of the gradient of its input"
            continue
        analytic, runs, subject = alone.analytic[name], [run[name] for run in noisy if name in run], lone.subject(x, name)
        fits = analytic.shape == subject.arrays["real"].shape
        found = lone.numeric(x, name, cotangents, rng, most)
        if found is not None:
            alone.numeric[name], alone.carried[name] = found[0], found[-1]
            bar = rounding_bar(analytic, runs) if fits else np.zeros(())
            alone.bars[name] = bar
            compare(check, analytic, found[0], bar)
        elif fits:
            alone.probed[name] = compare_along(check, subject, lone.step, analytic, runs, rng, cotangent)
        else:
            check.verdict, check.difference, check.diagnosis = "fail", 1.0, f"its gradient has shape {analytic.shape}"
    return alone


def synthetic_input(x: Array, rng: Rng) -> Array:
    """Return a batch of another length, with numbers of every size."""
    m = 7 if x[0].size >= 16 else 61
    shape = (m + 2 if m == len(x) else m, *x.shape[1:])
    sizes = np.exp(rng.uniform(np.log(1e-4), np.log(12.0), shape))
    signs = rng.integers(0, 2, shape) * 2.0 - 1.0
    found: Array = np.where(rng.random(shape) < 0.5, sizes * signs, rng.standard_normal(shape))
    return found
