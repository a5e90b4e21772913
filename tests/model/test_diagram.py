"""A model as boxes."""

import re

import pytest

from minidl import (
    BinaryCrossEntropy,
    Chain,
    Concat,
    Layer,
    Linear,
    MeanSquaredError,
    ReLU,
    Residual,
    Sequential,
    Sigmoid,
    Tanh,
)
from minidl.model import diagram as diagram_module
from minidl.model.diagram import diagram


def drawn(*layers, shape=None, loss=None):
    model = Sequential(layers, loss=loss or MeanSquaredError())
    return diagram(model.objective_function, shape)


def words_of(html):
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


def test_layers_follow_each_other_with_shapes_and_parameters():
    made = drawn(Linear(2, 3), ReLU(), Linear(3, 1), Sigmoid(), loss=BinaryCrossEntropy())
    assert words_of(made) == (
        "0 Linear (2, 3) 9 parameters ↓ (m, 3) 1 ReLU () ↓ (m, 3) 2 Linear (3, 1) 4 parameters "
        "↓ (m, 1) 3 Sigmoid () ↓ (m, 1) 13 parameters (52 B), float32; "
        "loss BinaryCrossEntropy(), computed from the logits"
    )
    assert made.count('class="layer learned"') == 2


def test_the_shape_of_an_example_is_drawn_where_it_is_known():
    assert words_of(drawn(Linear(2, 3), shape=(7, 2))).startswith("↓ X (m, 7, 2) 0 Linear")


def test_layers_inside_of_others_are_in_their_boxes():
    made = drawn(
        Linear(2, 4), Residual(Linear(4, 4), Tanh()), Concat(Linear(4, 1), [Linear(4, 2), Tanh()])
    )
    assert made.count("<ol") == made.count("</ol>") == 5
    assert made.count('class="network parallel"') == 2
    residual, concat = made.split("<b>Residual</b>")[1].split("<b>Concat</b>")
    assert "y = x + f(x), f its layers" in residual
    assert "x, unchanged ↓ (m, 4)" in words_of(residual)
    assert words_of(residual).index("body Chain") < words_of(residual).index("0 Linear (4, 4)")
    assert "one after another" not in made
    assert "joined along axis -1" in concat
    residual = Residual(Linear(4, 4), shortcut=Linear(4, 4))
    made = drawn(residual)
    assert "parallel" in made
    assert "unchanged" not in made


def test_a_layer_whose_name_begins_with_that_of_another_is_not_in_it():
    class Named(Chain):
        def named_children(self):
            yield from zip(("a", "ab"), self.layers, strict=True)

    made = drawn(Named(Chain(Tanh()), Tanh()), Linear(1, 1))
    inner = made.split("<b>Named</b>")[1].split("</ol>")[1]
    assert "ab Tanh ()" in words_of(inner)


def test_a_name_from_outside_is_escaped_and_shortened():
    class Odd(Layer):
        def forward(self, x, *, training=False):
            return x

        def backward(self, dy):
            return dy

        def __repr__(self):
            return "<script>\x1b(" + "x" * 10_000

    made = drawn(Odd(), Linear(2, 1))
    assert "<script>" not in made
    assert r"<b>&lt;script&gt;\x1b</b>(xxx" in made
    assert len(made) < 2_000


def test_of_many_layers_the_first_are_drawn(monkeypatch):
    monkeypatch.setattr(diagram_module, "MAX_LAYERS", 3)
    made = drawn(*(Tanh() for _ in range(5)), Linear(1, 1))
    assert words_of(made).count("Tanh") == 3
    assert "... and 3 more layers: summary() lists them" in made


@pytest.mark.parametrize("shape", [None, (2,)])
def test_a_notebook_shows_boxes_and_a_table_as_it_is(shape):
    model = Sequential([Linear(2, 1)], loss=MeanSquaredError())
    html = model._repr_html_()
    assert html.startswith('<div class="minidl">')
    assert "<b>Linear</b>(2, 1)" in html
    summary = model.summary(shape)
    assert isinstance(summary, str)
    assert repr(summary) == str(summary) == "".join(summary)
    assert summary.splitlines()[0].split()[:3] == ["#", "layer", "output"]
