import pytest
from helpers import Gain

from minidl import (
    GRU,
    L2,
    LSTM,
    RNN,
    ArgumentError,
    BatchNorm,
    BinaryCrossEntropy,
    Buffer,
    Chain,
    Concat,
    Conv1D,
    Conv2D,
    Embedding,
    Flatten,
    Layer,
    Linear,
    MaxPool2D,
    MeanSquaredError,
    ReLU,
    Residual,
    SelfAttention,
    Sequential,
    ShapeError,
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
    header, unknown, known = model.summary().splitlines()[:3]
    assert header.index("output") == unknown.index("?") == known.index("(m,")  # to the left


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


def test_a_shape_tells_outputs_and_multiply_adds():
    layers = [
        Linear(3, 4),
        Residual(Linear(4, 4), Tanh(), shortcut=Linear(4, 4)),
        SelfAttention(4, heads=2),
        BatchNorm(4),
        Flatten(),
        Linear(20, 2),
    ]
    table = Sequential(layers, loss=MeanSquaredError()).summary((5, 3))
    header, *rows = (line.split() for line in table.splitlines()[:-5])
    assert header[-2:] == ["size", "multiply-adds"]
    # 5 positions; attention: 4 products with weights, and two of 5 positions with each other
    attention = 4 * 5 * 4 * 4 + 2 * 5 * 5 * 4
    expected = [60, 160, 80, 80, 0, 80, attention, 0, 0, 40, 260 + attention]
    assert [row[-1] for row in rows] == [f"{count:,}" for count in expected]
    assert rows[-3][2:4] == ["(m,", "20)"]


def test_a_tenth_layer_does_not_count_for_the_first():
    model = Sequential([Linear(1, 1) for _ in range(11)], loss=MeanSquaredError())
    cells = [line.split()[-1] for line in model.summary((1,)).splitlines()]
    assert cells[1:-1] == ["1"] * 11 + ["11"]


def test_what_takes_an_unknown_number_makes_the_total_unknown():
    model = Sequential([Chain(Gain(3)), Linear(3, 1)], loss=MeanSquaredError())
    cells = [line.split()[-1] for line in model.summary((3,)).splitlines()]
    assert cells[:5] == ["multiply-adds", "?", "?", "?", "?"]


@pytest.mark.parametrize("shape", [64, "a", (64, 0), [2.5], (True,)])
def test_a_shape_is_integers(shape):
    model = Sequential([Linear(3, 1)], loss=MeanSquaredError())
    with pytest.raises(ArgumentError, match=r"shape must be integers >= 1, .* in summary"):
        model.summary(shape)


def test_a_shape_that_does_not_fit_is_refused():
    model = Sequential([Flatten(), Linear(12, 1)], loss=MeanSquaredError())
    with pytest.raises(ShapeError, match=r"layer 1, Linear\(12, 1\), expects 12 features, got 27"):
        model.summary((3, 3, 3))


@pytest.mark.parametrize(
    ("layer", "shape", "expected"),
    [
        (Conv2D(3, 8, 3), (6, 5, 3), 4 * 3 * 8 * 9 * 3),
        (Conv2D(3, 8, 3, stride=2, padding="same"), (6, 5, 3), 3 * 3 * 8 * 9 * 3),
        (Conv1D(2, 4, 3), (7, 2), 5 * 4 * 3 * 2),
        (RNN(3, 5), (7, 3), 7 * 5 * (3 + 5)),
        (GRU(3, 5), (7, 3), 7 * 3 * 5 * (3 + 5)),
        (LSTM(3, 5, return_sequences=False), (7, 3), 7 * 4 * 5 * (3 + 5)),
        (Embedding(9, 4), (7,), 0),
        (MaxPool2D(2), (6, 6, 3), 0),
    ],
    ids=str,
)
def test_multiply_adds_by_hand(layer, shape, expected):
    assert layer.multiply_adds(shape) == expected
