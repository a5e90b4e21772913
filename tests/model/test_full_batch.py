"""What has no objective of the whole set is refused before an optimizer that needs one begins."""

import copy

import h5py
import numpy as np
import pytest

from minidl import (
    LBFGS,
    Adam,
    ArgumentError,
    Augmentation,
    BatchNorm,
    Buffer,
    Chain,
    ConjugateGradient,
    Dropout,
    Flatten,
    Layer,
    LayerNorm,
    Linear,
    MeanSquaredError,
    PositionalEncoding,
    Residual,
    Sequential,
    Zeros,
)

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((9, 3)), RNG.standard_normal((9, 2))


class Constant(Layer):
    """Keeps a buffer that training does not change."""

    def __init__(self):
        self.offset = Buffer((3,), init=Zeros())

    def forward(self, x, *, training=False):
        return x + self.offset.value

    def backward(self, dy):
        return dy


class Counting(Constant):
    """Keeps a buffer that training changes, and which its output depends on."""

    def forward(self, x, *, training=False):
        if training:
            self.offset.value += 1
        return x + self.offset.value


def fit(*layers, optimizer=None, x=X, **options):
    layers = [*copy.deepcopy(layers), Linear(3, 2)]
    model = Sequential(layers, loss=MeanSquaredError(), dtype=np.float64)
    before = [model.parameters.theta.copy(), *model.buffers.copy_values().values()]
    options = {"batch_size": None, **options}
    try:
        return model.fit(x, Y, optimizer=optimizer or LBFGS(), epochs=2, progress=False, **options)
    except ArgumentError:
        after = [model.parameters.theta, *model.buffers.copy_values().values()]
        for old, new in zip(before, after, strict=True):
            np.testing.assert_array_equal(old, new)
        raise


@pytest.mark.parametrize("kind", [LBFGS, ConjugateGradient])
@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ([Dropout(0.5)], r"layer 0, Dropout\(0.5\), draws random numbers in training: remove it"),
        ([Residual(Linear(3, 3), Dropout(0.5))], r"layer 0.body.1, Dropout"),
        ([BatchNorm(3)], "changes the buffers 0.running_mean, 0.running_var whenever .* LayerNorm"),
        ([Chain(Linear(3, 3), BatchNorm(3))], "the buffers 0.1.running_mean, 0.1.running_var"),
        ([Counting()], "the buffers 0.offset whenever"),
    ],
)
def test_an_objective_that_differs_from_call_to_call_is_refused(kind, layers, words):
    with pytest.raises(ArgumentError, match=f"{kind.__name__} needs an objective .*{words}"):
        fit(*layers, optimizer=kind())
    fit(*layers, optimizer=Adam())


@pytest.mark.parametrize("layers", [[Constant()], [LayerNorm(3)], [Linear(3, 3)]])
def test_all_others_are_trained(layers):
    assert fit(*layers).epochs == 2


def test_a_constant_table_is_no_obstacle():
    x = RNG.standard_normal((9, 1, 3))
    assert fit(PositionalEncoding(3), Flatten(), x=x).epochs == 2


def test_several_mini_batches_are_refused_and_a_single_one_is_the_whole_set():
    words = "LBFGS needs the whole set in each step, got batch_size=4 for 9 examples: pass batch_si"
    with pytest.raises(ArgumentError, match=words):
        fit(batch_size=4)
    assert fit(batch_size=64).loss == fit().loss


def test_random_pictures_are_refused():
    x, augment = RNG.standard_normal((9, 1, 1, 3)), Augmentation(flip=True)
    with pytest.raises(ArgumentError, match=r"got augment=Augmentation\(flip=True\), which"):
        fit(Flatten(), x=x, augment=augment)


def test_drawn_examples_are_refused():
    with pytest.raises(ArgumentError, match=r'got shuffle="with_replacement", which draws other'):
        fit(batch_size=9, shuffle="with_replacement")


def test_rows_in_a_file_are_tried_and_trained_on(tmp_path):
    with h5py.File(tmp_path / "x.h5", "w") as file:
        x = file.create_dataset("x", data=X)
        assert fit(x=x).loss == fit().loss
        with pytest.raises(ArgumentError, match="changes the buffers"):
            fit(BatchNorm(3), x=x)


def test_a_shuffle_function_changes_nothing_but_rounding():
    shuffled = fit(shuffle=lambda epoch: np.random.default_rng(epoch).permutation(9))
    np.testing.assert_allclose(shuffled.loss, fit().loss, rtol=1e-12)
