import numpy as np
import pytest
from helpers import Gain, Residual, classifier, rows

from minidl import (
    L2,
    Adam,
    BinaryCrossEntropy,
    Callback,
    CategoricalCrossEntropy,
    Checkpoint,
    DataError,
    Dropout,
    Flatten,
    GradientDescent,
    Linear,
    MeanSquaredError,
    ReLU,
    Sequential,
    ShapeError,
    Sigmoid,
    Softmax,
)

X, Y = rows(10)


FIT = {"optimizer": GradientDescent(0.1), "epochs": 1, "progress": False}


def three_classes(k=3, dtype=np.float32):
    return Sequential([Linear(3, k), Softmax()], loss=CategoricalCrossEntropy(), dtype=dtype)


def test_images_go_through_flatten():
    images = np.random.default_rng(0).integers(0, 256, (7, 4, 4, 3)).astype(np.uint8)
    layers = [Flatten(), Linear(48, 3), ReLU(), Linear(3, 1), Sigmoid()]
    model = Sequential(layers, loss=BinaryCrossEntropy())
    model.fit(images, [0, 1, 0, 1, 0, 1, 1], batch_size=3, **FIT)
    assert model.predict(images).shape == (7, 1)
    with pytest.raises(
        ShapeError,
        match=r"layer 1, Linear\(48, 3\), expects 48 features, got 36 from layer 0.*\(7, 4, 3, 3\)",
    ):
        model.predict(images[:, :, :3])


def test_predict_returns_a_fresh_array():
    model = classifier()
    first, second = model.predict(X), model.predict(X)
    assert not np.shares_memory(first, second)
    first[...] = 7
    np.testing.assert_array_equal(model.predict(X), second)
    single = Sequential([Flatten()], loss=MeanSquaredError(), dtype=np.float64)
    assert not np.shares_memory(single.predict(X), X)


@pytest.mark.parametrize("m", [1, 3])
def test_the_shapes_of_predictions(m):
    assert classifier().predict(X[:m]).shape == (m, 1)
    assert classifier().predict_classes(X[:m]).shape == (m,)
    assert three_classes().predict(X[:m]).shape == (m, 3)
    assert three_classes().predict_classes(X[:m]).shape == (m,)
    assert three_classes().predict_classes(X[:m]).dtype == np.int64


def test_predicted_classes_follow_from_the_probabilities():
    np.testing.assert_array_equal(
        classifier().predict_classes(X), classifier().predict(X)[:, 0] > 0.5
    )
    np.testing.assert_array_equal(
        three_classes().predict_classes(X), three_classes().predict(X).argmax(axis=1)
    )
    several = Sequential([Linear(3, 2), Sigmoid()], loss=BinaryCrossEntropy())
    np.testing.assert_array_equal(several.predict_classes(X), several.predict(X) > 0.5)


def test_dropout_is_off_except_in_training():
    model = Sequential(
        [Linear(3, 50), Dropout(0.5), Linear(50, 1), Sigmoid()],
        loss=BinaryCrossEntropy(),
        dtype=np.float64,
    )
    np.testing.assert_array_equal(model.predict(X), model.predict(X))
    np.testing.assert_array_equal(model.gradient(X, Y), model.gradient(X, Y))
    assert model.evaluate(X, Y) == model.evaluate(X, Y)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_same_seed_trains_to_the_same_bits(dtype):
    def trained(seed):
        layers = [Linear(3, 8), ReLU(), Dropout(0.7), Residual(8), Linear(8, 1), Sigmoid()]
        model = Sequential(layers, loss=BinaryCrossEntropy(), seed=seed, dtype=dtype)
        history = model.fit(X, Y, optimizer=Adam(0.01), epochs=20, batch_size=4, progress=False)
        return model.parameters.theta.tobytes(), tuple(history.loss)

    assert trained(5) == trained(5)
    assert trained(5) != trained(6)


