"""Parameters as safetensors files."""

import json
import os
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers import Gain, Residual
from hypothesis import given
from hypothesis import strategies as st

import minidl
from minidl import (
    ArgumentError,
    Buffer,
    CategoricalCrossEntropy,
    Chain,
    Concat,
    DataError,
    Dropout,
    Flatten,
    Layer,
    LeakyReLU,
    Linear,
    MeanSquaredError,
    MissingDataError,
    MissingDependencyError,
    NonFiniteError,
    Ones,
    Parameter,
    ReLU,
    Sequential,
    Softmax,
    Tanh,
    Zeros,
)
from minidl.exchange import load_safetensors, save_safetensors

safetensors = pytest.importorskip("safetensors")
RECORDED = Path(__file__).parent / "recorded"
ANSWERS = json.loads((RECORDED / "torch.json").read_text())
DTYPES = {"float32": np.float32, "float64": np.float64}


def recorded_net(dtype, seed=1):
    """Return the network of recorded/make_recorded.py."""
    layers = [
        Flatten(),
        Linear(6, 5),
        ReLU(),
        Dropout(0.5),
        Linear(5, 4, bias=False),
        LeakyReLU(0.1),
    ]
    layers += [Linear(4, 4), Tanh(), Linear(4, 3), Softmax()]
    return Sequential(layers, loss=CategoricalCrossEntropy(), dtype=dtype, seed=seed)


def small(seed=0, dtype=np.float32):
    return Sequential([Linear(2, 1)], loss=MeanSquaredError(), seed=seed, dtype=dtype)


