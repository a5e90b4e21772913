import pytest

from minidl import Dropout, Layer, Loss, Penalty, ReLU, layers, losses, penalties
from minidl.utils.parts import exported_parts
from minidl.utils.self_description import SelfDescribing

PARTS = [
    *exported_parts(layers, Layer),
    *exported_parts(losses, Loss),
    *exported_parts(penalties, Penalty),
]


@pytest.mark.parametrize("part_class", PARTS)
def test_every_part_defines_its_formulas(part_class):
    assert part_class.formula is not SelfDescribing.formula, (
        f"define {part_class.__name__}.formula(), which returns the formulas of the forward and "
        "the backward pass that Sequential.explain prints"
    )


@pytest.mark.parametrize("layer", exported_parts(layers, Layer))
def test_every_layer_can_be_exported(layer):
    assert layer.is_identity_at_inference or layer.to_onnx is not Layer.to_onnx, (
        f"define {layer.__name__}.to_onnx(graph, x, y), which adds the ONNX nodes of the layer"
    )


def test_a_subclass_inherits_no_description():
    class Other(ReLU):
        """y = something else.

        More."""

    class Noisy(Dropout):
        pass

    class Further(Other):
        def formula(self):
            return "y = x", "dx = dy"

    assert Other().formula() == ("y = something else.", "computed by its own code")
    assert Other.to_onnx is Layer.to_onnx
    assert Noisy(0.5).formula()[0] == "its class has no docstring that states a formula"
    assert not Noisy.is_identity_at_inference
    assert Dropout.is_identity_at_inference
    assert Further().formula() == ("y = x", "dx = dy")


def test_a_long_summary_is_cut():
    part_class = type("Long", (SelfDescribing,), {"__doc__": "x" * 200})
    assert part_class().formula()[0] == "x" * 100
