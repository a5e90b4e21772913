import pytest
from helpers import Gain

from minidl import (
    L2,
    BinaryCrossEntropy,
    Flatten,
    Linear,
    MeanSquaredError,
    ReLU,
    Sequential,
    Sigmoid,
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
