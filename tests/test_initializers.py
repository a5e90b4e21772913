import numpy as np
import pytest

from minidl import (
    ArgumentError,
    Buffer,
    He,
    HeUniform,
    Initializer,
    LeCun,
    Linear,
    MeanSquaredError,
    Ones,
    Orthogonal,
    Parameter,
    Random,
    ReLU,
    Sequential,
    Xavier,
    XavierUniform,
    Zeros,
    initializers,
)
from minidl.utils.parts import exported_parts, parts_by_option

DRAWN = [
    (He(), np.sqrt(2 / 50)),
    (Xavier(), np.sqrt(1 / 50)),
    (HeUniform(), np.sqrt(2 / 50)),
    (XavierUniform(), np.sqrt(2 / 450)),
    (LeCun(), np.sqrt(1 / 50)),
    (Random(), 10.0),
    (Random(0.01), 0.01),
]
SEEDS = [lambda: np.random.default_rng(5), lambda: np.random.RandomState(5)]


def draw(init, shape=(400, 50), fan_in=50, rng=None, dtype=np.float64):
    out = np.full(shape, np.nan, dtype)
    fan_out = {"fan_out": shape[0]} if init.uses_fan_out else {}
    init(out, fan_in=fan_in, **fan_out, rng=rng or np.random.default_rng(1))
    return out


@pytest.mark.parametrize(("init", "value"), [(Zeros(), 0), (Ones(), 1)], ids=str)
def test_constants(init, value):
    np.testing.assert_array_equal(draw(init), value)


@pytest.mark.parametrize("new_rng", SEEDS, ids=["Generator", "RandomState"])
@pytest.mark.parametrize(("init", "deviation"), DRAWN, ids=str)
def test_mean_and_variance(init, deviation, new_rng):
    drawn = draw(init, rng=new_rng())
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


@pytest.mark.parametrize(
    ("init", "limit"),
    [
        (HeUniform(), np.sqrt(6 / 50)),
        (XavierUniform(), np.sqrt(6 / 450)),
        (LeCun(), 2 / initializers.CUT_OFF_DEVIATION / np.sqrt(50)),
    ],
    ids=str,
)
@pytest.mark.parametrize("new_rng", SEEDS, ids=["Generator", "RandomState"])
def test_no_value_is_larger_than_the_limit(init, limit, new_rng):
    drawn = draw(init, rng=new_rng())
    assert 0.997 * limit < drawn.max() <= limit
    assert -limit <= drawn.min() < -0.997 * limit


def test_uniform_values_are_uniform():
    for init in (HeUniform(), XavierUniform()):
        drawn = draw(init)
        shares, _ = np.histogram(drawn, bins=10)
        np.testing.assert_allclose(shares / drawn.size, 0.1, atol=0.01)


def test_lecun_is_the_truncated_normal_distribution():
    stats = pytest.importorskip("scipy.stats")
    drawn = draw(LeCun()).ravel() * np.sqrt(50) * initializers.CUT_OFF_DEVIATION
    assert stats.kstest(drawn, stats.truncnorm(-2, 2).cdf).pvalue > 0.01
    assert pytest.approx(stats.truncnorm(-2, 2).std(), rel=1e-12) == initializers.CUT_OFF_DEVIATION


def test_a_parameter_passes_fan_out_only_to_those_that_use_it():
    calls = []

    class Both(Initializer):
        option_name = None
        uses_fan_out = True

        def __call__(self, out, *, fan_in, fan_out, rng):
            calls.append((fan_in, fan_out))
            out[...] = 0

    def plain(out, *, fan_in, rng):
        calls.append(fan_in)
        out[...] = 0

    for init in (Both(), plain):
        Linear(7, 2, init=init).weight.value  # noqa: B018
        Parameter((6, 3, 2, 4), init=init, fan_in=24).value  # noqa: B018
        Parameter((5, 3), init=init, fan_in=3, fan_out=9).value  # noqa: B018
        Parameter((5,), init=init).value  # noqa: B018
    assert calls == [(7, 2), (24, 36), (3, 9), (None, None), 7, 24, 3, None]


