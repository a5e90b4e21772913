"""Model files whose JSON description was changed.

Either its digest no longer matches, or the digest is computed again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import numpy as np

from minidl.data.hdf5_writer import hdf5_bytes

NUMBERS: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 0.0, -0.5, 1e308, 2**31, 2**63),
    *(10**12, 10**19, 10**25, 10**4000, float("nan"), float("inf")),
)
STRINGS: tuple[Any, ...] = (
    *("", "x", "0.weight", "../x", "a/b", "\x00", "\x1b[2J", "\ud800", "os.system"),
    *("Linear", "L2", "ReLU", "object", "<f4", "float64", "x" * 10_000),
    *("minidl", "custom", "parameter", "buffer", "training", "0", "1.body.0"),
)
CONTAINERS: tuple[Any, ...] = (
    *([], [1], [10**9, 10**9], [2**62, 4], [0, 4], [[]], {}, {"class": "Linear"}),
    {"class": "Linear", "settings": {"in_features": 10**9, "out_features": 10**9}},
)
EDGE_VALUES = (*NUMBERS, *STRINGS, *CONTAINERS)


def change_description(content: bytes, rng: np.random.Generator) -> bytes:
    """Return the file with a changed description and its old digest."""
    arrays = _read_arrays(content)
    text = _changed_json(arrays["description"].tobytes(), rng) or b"{}"
    return hdf5_bytes({**arrays, "description": np.frombuffer(text, np.uint8)})


def forge_description(content: bytes, rng: np.random.Generator) -> bytes:
    """Return the file with a changed description and a matching digest."""
    arrays = _read_arrays(content)
    text = _changed_json(arrays["description"].tobytes(), rng) or b"{}"
    digest = hashlib.sha256(text).digest()
    return hdf5_bytes(
        {
            **arrays,
            "description": np.frombuffer(text, np.uint8),
            "sha256": np.frombuffer(digest, np.uint8),
        }
    )


def described_model(content: bytes) -> str:
    """Return the model that a file describes as a string: its description and its arrays."""
    file_arrays = _read_arrays(content)
    description = json.loads(file_arrays["description"].tobytes())
    arrays = {
        name: [fields["dtype"], file_arrays[name].shape, file_arrays[name].tobytes().hex()]
        for name, fields in description["arrays"].items()
    }
    config = {name: description[name] for name in ("dtype", "layers", "loss", "penalties")}
    return json.dumps([config, arrays], sort_keys=True)


def _read_arrays(content: bytes) -> dict[str, Any]:
    import h5py

    with h5py.File(BytesIO(content), "r") as file:
        return {key: file[key][()] for key in file}


def _changed_json(text: bytes, rng: np.random.Generator) -> bytes:
    """Return JSON with one to three changes of its values, or also of its characters."""
    content = json.loads(text)
    for _ in range(int(rng.integers(1, 4))):
        sections = [
            content[name]
            for name in ("layers", "loss", "penalties", "training")
            if name in content and isinstance(content[name], dict | list)
        ]
        root = _pick(sections, rng) if sections and rng.random() < 0.7 else content
        if root:
            _change_value(root, rng)
    changed = json.dumps(content, sort_keys=bool(rng.integers(2))).encode("utf-8", "surrogatepass")
    return _corrupt_text(bytearray(changed), rng) if rng.random() < 0.2 else changed


def _change_value(content: Any, rng: np.random.Generator) -> None:
    container, key = _pick(list(_locations(content)), rng)
    change = int(rng.integers(5))
    if change == 0:
        del container[key]
    elif change == 1 and isinstance(container, dict):
        container[str(_pick(EDGE_VALUES, rng))[:100]] = container.pop(key)
    elif change == 2:  # a copy of the same or of another value
        other, other_key = _pick(list(_locations(content)), rng)
        container[key] = _copy(other[other_key])
    elif change == 3 and isinstance(container, list):
        container.append(_copy(container[key]))
    else:
        value = _pick(EDGE_VALUES, rng)
        container[key] = _copy(value) if isinstance(value, list | dict) else value


def _copy(value: Any) -> Any:
    return json.loads(json.dumps(value))


def _locations(content: Any) -> Iterator[tuple[Any, Any]]:
    """Yield the container and the key of each value of nested content."""
    for key in list(content) if isinstance(content, dict) else range(len(content)):
        yield content, key
        if isinstance(content[key], dict | list):
            yield from _locations(content[key])


def _pick(values: Any, rng: np.random.Generator) -> Any:
    return values[int(rng.integers(len(values)))]


def _corrupt_text(text: bytearray, rng: np.random.Generator) -> bytes:
    """Corrupt the JSON itself: nested deeply, a key twice, a random byte, truncated."""
    change = int(rng.integers(5))
    position = int(rng.integers(len(text)))
    if change == 0:
        return b"[" * int(rng.integers(1, 200_000)) + bytes(text)
    if change == 1:
        return bytes(text[:-1]) + b', "dtype": "float64", "dtype": "float32"}'
    if change == 2:
        text[position] = int(rng.integers(256))
        return bytes(text)
    if change == 3:
        return b'{"layers": ' + b'{"a": ' * 5_000 + b"1" + b"}" * 5_000 + b"}"
    return bytes(text[:position])