def test_every_kind_of_seed_is_reproducible():
    for make in (lambda: 5, lambda: np.random.default_rng(5), lambda: np.random.RandomState(5)):
        first, second = (classifier(seed=make()).parameters.theta for _ in range(2))
        np.testing.assert_array_equal(first, second)


def test_the_global_random_state_is_neither_used_nor_changed():
    np.random.seed(0)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    first = classifier(seed=3).parameters.theta
    np.random.seed(1)  # noqa: NPY002
    np.testing.assert_array_equal(first, classifier(seed=3).parameters.theta)
    np.random.seed(0)  # noqa: NPY002
    classifier().fit(X, Y, batch_size=3, **FIT)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_float32_is_the_default_and_kept():
    model = Sequential([Linear(3, 1), Sigmoid()], loss=BinaryCrossEntropy())
    model.fit(X, Y, **FIT)
    assert {
        model.dtype,
        model.predict(X).dtype,
        model.gradient(X, Y).dtype,
        model.parameters.theta.dtype,
    } == {np.dtype(np.float32)}


@pytest.mark.parametrize(
    "layers",
    [
        [Gain(3)],
        [Gain(3), Linear(3, 1)],
        [Linear(3, 2), Gain(2), Linear(2, 1)],
        [Residual(3), Linear(3, 1)],
    ],
)
def test_custom_and_nested_layers_train(layers):
    target = X * [1, 2, 3] if len(layers) == 1 else X @ [[1.0], [-1.0], [0.5]]
    model = Sequential(layers, loss=MeanSquaredError(), dtype=np.float64)
    history = model.fit(
        X, target, optimizer=Adam(0.02), epochs=1500, batch_size=None, progress=False
    )
    assert history.loss[-1] < 1e-3 * history.loss[0]


def test_repr_lists_layers_loss_and_penalties():
    assert (
        repr(three_classes())
        == "Sequential([Linear(3, 3), Softmax()], loss=CategoricalCrossEntropy(), dtype=float32)"
    )
    assert "penalties=[L2(0.1)]" in repr(classifier(penalties=[L2(0.1)]))


def test_every_argument_of_a_fit_is_used(tmp_path, capsys):
    class Watch(Callback):
        seen = ()

        def on_batch_end(self, run):
            self.seen = (*self.seen, (run.epoch, run.batch, run.batches_per_epoch))

    watch, path = Watch(), tmp_path / "run.h5"
    arguments = {"batch_size": 4, "epochs": 2, "shuffle": False}
    options = {"validation": (X, Y), "sample_weight": np.arange(10.0)}
    model = classifier()
    history = model.fit(
        *(X, Y), optimizer=Adam(), callbacks=[watch, Checkpoint(path)], **arguments, **options
    )
    assert watch.seen == tuple((epoch, batch, 3) for epoch in (1, 2) for batch in (1, 2, 3))
    assert "epoch 2/2" in capsys.readouterr().err
    assert history["val_loss"][-1] == pytest.approx(model.evaluate(X, Y)["loss"])
    without = classifier()
    without.fit(X, Y, optimizer=Adam(), progress=False, **arguments)
    assert (without.parameters.theta != model.parameters.theta).any()
    assert capsys.readouterr().err == ""
    resumed = classifier().fit(X, Y, optimizer=Adam(), resume=path, **arguments, **options)
    assert resumed.columns == history.columns
    with pytest.raises(DataError, match="resume_limit"):
        classifier().fit(
            *(X, Y), optimizer=Adam(), resume=path, resume_limit=100, **arguments, **options
        )


def test_a_file_of_more_than_256_mebibytes_is_not_read_unless_it_is_allowed(tmp_path):
    path = tmp_path / "model.h5"
    with path.open("wb") as file:
        file.truncate(256 * 2**20 + 1)  # which takes no space
    with pytest.raises(DataError, match="at most 268,435,456 bytes"):
        Sequential.load(path)