def test_xavier_uniform_needs_fan_out():
    with pytest.raises(ArgumentError, match=r"XavierUniform\(\) needs .* outputs.* pass fan_out="):
        Parameter((3,), init=XavierUniform(), fan_in=3).value  # noqa: B018
    with pytest.raises(ArgumentError, match=r"XavierUniform\(\) needs .* inputs.* pass fan_in="):
        Buffer((3, 2), init=XavierUniform()).value  # noqa: B018


@pytest.mark.parametrize("init", [He(), Xavier(), HeUniform(), XavierUniform(), LeCun()], ids=str)
def test_those_that_scale_need_fan_in(init):
    with pytest.raises(
        ArgumentError, match=rf"{type(init).__name__}\(\) needs the number of inputs.*fan_in="
    ):
        Parameter((3, 2), init=init).value  # noqa: B018


@pytest.mark.parametrize("shape", [(5, 5), (7, 3), (3, 7), (1, 4), (4, 1), (3, 2, 2), (6, 2, 2)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("gain", [1.0, 2.5])
def test_orthogonal_rows_or_columns(gain, dtype, shape):
    drawn = draw(Orthogonal(gain), shape, dtype=dtype)
    np.testing.assert_array_equal(drawn, draw(Orthogonal(gain), shape).astype(dtype))
    matrix = drawn.reshape(len(drawn), -1)
    smaller = matrix @ matrix.T if len(matrix) <= matrix.shape[1] else matrix.T @ matrix
    np.testing.assert_allclose(
        smaller, gain**2 * np.eye(len(smaller)), atol=1e-5 if dtype == np.float32 else 1e-13
    )


@pytest.mark.parametrize("new_rng", SEEDS, ids=["Generator", "RandomState"])
def test_orthogonal_matrices_have_no_direction_that_is_preferred(new_rng):
    """Without the signs, the diagonal of Q would be negative more often than positive."""
    rng = new_rng()
    drawn = np.array([draw(Orthogonal(), (3, 3), rng=rng) for _ in range(2000)])
    assert np.abs(drawn.mean(axis=0)).max() < 4 * np.sqrt(1 / 3 / 2000)
    np.testing.assert_allclose((drawn**2).mean(axis=0), 1 / 3, atol=0.03)
    assert abs((np.linalg.det(drawn) > 0).mean() - 0.5) < 0.06


def test_orthogonal_fills_matrices_only():
    with pytest.raises(ArgumentError, match=r"Orthogonal\(1.0\) fills matrices, got .* \(3,\)"):
        draw(Orthogonal(), (3,))
    with pytest.raises(ArgumentError, match="gain must be finite and > 0, got 0 in Orthogonal"):
        Orthogonal(0)


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
    assert [str(init) for init in (Zeros(), Ones(), He(), Xavier(), Random(0.5), Orthogonal())] == [
        "Zeros()",
        "Ones()",
        "He()",
        "Xavier()",
        "Random(0.5)",
        "Orthogonal(1.0)",
    ]


@pytest.mark.parametrize("kind", exported_parts(initializers, Initializer))
def test_every_initializer_declares_its_name_on_the_command_line(kind):
    assert "option_name" in vars(kind), (
        f"set option_name in {kind.__name__}: its name on the command line, such as 'he', or None "
        "if it is not offered there"
    )


def test_the_names_on_the_command_line():
    expected = {
        "he": He,
        "he-uniform": HeUniform,
        "lecun": LeCun,
        "orthogonal": Orthogonal,
        "random": Random,
        "xavier": Xavier,
        "xavier-uniform": XavierUniform,
        "zeros": Zeros,
    }
    assert expected.items() <= parts_by_option(initializers, Initializer).items()
