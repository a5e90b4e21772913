"""Model files whose JSON description was changed: as it is, so that its digest is wrong, or with a digest made to fit."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import numpy as np

from minidl.data.hdf5_writer import hdf5_bytes

_NASTY: tuple[Any, ...] = (
    *(
        None,
        True,
        False,
        0,
        1,
        -1,
        0.0,
        -0.5,
        1e308,
        2**31,
        2**63,
        10**12,
        10**19,
        10**25,
        10**4000,
        float("nan"),
        float("inf"),
    ),
    *(
        "",
        "x",
        "0.weight",
        "../x",
        "a/b",
        "\x00",
        "\x1b[2J",
        "\ud800",
        "os.system",
        "Linear",
        "L2",
        "ReLU",
        "object",
        "<f4",
        "float64",
        "x" * 10_000,
    ),
    *(
        [],
        [1],
        [10**9, 10**9],
        [2**62, 4],
        [0, 4],
        [[]],
        {},
        {"class": "Linear"},
        {"class": "Linear", "settings": {"in_features": 10**9, "out_features": 10**9}},
    ),
)


def redescribed(content: bytes, rng: np.random.Generator) -> bytes:
    """Return the file with a changed description and its old digest."""
    parts = _parts(content)
    parts["description"] = np.frombuffer(
        _changed(parts["description"].tobytes(), rng) or b"{}", np.uint8
    )
    return hdf5_bytes(parts)


def forged(content: bytes, rng: np.random.Generator) -> bytes:
    """Return the file with a changed description and a digest that fits."""
    parts = _parts(content)
    text = _changed(parts["description"].tobytes(), rng) or b"{}"
    return hdf5_bytes(
        {
            **parts,
            "description": np.frombuffer(text, np.uint8),
            "sha256": np.frombuffer(hashlib.sha256(text).digest(), np.uint8),
        }
    )


def described(content: bytes) -> str:
    """Return what a model file says of itself, as one text: its description and its arrays."""
    parts = _parts(content)
    told = json.loads(parts["description"].tobytes())
    arrays = {
        name: [told["arrays"][name]["dtype"], parts[name].shape, parts[name].tobytes().hex()]
        for name in told["arrays"]
    }
    return json.dumps(
        [{name: told[name] for name in ("dtype", "layers", "loss", "penalties")}, arrays],
        sort_keys=True,
    )


def _parts(content: bytes) -> dict[str, Any]:
    import h5py

    with h5py.File(BytesIO(content), "r") as file:
        return {key: file[key][()] for key in file}


def _changed(text: bytes, rng: np.random.Generator) -> bytes:
    """Return JSON with one to three changes, of its values or of its letters."""
    content = json.loads(text)
    for _ in range(int(rng.integers(1, 4))):
        parts = [
            content[name]
            for name in ("layers", "loss", "penalties", "training")
            if name in content and isinstance(content[name], dict | list)
        ]
        root = _pick(parts, rng) if parts and rng.random() < 0.7 else content
        if root:
            _change(root, rng)
    found = json.dumps(content, sort_keys=bool(rng.integers(2))).encode("utf-8", "surrogatepass")
    return _letters(bytearray(found), rng) if rng.random() < 0.2 else found


def _change(content: Any, rng: np.random.Generator) -> None:
    holder, key = _pick(list(_places(content)), rng)
    way = int(rng.integers(5))
    if way == 0:
        del holder[key]
    elif way == 1 and isinstance(holder, dict):
        holder[str(_pick(_NASTY, rng))[:100]] = holder.pop(key)
    elif way == 2:  # the same again, or something from elsewhere
        other, at = _pick(list(_places(content)), rng)
        holder[key] = json.loads(json.dumps(other[at]))
    elif way == 3 and isinstance(holder, list):
        holder.append(json.loads(json.dumps(holder[key])))
    else:
        value = _pick(_NASTY, rng)
        holder[key] = json.loads(json.dumps(value)) if isinstance(value, list | dict) else value


def _places(content: Any) -> Iterator[tuple[Any, Any]]:
    """Yield each value of a nested content as its holder and its key."""
    for key in list(content) if isinstance(content, dict) else range(len(content)):
        yield content, key
        if isinstance(content[key], dict | list):
            yield from _places(content[key])


def _pick(held: Any, rng: np.random.Generator) -> Any:
    return held[int(rng.integers(len(held)))]


def _letters(text: bytearray, rng: np.random.Generator) -> bytes:
    """Spoil the JSON itself: nested deeply, a key twice, a stray letter, cut off."""
    way = int(rng.integers(5))
    at = int(rng.integers(len(text)))
    if way == 0:
        return b"[" * int(rng.integers(1, 200_000)) + bytes(text)
    if way == 1:
        return bytes(text[:-1]) + b', "dtype": "float64", "dtype": "float32"}'
    if way == 2:
        text[at] = int(rng.integers(256))
        return bytes(text)
    if way == 3:
        return b'{"layers": ' + b'{"a": ' * 5_000 + b"1" + b"}" * 5_000 + b"}"
    return bytes(text[:at])
