import pytest
from helpers import Gain

from minidl import (
    L2,
    BinaryCrossEntropy,
    Buffer,
    Chain,
    Concat,
    Flatten,
    Layer,
    Linear,
    MeanSquaredError,
    ReLU,
    Residual,
    Sequential,
    Sigmoid,
    Tanh,
    Zeros,
)
from minidl.model.summary import format_size


def test_the_table_has_a_row_per_layer_and_the_total():
    model = Sequential(
        [Flatten(), Linear(12288, 20), ReLU(), Linear(20, 1), Sigmoid()],
        loss=BinaryCrossEntropy(),
        penalties=[L2(0.1)],
    )
    lines = [line.split() for line in model.summary().splitlines()]
    assert lines[0] == ["#", "layer", "output", "parameters", "size"]
    assert lines[1] == ["0", "Flatten()", "?", "0", "0", "B"]
    assert lines[2] == ["1", "Linear(12288,", "20)", "(m,", "20)", "245,780", "983.1", "kB"]
    assert lines[6] == ["total", "245,801", "983.2", "kB"]
    assert model.summary().endswith(
        "loss BinaryCrossEntropy(), computed from the logits + L2(0.1); float32"
    )


def test_an_unknown_shape_is_a_question_mark():
    model = Sequential([Gain(3)], loss=MeanSquaredError(), dtype="f8")
    assert model.summary().splitlines()[1].split() == ["0", "Gain()", "?", "3", "24", "B"]
    assert model.summary().endswith("loss MeanSquaredError(); float64")


def test_layers_in_layers_have_rows_of_their_own():
    layers = [
        Linear(2, 8),
        Residual(Linear(8, 8), Chain(Tanh()), shortcut=Linear(8, 8)),
        Concat(ReLU(), [Gain(8)]),
    ]
    table = Sequential(layers, loss=MeanSquaredError()).summary()
    assert [line.split() for line in table.splitlines()] == [
        ["#", "layer", "output", "parameters", "size"],
        ["0", "Linear(2,", "8)", "(m,", "8)", "24", "96", "B"],
        ["1", "Residual", "(m,", "8)", "144", "576", "B"],
        ["1.body", "Chain", "(m,", "8)", "72", "288", "B"],
        ["1.body.0", "Linear(8,", "8)", "(m,", "8)", "72", "288", "B"],
        ["1.body.1", "Chain", "(m,", "8)", "0", "0", "B"],
        ["1.body.1.0", "Tanh()", "(m,", "8)", "0", "0", "B"],
        ["1.shortcut", "Linear(8,", "8)", "(m,", "8)", "72", "288", "B"],
        ["2", "Concat", "?", "8", "32", "B"],
        ["2.0", "ReLU()", "(m,", "8)", "0", "0", "B"],
        ["2.1", "Chain", "?", "8", "32", "B"],
        ["2.1.0", "Gain()", "?", "8", "32", "B"],
        ["total", "176", "704", "B"],
        ["loss", "MeanSquaredError();", "float32"],
    ]
    assert "\n 1.body.1.0        Tanh()" in table  # indented by its depth


class Statistics(Layer):
    def __init__(self, features):
        self.mean = Buffer((features,), init=Zeros())
        self.steps = Buffer((), init=Zeros())

    def forward(self, x, *, training=False):
        return x - self.mean.value

    def backward(self, dy):
        return dy

    def output_shape(self, shape):
        return shape


def test_buffers_have_an_aligned_table_of_their_own():
    layers = [Linear(2, 1200), Residual(Linear(1200, 4), Statistics(4), Linear(4, 1200))]
    table = Sequential([*layers, Statistics(1200)], loss=MeanSquaredError()).summary()
    assert table.splitlines()[8:] == [
        "           total                               14,404  57.6 kB",
        " buffer (kept, not learned)  shape    elements    size",
        " 1.body.1.mean               (4,)            4    16 B",
        " 1.body.1.steps              ()              1     4 B",
        " 2.mean                      (1200,)     1,200  4.8 kB",
        " 2.steps                     ()              1     4 B",
        " total                                   1,206  4.8 kB",
        "loss MeanSquaredError(); float32",
    ]


def test_a_deep_net_with_buffers_fits_into_80_columns():
    block = [Linear(512, 512, bias=False), Statistics(512), ReLU()]
    layers = [Linear(64, 512), Residual(Chain(*block)), Concat([Statistics(512)], Tanh())]
    table = Sequential([*layers, Linear(1024, 10)], loss=MeanSquaredError()).summary()
    assert max(map(len, table.splitlines())) <= 80
    assert "buffer" not in Sequential([Linear(64, 512)], loss=MeanSquaredError()).summary()


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (983_204, "983.2 kB"),
        (2_500_000, "2.5 MB"),
        (3e9, "3.0 GB"),
        (4e12, "4000.0 GB"),
    ],
)
def test_sizes(count, text):
    assert format_size(count) == text
