"""The same function in other precisions: inputs, results and what happens between are rounded."""

import functools
from zlib import crc32

import numpy as np

NOISE = 1e-7


def convert(tree, change):
    """Apply `change` to each array or number of floats in nested tuples, lists and dicts."""
    if isinstance(tree, dict):
        return {key: convert(child, change) for key, child in tree.items()}
    if isinstance(tree, tuple | list):
        return type(tree)(convert(child, change) for child in tree)
    if tree is None or np.asarray(tree).dtype.kind not in "fc":
        return tree
    return change(np.asarray(tree))


def to_float32(array):
    if array.dtype.kind == "c":
        raise TypeError("float32 code takes no complex numbers")
    return np.asarray(array, dtype=np.float32)


def round_to_bf16(array):
    """Round to the 8 bits of bfloat16, to the nearest, ties to even; the dtype is float32."""
    bits = np.ascontiguousarray(array, dtype=np.float32).view(np.uint32)
    rounded = bits + (np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1)))
    return (rounded & np.uint32(0xFFFF0000)).view(np.float32).reshape(np.shape(array))


def rounded_to(array, precision):
    """Return float64 numbers that the precision can hold."""
    if precision == "bf16":
        array = round_to_bf16(array)
    elif precision == "float32":
        array = np.asarray(array, dtype=np.float32)
    return np.asarray(array, dtype=np.float64)


class Bf16(np.ndarray):
    """An array of which every result is rounded to bfloat16."""

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **options):
        if out is not None:
            options["out"] = tuple(_plain(target) for target in out)
        result = getattr(ufunc, method)(*map(_plain, inputs), **options)
        if method == "at":
            inputs[0][...] = round_to_bf16(_plain(inputs[0]))
            return None
        if out is not None:
            for target in out:
                if isinstance(target, Bf16):
                    target.view(np.ndarray)[...] = round_to_bf16(_plain(target))
            return out[0] if len(out) == 1 else out
        return _rounded(result)

    def __array_function__(self, function, types, args, kwargs):
        return _rounded(function(*_plain(args), **_plain(kwargs)))


def _plain(thing):
    if isinstance(thing, Bf16):
        return thing.view(np.ndarray)
    if isinstance(thing, tuple | list):
        return type(thing)(map(_plain, thing))
    if isinstance(thing, dict):
        return {key: _plain(value) for key, value in thing.items()}
    return thing


def _rounded(result):
    if isinstance(result, tuple | list):
        return tuple(map(_rounded, result))
    if isinstance(result, np.ndarray | np.floating) and result.dtype.kind == "f":
        return round_to_bf16(result).view(Bf16)
    return result


def to_bf16(array):
    return round_to_bf16(to_float32(array)).view(Bf16)


def _noise(array, inputs):
    """Return `array` with noise that is the same for the same inputs, as from an iteration."""
    seed = 0
    for item in inputs:
        seed = crc32(np.ascontiguousarray(item).tobytes(), seed)
    rng = np.random.default_rng([seed, array.size])
    scale = NOISE * np.abs(array).max(initial=0.0)
    return array + scale * rng.uniform(-1, 1, array.shape)


def _flat(tree):
    if isinstance(tree, dict):
        tree = list(tree.values())
    if isinstance(tree, tuple | list):
        return [leaf for child in tree for leaf in _flat(child)]
    return [] if tree is None else [np.asarray(tree)]


def _real(array):
    if array.dtype.kind == "c":
        raise TypeError("an iteration in C takes no complex numbers")
    return array


CHANGES = {"float32": to_float32, "bf16": to_bf16, "noisy": _real}


def in_precision(function, precision):
    """Return the same function, computed in that precision."""
    if precision == "float64":
        return function
    change = CHANGES[precision]

    @functools.wraps(function)
    def converted(*arguments):
        inputs = convert(arguments, change)
        result = function(*inputs)
        if precision == "noisy":
            leaves = _flat(inputs)
            return convert(result, lambda array: _noise(array, leaves))
        return convert(result, lambda array: to_float32(_plain(array)))

    return converted


def layer_in_precision(layer_class, precision):
    """Return a class of the same layer, which computes in that precision."""
    if precision == "float64":
        return layer_class

    class Converted(layer_class):
        def forward(self, x):
            return self._computed(super().forward, x)

        def backward(self, dy):
            dx = self._computed(super().backward, dy)
            self.grads = convert(self.grads, lambda array: np.array(_plain(array)))
            return dx

        def _computed(self, method, array):
            params = self.params
            self.params = convert(params, CHANGES[precision])
            try:
                return in_precision(method, precision)(array)
            finally:
                self.params = params

    return Converted
