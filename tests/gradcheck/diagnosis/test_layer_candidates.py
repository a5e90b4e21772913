"""What known mistakes would give for the arrays of a layer."""

from layer_mistakes import Dense, diagnoses

from minidl.gradcheck.diagnosis.linear_mistakes import TRANSPOSED_WEIGHT


def test_the_weight_transposed_in_the_input_gradient():
    class Wrong(Dense):
        def backward(self, dy):
            super().backward(dy)
            return dy @ self.weight.value.T

    assert f"consistent with: {TRANSPOSED_WEIGHT} (" in diagnoses(Wrong())["input"]
