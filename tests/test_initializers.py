import numpy as np
import pytest

from minidl import (
    ArgumentError,
    He,
    Initializer,
    Linear,
    MeanSquaredError,
    Ones,
    Parameter,
    Random,
    ReLU,
    Sequential,
    Xavier,
    Zeros,
    initializers,
)
from minidl.utils.parts import exported_parts, parts_by_option

DRAWN = [
    (He(), np.sqrt(2 / 50)),
    (Xavier(), np.sqrt(1 / 50)),
    (Random(), 10.0),
    (Random(0.01), 0.01),
]
SEEDS = [np.random.default_rng(4), np.random.RandomState(4)]


def draw(init, shape=(400, 50), fan_in=50, rng=None, dtype=np.float64):
    out = np.full(shape, np.nan, dtype)
    init(out, fan_in=fan_in, rng=rng or np.random.default_rng(1))
    return out


@pytest.mark.parametrize(("init", "value"), [(Zeros(), 0), (Ones(), 1)], ids=str)
def test_constants(init, value):
    np.testing.assert_array_equal(draw(init), value)


@pytest.mark.parametrize("rng", SEEDS, ids=["Generator", "RandomState"])
@pytest.mark.parametrize(("init", "deviation"), DRAWN, ids=str)
def test_mean_and_variance(init, deviation, rng):
    drawn = draw(init, rng=rng)
    assert abs(drawn.mean()) < 4 * deviation / np.sqrt(drawn.size)
    assert abs(drawn.var() / deviation**2 - 1) < 4 * np.sqrt(2 / drawn.size)


@pytest.mark.parametrize(("init", "deviation"), DRAWN, ids=str)
def test_every_dtype_starts_at_the_same_point(init, deviation):
    np.testing.assert_array_equal(draw(init).astype(np.float32), draw(init, dtype=np.float32))
    np.testing.assert_array_equal(draw(init), draw(init, dtype=np.complex128))


@pytest.mark.parametrize(
    ("init", "scale"),
    [(Xavier(), lambda n: 1 / np.sqrt(n)), (He(), lambda n: np.sqrt(2 / n))],
    ids=["Xavier", "He"],
)
def test_a_random_state_gives_the_courses_weights_layer_by_layer(init, scale):
    layers = [Linear(7, 5, init=init), ReLU(), Linear(5, 3, init=init), Linear(3, 1, init=init)]
    Sequential(layers, loss=MeanSquaredError(), seed=np.random.RandomState(1), dtype=np.float64)
    rng = np.random.RandomState(1)
    for layer in (layers[0], layers[2], layers[3]):
        drawn = rng.randn(layer.out_features, layer.in_features) * scale(layer.in_features)
        np.testing.assert_allclose(layer.weight.value, drawn, rtol=4e-16)
        np.testing.assert_array_equal(layer.bias.value, 0)


def test_xavier_divides_exactly_as_the_course_does():
    layer = Linear(12, 4, init=Xavier())
    Sequential([layer], loss=MeanSquaredError(), seed=np.random.RandomState(1), dtype=np.float64)
    np.testing.assert_array_equal(
        layer.weight.value, np.random.RandomState(1).randn(4, 12) / np.sqrt(12)
    )


@pytest.mark.parametrize("init", [He(), Xavier()], ids=str)
def test_he_and_xavier_need_fan_in(init):
    with pytest.raises(
        ArgumentError, match=rf"{type(init).__name__}\(\) needs the number of inputs.*fan_in="
    ):
        Parameter((3, 2), init=init).value  # noqa: B018


@pytest.mark.parametrize("scale", [0, -1, np.nan, np.inf])
def test_scale_must_be_positive(scale):
    with pytest.raises(ArgumentError, match=f"scale must be finite and > 0, got {scale} in Random"):
        Random(scale)


def test_a_function_serves_as_well():
    def sevens(out, *, fan_in, rng):
        out[...] = fan_in

    np.testing.assert_array_equal(Linear(7, 2, init=sevens).weight.value, 7)


def test_a_subclass_must_fill():
    class Lazy(Initializer):
        pass

    with pytest.raises(TypeError, match=r"abstract.* Lazy .*__call__"):
        draw(Lazy())


def test_repr():
    assert [str(init) for init in (Zeros(), Ones(), He(), Xavier(), Random(0.5))] == [
        "Zeros()",
        "Ones()",
        "He()",
        "Xavier()",
        "Random(0.5)",
    ]


@pytest.mark.parametrize("kind", exported_parts(initializers, Initializer))
def test_every_initializer_declares_its_name_on_the_command_line(kind):
    assert "option_name" in vars(kind), (
        f"set option_name in {kind.__name__}: its name on the command line, such as 'he', or None "
        "if it is not offered there"
    )


def test_the_names_on_the_command_line():
    expected = {"he": He, "random": Random, "xavier": Xavier, "zeros": Zeros}
    assert expected.items() <= parts_by_option(initializers, Initializer).items()
