"""Arrays under PyTorch's names; where PyTorch is installed, also what its own layers then give."""

import numpy as np
import pytest

from minidl import (
    GRU,
    LSTM,
    RNN,
    BatchNorm,
    Chain,
    Conv1D,
    Conv2D,
    DataError,
    Layer,
    LayerNorm,
    Linear,
    MeanSquaredError,
    Ones,
    Parameter,
    SelfAttention,
    Sequential,
)
from minidl.exchange import load_safetensors, save_safetensors
from minidl.exchange.torch_arrays import from_torch, names_in_torch_only, to_torch

RNG = np.random.default_rng(0)


def model_of(*layers, seed=1, dtype=np.float64):
    model = Sequential(layers, loss=MeanSquaredError(), seed=seed, dtype=dtype)
    model.parameters.theta = RNG.standard_normal(model.parameters.size)
    for buffer in model.buffers.values():
        buffer.value = RNG.uniform(0.5, 2, buffer.shape)
    return model


# The layer, that of PyTorch, an input, and how PyTorch's is called.
PAIRS = {
    "Conv1D": (
        lambda: Conv1D(2, 3, 2),
        lambda nn: nn.Conv1d(2, 3, 2),
        (2, 5, 2),
        lambda module, x: module(x.movedim(-1, 1)).movedim(1, -1),
    ),
    "Conv2D": (
        lambda: Conv2D(2, 3, (2, 3), stride=2),
        lambda nn: nn.Conv2d(2, 3, (2, 3), stride=2),
        (2, 5, 6, 2),
        lambda module, x: module(x.movedim(-1, 1)).movedim(1, -1),
    ),
    "GRU": (
        lambda: GRU(2, 3),
        lambda nn: nn.GRU(2, 3, batch_first=True),
        (2, 4, 2),
        lambda module, x: module(x)[0],
    ),
    "LSTM": (
        lambda: LSTM(2, 3),
        lambda nn: nn.LSTM(2, 3, batch_first=True),
        (2, 4, 2),
        lambda module, x: module(x)[0],
    ),
    "RNN": (
        lambda: RNN(2, 3),
        lambda nn: nn.RNN(2, 3, batch_first=True),
        (2, 4, 2),
        lambda module, x: module(x)[0],
    ),
    "BatchNorm": (
        lambda: BatchNorm(3),
        lambda nn: nn.BatchNorm1d(3),
        (4, 3),
        lambda module, x: module(x),
    ),
    "LayerNorm": (
        lambda: LayerNorm(3),
        lambda nn: nn.LayerNorm(3),
        (4, 3),
        lambda module, x: module(x),
    ),
    "SelfAttention": (
        lambda: SelfAttention(4, heads=2),
        lambda nn: nn.MultiheadAttention(4, 2, batch_first=True),
        (2, 5, 4),
        lambda module, x: module(x, x, x)[0],
    ),
}


@pytest.mark.parametrize("name", PAIRS)
def test_pytorch_reads_the_file_and_writes_it_back(name, tmp_path):
    torch = pytest.importorskip("torch")
    pytest.importorskip("safetensors")
    from safetensors.torch import load_file, save_file

    make, make_module, shape, call = PAIRS[name]
    model = model_of(make())
    net = torch.nn.Sequential(make_module(torch.nn)).double().eval()
    X = RNG.standard_normal(shape)
    net.load_state_dict(load_file(save_safetensors(model, tmp_path / "to")))
    there = call(net[0], torch.from_numpy(X)).detach().numpy()
    np.testing.assert_allclose(there, model.predict(X), rtol=1e-12, atol=1e-12)

    other = model_of(make())
    save_file(net.state_dict(), tmp_path / "back")
    load_safetensors(other, tmp_path / "back")
    np.testing.assert_allclose(other.predict(X), there, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", PAIRS)
def test_what_goes_to_torch_comes_back(name):
    model, other = (model_of(Chain(PAIRS[name][0]())) for _ in range(2))
    arrays = from_torch(other, to_torch(model))
    expected = {**dict(model.parameters), **dict(model.buffers.items())}
    assert list(arrays) == list(expected)
    for path, member in expected.items():
        np.testing.assert_array_equal(arrays[path], member.value, strict=True)


@pytest.mark.parametrize("name", ["GRU", "LSTM", "RNN"])
def test_both_biases_of_pytorch_count(name, tmp_path):
    torch = pytest.importorskip("torch")
    pytest.importorskip("safetensors")
    from safetensors.torch import save_file

    make, make_module, shape, call = PAIRS[name]
    net = torch.nn.Sequential(make_module(torch.nn)).double()  # all of them are drawn
    save_file(net.state_dict(), tmp_path / "file")
    model = model_of(make())
    load_safetensors(model, tmp_path / "file")
    X = RNG.standard_normal(shape)
    there = call(net[0], torch.from_numpy(X)).detach().numpy()
    np.testing.assert_allclose(model.predict(X), there, rtol=1e-12, atol=1e-12)


def test_names_of_attention_in_a_chain():
    names = to_torch(model_of(Chain(SelfAttention(4), Linear(4, 1))))
    assert {name: array.shape for name, array in names.items()} == {
        "0.0.in_proj_weight": (12, 4),
        "0.0.in_proj_bias": (12,),
        "0.0.out_proj.weight": (4, 4),
        "0.0.out_proj.bias": (4,),
        "0.1.weight": (1, 4),
        "0.1.bias": (1,),
    }


class Turned(Layer):
    """Keeps the transpose of what PyTorch keeps; a subclass need not."""

    def __init__(self):
        self.weight = Parameter((2, 3), init=Ones())

    def forward(self, x, *, training=False):
        return x @ self.weight.value

    def backward(self, dy):
        return dy @ self.weight.value.T

    def to_torch(self, arrays):
        return {"kernel": arrays["weight"].T}

    def from_torch(self, arrays):
        return {"weight": arrays["kernel"].T}


class TurnedAgain(Turned):
    pass


def test_an_own_layer_says_how_it_is_arranged_and_a_subclass_does_not_inherit_it(tmp_path):
    pytest.importorskip("safetensors")
    model, other = (model_of(Turned()) for _ in range(2))
    assert to_torch(model)["0.kernel"].shape == (3, 2)
    load_safetensors(other, save_safetensors(model, tmp_path / "file"))
    np.testing.assert_array_equal(other.parameters.theta, model.parameters.theta)
    assert list(to_torch(model_of(TurnedAgain()))) == ["0.weight"]


def test_what_pytorch_alone_has_is_not_read(tmp_path):
    safetensors = pytest.importorskip("safetensors.numpy")
    model = model_of(Linear(2, 3), BatchNorm(3), dtype=np.float32)
    assert names_in_torch_only(model) == {"1.num_batches_tracked"}
    arrays = {name: array * 0 + 1 for name, array in to_torch(model).items()}
    counted = {**arrays, "1.num_batches_tracked": np.array(7)}
    (tmp_path / "file").write_bytes(safetensors.save(counted))
    load_safetensors(model, tmp_path / "file")
    assert (model.parameters.theta == 1).all()
    assert (model.buffers["1.running_var"].value == 1).all()
    elsewhere = {**arrays, "0.num_batches_tracked": np.array(7)}
    (tmp_path / "file").write_bytes(safetensors.save(elsewhere))
    with pytest.raises(DataError, match=r"'0.num_batches_tracked': must be absent"):
        load_safetensors(model, tmp_path / "file")