def raw(header, data=b"", size=None):
    """Return the bytes of a file, valid or not."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if size is None else size) + text + data


def tensor(shape, start, stop, dtype="F32", **more):
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, stop], **more}


WEIGHT, BIAS = tensor([1, 2], 0, 8), tensor([1], 8, 12)
NUMBERS = np.array([1, 2, 3], "<f4").tobytes()
RIGHT = {"0.weight": WEIGHT, "0.bias": BIAS}


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_file_recorded_by_torch_is_read_and_predicts_the_same(dtype):
    model = recorded_net(dtype)
    load_safetensors(model, RECORDED / f"torch_{dtype}.safetensors")
    predictions = model.predict(np.array(ANSWERS["X"], dtype))
    np.testing.assert_allclose(
        predictions, ANSWERS["Y"][dtype], rtol=0, atol=1e-6 if dtype == "float32" else 1e-14
    )


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_written_file_is_the_one_that_torch_recorded(dtype, tmp_path):
    model, recorded = recorded_net(dtype), RECORDED / f"torch_{dtype}.safetensors"
    load_safetensors(model, recorded)
    written = save_safetensors(model, tmp_path / "model.safetensors")

    def tensors(path):
        return {
            name: (tensor["dtype"], tensor["shape"], bytes(tensor["data"]))
            for name, tensor in safetensors.deserialize(path.read_bytes())
        }

    assert tensors(written) == tensors(recorded)


def test_containers_have_the_names_of_nested_modules_of_torch(tmp_path):
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_file

    model = Sequential(
        [Chain(Linear(3, 4), ReLU(), Chain(Linear(4, 2, bias=False)))], loss=MeanSquaredError()
    )
    there = torch.nn.Sequential(
        torch.nn.Sequential(
            torch.nn.Linear(3, 4),
            torch.nn.ReLU(),
            torch.nn.Sequential(torch.nn.Linear(4, 2, bias=False)),
        )
    )
    there.load_state_dict(load_file(save_safetensors(model, tmp_path / "a")))
    X = np.ones((2, 3), np.float32)
    answer = there(torch.from_numpy(X)).detach().numpy()
    np.testing.assert_allclose(answer, model.predict(X), rtol=0, atol=1e-6)


def test_names_of_the_parameters_of_containers(tmp_path):
    layers = [Linear(3, 3), minidl.Residual(Linear(3, 2), shortcut=Linear(3, 2, bias=False))]
    layers.append(Concat(ReLU(), [Linear(2, 1, bias=False)]))
    model = Sequential([*layers, Chain(Linear(3, 1, bias=False))], loss=MeanSquaredError())
    content = save_safetensors(model, tmp_path / "a").read_bytes()
    assert sorted(name for name, _ in safetensors.deserialize(content)) == [
        "0.bias",
        "0.weight",
        "1.body.0.bias",
        "1.body.0.weight",
        "1.shortcut.weight",
        "2.1.0.weight",
        "3.0.weight",
    ]


@pytest.mark.parametrize("dtype", DTYPES)
def test_torch_reads_the_file_and_writes_it_back(dtype, tmp_path):
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_file, save_file
    from torch import nn

    def net():
        steps = [
            nn.Flatten(),
            nn.Linear(6, 5),
            nn.ReLU(),
            nn.Dropout(0.5),
            nn.Linear(5, 4, bias=False),
            nn.LeakyReLU(0.1),
        ]
        steps += [nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 3), nn.Softmax(dim=-1)]
        return nn.Sequential(*steps).to(getattr(torch, dtype)).eval()

    X = np.array(ANSWERS["X"], dtype)
    there, model = net(), recorded_net(dtype)
    assert (
        str(there.load_state_dict(load_file(save_safetensors(model, tmp_path / "a"))))
        == "<All keys matched successfully>"
    )
    for name, parameter in model.parameters:
        np.testing.assert_array_equal(
            there.state_dict()[name].numpy(), parameter.value, strict=True
        )
    np.testing.assert_allclose(
        there(torch.from_numpy(X)).detach().numpy(), model.predict(X), rtol=0, atol=1e-6
    )

    other = net()
    save_file(other.state_dict(), tmp_path / "b")
    load_safetensors(model, tmp_path / "b")
    for name, parameter in model.parameters:
        np.testing.assert_array_equal(
            other.state_dict()[name].numpy(), parameter.value, strict=True
        )
    np.testing.assert_allclose(
        other(torch.from_numpy(X)).detach().numpy(), model.predict(X), rtol=0, atol=1e-6
    )


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "layers",
    [
        lambda: [Linear(3, 3), Gain(3), Residual(3)],
        lambda: [ReLU()],
        lambda: [
            Chain(Linear(3, 3), minidl.Residual(Linear(3, 3))),
            Concat([Linear(3, 1)], Tanh()),
        ],
    ],
    ids=["custom layers", "no parameters", "containers"],
)
def test_a_round_trip_is_exact_bit_for_bit(layers, dtype, tmp_path):
    model, other = (
        Sequential(layers(), loss=MeanSquaredError(), seed=seed, dtype=dtype) for seed in (1, 2)
    )
    model.parameters.theta[:2] = [-0.0, np.finfo(dtype).tiny / 4][: model.parameters.size]
    path = tmp_path / "model.safetensors"
    assert save_safetensors(model, path) == path
    load_safetensors(other, str(path))
    assert other.parameters.theta.tobytes() == model.parameters.theta.tobytes()
    assert save_safetensors(other, tmp_path / "again").read_bytes() == path.read_bytes()


def test_a_diverged_model_can_be_loaded_into_but_not_saved(tmp_path):
    whole, broken = small(), small()
    path = save_safetensors(whole, tmp_path / "model")
    before = path.read_bytes()
    broken.parameters.theta[1] = np.nan
    with pytest.raises(
        NonFiniteError,
        match=r"parameters must be finite, got nan at 0\.weight\[0, 1\] in save_safetensors",
    ):
        save_safetensors(broken, path)
    assert path.read_bytes() == before
    load_safetensors(broken, path)
    np.testing.assert_array_equal(broken.parameters.theta, whole.parameters.theta)


def test_a_failed_write_leaves_the_old_file_complete(tmp_path, monkeypatch):
    path = save_safetensors(small(), tmp_path / "model")
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DataError, match="No space left"):
        save_safetensors(small(seed=1), path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("call", [save_safetensors, load_safetensors])
def test_without_the_package_the_error_names_the_cure(call, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors", None)
    monkeypatch.delitem(sys.modules, "safetensors.numpy", raising=False)
    with pytest.raises(MissingDependencyError, match=r'pip install "safetensors'):
        call(small(), tmp_path / "model")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("call", [save_safetensors, load_safetensors])
def test_other_objects_are_refused(call, tmp_path):
    with pytest.raises(
        ArgumentError, match=rf"model must be a Sequential, got \[\] in {call.__name__}"
    ):
        call([], tmp_path / "model")


def load(content, tmp_path, model=None):
    """Load a file with `content` into a model; check that a failure leaves it unchanged."""
    model = model or small()
    before = model.parameters.theta.tobytes()
    (tmp_path / "model").write_bytes(content)
    try:
        load_safetensors(model, tmp_path / "model")
    except BaseException:
        assert model.parameters.theta.tobytes() == before
        raise
    return model


def test_a_correct_file_is_read(tmp_path):
    model = load(raw({**RIGHT, "__metadata__": {"format": "pt"}}, NUMBERS), tmp_path)
    np.testing.assert_array_equal(
        model.parameters.theta, np.array([1, 2, 3], np.float32), strict=True
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "must be a whole safetensors file, found"),
        (b"\x01\x00", "must be a whole safetensors file, found"),
        (raw(RIGHT, NUMBERS)[:40], "must be a whole safetensors file, found"),
        (raw(RIGHT, NUMBERS)[:-1], "must be a whole safetensors file, found (?i:.*incomplete)"),
        (raw(RIGHT, NUMBERS + b"\0"), "must be a whole safetensors file, found (?i:.*incomplete)"),
        (raw(RIGHT, NUMBERS, size=2**40), "must be a whole safetensors file, found"),
        (raw(RIGHT, NUMBERS, size=2**64 - 1), "must be a whole safetensors file, found"),
        (
            raw({**RIGHT, "__metadata__": {"a": "x" * 2**17}}, NUMBERS),
            r"may have at most 67,622 bytes, found 131,\d+: is it of another",
        ),
        (
            raw(json.dumps(RIGHT).encode().ljust(67_603)),
            "must be a whole safetensors file, found 'more than 67,602 bytes of header'",
        ),
        (raw(b"[" * 50_000), "must be a whole safetensors file, found"),
        (raw(b"[]"), "must be a whole safetensors file"),
        (raw(b'{"\xff": 1}'), "must be a whole safetensors file, found"),
        (raw(b'{"0.weight": 1e999}'), "must be a whole safetensors file"),
        (raw(b'{"0.weight": %s}' % (b"9" * 5000)), "must be a whole safetensors file, found"),
        (
            raw(
                b'{"0.weight":%s,"0.weight":%s,"0.bias":%s}'
                % tuple(json.dumps(tensor).encode() for tensor in (WEIGHT, WEIGHT, BIAS)),
                NUMBERS,
            ),
            "must be a whole safetensors file, found 'a duplicate key",
        ),
        (
            raw({**RIGHT, "0.bias": tensor([1], 4, 8)}, NUMBERS[:8]),
            "must be a whole safetensors file",
        ),
        (
            raw({**RIGHT, "0.bias": tensor([1], 12, 16)}, NUMBERS + NUMBERS[:4]),
            "must be a whole safetensors file",
        ),
        (
            raw({**RIGHT, "0.bias": tensor([1], 8, 2**40)}, NUMBERS),
            "must be a whole safetensors file",
        ),
        (raw({**RIGHT, "0.bias": tensor([1], -4, 0)}, NUMBERS), "must be a whole safetensors file"),
        (
            raw({**RIGHT, "0.bias": tensor([2**62, 2**62], 8, 12)}, NUMBERS),
            "must be a whole safetensors file",
        ),
        (
            raw({**RIGHT, "0.bias": tensor([True], 8, 12)}, NUMBERS),
            "must be a whole safetensors file",
        ),
        (
            raw({**RIGHT, "0.bias": tensor([1], 8, 12, dtype="F31")}, NUMBERS),
            "must be a whole safetensors file",
        ),
        (
            raw({"0.weight": WEIGHT}, NUMBERS[:8]),
            r"'0\.bias': must be of shape \(1,\), found only \['0\.weight'\]: the layers",
        ),
        (raw({}), r"tensor '0\.weight': must be of shape \(1, 2\), found only \[\]:"),
        (
            raw({**RIGHT, "1.bias": tensor([0], 12, 12)}, NUMBERS),
            r"'1\.bias': must be absent, as in the model, found shape",
        ),
        (
            raw({"net.0.weight": WEIGHT, "net.0.bias": BIAS}, NUMBERS),
            r"'0\.weight': must be of shape \(1, 2\), found only \['net\.0\.",
        ),
        (
            raw({**RIGHT, "0.weight": tensor([2, 1], 0, 8)}, NUMBERS),
            r"'0\.weight': must be of shape \(1, 2\), found shape \(2, 1\)",
        ),
        (
            raw({**RIGHT, "0.bias": tensor([], 8, 12)}, NUMBERS),
            r"'0\.bias': must be of shape \(1,\), found shape \(\)",
        ),
        (
            raw({**RIGHT, "0.bias": tensor([0] * 20_000, 8, 8)}, NUMBERS[:8]),
            r"'0\.bias': must be of shape \(1,\), found shape \(0, 0, ",
        ),
        (
            raw({**RIGHT, "0.bias": tensor([1], 8, 12, dtype="I32")}, NUMBERS),
            r"'0\.bias': must be F32, F16 or BF16 for a model in float32, found I32: convert the",
        ),
        (
            raw({**RIGHT, "0.bias": tensor([1], 8, 10, dtype="BF16")}, NUMBERS[:8] + b"\x80\x7f"),
            r"'0\.bias': must be finite numbers, found inf",
        ),
        (
            raw({**RIGHT, "0.bias": tensor([1], 8, 10, dtype="F16")}, NUMBERS[:8] + b"\x01\xfc"),
            r"'0\.bias': must be finite numbers, found nan",
        ),
        (
            raw(RIGHT, np.array([1, np.nan, 3], "<f4").tobytes()),
            r"'0\.weight': must be finite numbers, found nan: train that model again",
        ),
        (
            raw(RIGHT, np.array([1, 2, -np.inf], "<f4").tobytes()),
            r"'0\.bias': must be finite numbers, found -inf",
        ),
    ],
)
def test_a_wrong_file_is_an_error_and_changes_nothing(content, message, tmp_path):
    with pytest.raises(DataError, match=message) as caught:
        load(content, tmp_path)
    assert str(caught.value).startswith(str(tmp_path / "model"))
    assert len(str(caught.value)) < 500 + len(str(tmp_path))


def test_a_file_of_another_dtype_is_refused_in_both_directions(tmp_path):
    for dtype, other, rule in (
        ("float32", "float64", "F64"),
        ("float64", "float32", "F32, F16 or BF16"),
    ):
        content = save_safetensors(small(dtype=dtype), tmp_path / "written").read_bytes()
        with pytest.raises(
            DataError,
            match=rf"must be {rule} for a model in {other}, found F{dtype[5:]}: "
            f"pass a model in {dtype}",
        ):
            load(content, tmp_path, small(dtype=other))


def finite_halves(dtype):
    """Return the bit patterns of all finite numbers of a half precision, and their values."""
    bits = np.arange(2**16, dtype=np.uint32)
    exponent_bits, fraction_bits = {"F16": (5, 10), "BF16": (8, 7)}[dtype]
    exponent = bits >> fraction_bits & (2**exponent_bits - 1)
    fraction = (bits & (2**fraction_bits - 1)) / 2.0**fraction_bits
    bias = 2 ** (exponent_bits - 1) - 1
    size = np.ldexp(fraction + (exponent > 0), np.maximum(exponent, 1).astype(int) - bias)
    finite = exponent < 2**exponent_bits - 1
    return bits[finite], np.where(bits >> 15, -size, size)[finite]


@pytest.mark.parametrize("dtype", ["F16", "BF16"])
def test_every_number_in_half_precision_is_read_exactly_into_float32(dtype, tmp_path):
    bits, values = finite_halves(dtype)
    n = len(bits)
    header = {
        "0.weight": tensor([1, n - 1], 0, 2 * n - 2, dtype=dtype),
        "0.bias": tensor([1], 2 * n - 2, 2 * n, dtype=dtype),
    }
    model = Sequential([Linear(n - 1, 1)], loss=MeanSquaredError())
    load(raw(header, bits.astype("<u2").tobytes()), tmp_path, model)
    np.testing.assert_array_equal(model.parameters.theta, values)
    assert (np.signbit(model.parameters.theta) == bits >> 15).all()  # -0.0, too
    other = Sequential([Linear(n - 1, 1)], loss=MeanSquaredError(), dtype=np.float64)
    with pytest.raises(DataError, match=rf"must be F64 .* found {dtype}: pass a model in float32"):
        load(raw(header, bits.astype("<u2").tobytes()), tmp_path, other)


@pytest.mark.parametrize(
    "header",
    [
        {**RIGHT, "\n" * 50_000: tensor([0], 12, 12)},
        {"\n" * 50_000: WEIGHT},
        {"\n" * 50_000: tensor([2], 1, 9)},
    ],
)
def test_long_foreign_names_are_cut_short(header, tmp_path):
    with pytest.raises(DataError) as caught:
        load(raw(header, NUMBERS[: 12 if "0.weight" in header else 8]), tmp_path)
    assert len(str(caught.value)) < 600 + len(str(tmp_path))
    assert "\n" not in str(caught.value)


def test_a_large_file_is_refused_before_it_is_read(tmp_path):
    with open(tmp_path / "model", "wb") as file:
        file.truncate(2**40)  # a hole of 1 TiB
    with pytest.raises(
        DataError,
        match=r"may have at most 67,622 bytes, found 1,099,511,627,776: is it of another model\?",
    ):
        load_safetensors(small(), tmp_path / "model")


def test_only_regular_files_are_read(tmp_path):
    with pytest.raises(MissingDataError, match="file not found"):
        load_safetensors(small(), tmp_path / "nowhere")
    with pytest.raises(DataError, match="must be a regular file, found a folder"):
        load_safetensors(small(), tmp_path)
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(DataError, match="must be a regular file, found a pipe"):
            load_safetensors(small(), tmp_path / "pipe")


GOOD = raw(RIGHT, NUMBERS)


@given(place=st.integers(0, len(GOOD) - 1), byte=st.integers(0, 255), cut=st.booleans())
def test_a_damaged_file_is_refused_or_read_as_a_whole(place, byte, cut, tmp_path_factory):
    content = GOOD[:place] if cut else GOOD[:place] + bytes([byte]) + GOOD[place + 1 :]
    try:
        model = load(content, tmp_path_factory.getbasetemp())
    except DataError:
        return
    assert np.isfinite(model.parameters.theta).all()
    assert model.parameters.theta.tobytes() in (
        content[-12:],
        content[-8:] + content[-12:-8],
        content[-4:] + content[-12:-4],
    )


class LongNames(Layer):
    """Has ten parameters, with names of 10,000 letters."""

    def __init__(self):
        self.gains = {f"{i}" + "é" * 9_999: Parameter((1,), init=Ones()) for i in range(10)}

    def forward(self, x, *, training=False):
        return x

    def backward(self, dy):
        return dy


def test_parameters_with_long_names_are_read_again(tmp_path):
    model, other = (Sequential([LongNames()], loss=MeanSquaredError()) for _ in range(2))
    model.parameters.theta = np.arange(10)
    load_safetensors(other, save_safetensors(model, tmp_path / "model.safetensors"))
    assert other.parameters.theta.tolist() == list(range(10))


def test_buffers_are_read_too(tmp_path):
    class Shifted(Linear):
        def __init__(self):
            super().__init__(2, 1)
            self.shift = Buffer((3,), init=Zeros())

    first, second = (Sequential([Shifted()], loss=MeanSquaredError(), seed=n) for n in (1, 2))
    first.buffers["0.shift"].value = [1, 2, 3]
    load_safetensors(second, save_safetensors(first, tmp_path / "model"))
    assert second.buffers["0.shift"].value.tolist() == [1, 2, 3]
