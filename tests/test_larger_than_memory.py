"""Training on data that does not fit into memory, from the file to the trained model."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import h5py
import numpy as np
import pytest
from out_of_core_array import OutOfCoreArray, reader_threads

import minidl
from minidl import (
    Adam,
    ArgumentError,
    BinaryCrossEntropy,
    Callback,
    CategoricalCrossEntropy,
    Checkpoint,
    DataError,
    DtypeError,
    EarlyStopping,
    Flatten,
    GradientDescent,
    Linear,
    MeanSquaredError,
    NonFiniteError,
    ReLU,
    Sequential,
    ShapeError,
    Sigmoid,
    Softmax,
)

M, D, CLASSES = 600, 6, 3
LIMIT = 12_000  # bytes; the rows below take more than twice as many
rng = np.random.default_rng(0)
Y = np.sort(rng.integers(0, CLASSES, M)).astype(
    np.uint8
)  # sorted by class: the worst case for reading in blocks
X = (rng.integers(0, 60, (M, D)) + 60 * (np.arange(D) % CLASSES == Y[:, np.newaxis])).astype(
    np.uint8
)
FIT = {"optimizer": GradientDescent(1e-4), "epochs": 3, "batch_size": 16, "progress": False}


def model_of(dtype=np.float32, seed=1):
    return Sequential(
        [Linear(D, 8), ReLU(), Linear(8, CLASSES), Softmax()],
        loss=CategoricalCrossEntropy(),
        dtype=dtype,
        seed=seed,
    )


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("sets") / "set.h5"
    with h5py.File(path, "w") as made:
        for name, kind in (
            ("u1", np.uint8),
            ("f4", np.float32),
            ("f8", np.float64),
            ("i8", np.int64),
            ("big", ">f4"),
        ):
            made[name] = X.astype(kind)
        made["y"], made["onehot"], made["value"] = Y, np.eye(CLASSES)[Y], (X[:, :1] > 60) * 1.0
        made.create_dataset("zipped", data=X, chunks=(2, D), compression="gzip")
    with h5py.File(path) as opened:
        yield opened


@pytest.fixture(autouse=True)
def no_reader_is_left():
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


def trained(X, Y, limit=LIMIT, dtype=np.float32, **settings):
    model = model_of(dtype)
    history = model.fit(X, Y, memory_limit=limit, **{**FIT, **settings})
    return model.parameters.theta.tobytes(), history.columns


def test_a_file_sorted_by_class_is_fitted(file):
    model = model_of()
    history = model.fit(
        file["u1"], file["y"], memory_limit=LIMIT, **{**FIT, "optimizer": Adam(1e-3), "epochs": 30}
    )
    assert history["accuracy"][-1] > 0.95
    assert model.evaluate(X, Y)["accuracy"] > 0.95


@pytest.mark.parametrize("kind", ["u1", "f4", "f8", "i8", "big"])
def test_results_do_not_depend_on_where_the_rows_are(file, kind, tmp_path):
    np.save(tmp_path / "x.npy", file[kind][:])
    np.save(tmp_path / "y.npy", Y)
    mapped = [np.load(tmp_path / f"{name}.npy", mmap_mode="r") for name in "xy"]
    for dtype in (np.float32, np.float64):
        expected = trained(file[kind], file["y"], dtype=dtype)
        for x, y in (
            mapped,
            (mapped[0], Y),
            (file[kind], Y.tolist()),
            (OutOfCoreArray(file[kind][:]), OutOfCoreArray(Y)),
        ):
            assert trained(x, y, dtype=dtype) == expected


def test_results_do_not_depend_on_chunks_that_fit_into_blocks(file):
    assert trained(file["zipped"], file["y"]) == trained(file["u1"], file["y"])


@pytest.mark.parametrize("size", [16, None])
def test_a_file_that_fits_trains_as_arrays(file, size):
    assert trained(file["u1"], file["y"], 10**6, batch_size=size) == trained(X, Y, batch_size=size)


def test_every_kind_of_target(file):
    assert trained(file["u1"], file["onehot"]) == trained(file["u1"], file["y"])
    values = Sequential([Linear(D, 1), Sigmoid()], loss=BinaryCrossEntropy())
    first = values.fit(file["u1"], file["value"], memory_limit=LIMIT, **FIT).loss
    again = Sequential([Linear(D, 1), Sigmoid()], loss=BinaryCrossEntropy())
    assert again.fit(file["u1"], file["value"][:, 0], memory_limit=LIMIT, **FIT).loss == first


def test_without_shuffling_a_file_trains_as_arrays(file):
    streamed, in_memory = (
        trained(file["u1"], file["y"], shuffle=False),
        trained(X, Y, shuffle=False),
    )
    assert streamed == in_memory


def test_images_with_more_axes(file, tmp_path):
    with h5py.File(tmp_path / "p.h5", "w") as made:
        made["x"] = X.reshape(M, 1, 2, 3)
        layers = [Flatten(), Linear(D, 8), ReLU(), Linear(8, CLASSES), Softmax()]
        model = Sequential(layers, loss=CategoricalCrossEntropy(), seed=1)
        model.fit(made["x"], Y, memory_limit=LIMIT, **FIT)
        assert model.predict(made["x"], memory_limit=LIMIT).shape == (M, CLASSES)


@pytest.mark.parametrize("kind", ["u1", "f8", "zipped"])
def test_a_file_is_evaluated_and_predicted_as_arrays(file, kind):
    model = model_of()
    measured = model.evaluate(X, Y)
    from_file = model.evaluate(file[kind], file["y"], memory_limit=LIMIT)
    assert from_file["accuracy"] == measured["accuracy"]
    assert from_file["loss"] == pytest.approx(measured["loss"], rel=1e-6)
    assert model.evaluate(file[kind], file["y"]) == measured
    np.testing.assert_allclose(
        model.predict(file[kind], memory_limit=LIMIT), model.predict(X), rtol=1e-5
    )
    np.testing.assert_array_equal(
        model.predict_classes(file[kind], memory_limit=LIMIT), model.predict_classes(X)
    )


@pytest.mark.parametrize("limit", [LIMIT, 10 * LIMIT])
def test_validation_may_be_in_a_file(file, limit):
    columns = trained(X, Y, limit, validation=(file["f4"], file["y"]))[1]
    from_memory = trained(X, Y, validation=(X, Y))[1]
    assert list(columns) == ["loss", "accuracy", "val_loss", "val_accuracy"]
    assert columns["val_accuracy"] == from_memory["val_accuracy"]
    np.testing.assert_allclose(columns["val_loss"], from_memory["val_loss"], rtol=1e-6)
    both = trained(file["u1"], file["y"], limit, validation=(file["zipped"], file["y"]))[1]
    assert len(both["val_loss"]) == 3


def test_a_batch_of_all_rows_is_loaded(file):
    model = model_of()
    assert model.objective(file["u1"], file["y"]) == model.objective(X, Y)
    np.testing.assert_array_equal(
        model.gradient(OutOfCoreArray(X), OutOfCoreArray(Y)), model.gradient(X, Y)
    )


def refused(error, message, X, Y, **settings):
    """Check that fit raises the error, and changes neither the model nor its generators."""
    model = model_of()
    theta, rng_state = model.parameters.theta.copy(), model.shuffle_rng.bit_generator.state
    with pytest.raises(error, match=message):
        model.fit(X, Y, **{**FIT, "memory_limit": LIMIT, **settings})
    np.testing.assert_array_equal(model.parameters.theta, theta)
    assert model.shuffle_rng.bit_generator.state == rng_state


def test_errors_are_reported_before_anything_changes(file):
    x, y = file["u1"], file["y"]
    invalid = Y.copy()
    invalid[417] = 7
    fewer = OutOfCoreArray(Y[:500])
    refused(
        ArgumentError, "class labels must be integers from 0 to 2, got 7 in row 417", x, invalid
    )
    refused(ArgumentError, "got 7 in row 417", x, OutOfCoreArray(invalid))
    refused(ArgumentError, "got 7 in row 417", x, y, validation=(x, invalid))
    refused(ArgumentError, "got 7 in row 417", X, OutOfCoreArray(invalid))
    refused(ShapeError, "X and Y must have the same number of rows, got 600 and 500", x, fewer)
    refused(ShapeError, r"Y must have shape \(m, 3\), one row per example, got \(600, 6\)", x, x)
    refused(
        ShapeError,
        r"layer 0, Linear\(6, 8\), expects 6 features, got 5 from X.* \(X has shape \(600, 5\)\)",
        OutOfCoreArray(X[:, :5]),
        y,
    )
    refused(ShapeError, r"the examples are the rows: pass X\.T\?", OutOfCoreArray(X.T), y)
    refused(
        DtypeError,
        "X must hold real numbers, got dtype complex64",
        OutOfCoreArray(X.astype(np.complex64)),
        y,
    )
    refused(DtypeError, "X must be an array, got a File of .*u1.*: pass one of these", file, y)
    refused(
        DtypeError,
        "X must hold real numbers, got a object: pass an array.*shape, dtype and slices of rows",
        object(),
        y,
    )
    refused(
        ArgumentError,
        r"memory_limit must be at least [\d,]+ bytes, for two times 16 rows",
        x,
        y,
        memory_limit=500,
    )
    refused(
        ArgumentError,
        "memory_limit must be an integer >= 1",
        x,
        y,
        memory_limit="1 GB",
    )
    refused(
        ArgumentError,
        "batch_size must be a number, got None, where X and Y do not fit",
        x,
        y,
        batch_size=None,
    )
    refused(
        ArgumentError, "shuffle must be True or False", x, y, shuffle=lambda epoch: np.arange(M)
    )
    refused(NonFiniteError, r"X must be finite, got nan at X\[1, 1\]", [[1, 2], [3, np.nan]], y)


def test_a_value_that_is_not_finite_ends_the_training_before_its_buffer_is_used(file):
    x = X.astype(np.float32)
    x[217, 4] = np.nan
    seen = []

    class Watch(Callback):
        def on_gradient(self, run):
            seen.append(run.data.x.copy())

        def on_train_end(self, run):
            seen.append("end")

    model = model_of()
    with pytest.raises(NonFiniteError, match=r"X must be finite, got nan at X\[217, 4\]"):
        model.fit(
            OutOfCoreArray(x), Y, memory_limit=LIMIT, callbacks=[Watch()], shuffle=False, **FIT
        )
    assert seen.pop() == "end"
    assert len(seen) > 0
    np.testing.assert_array_equal(np.concatenate(seen), x[: 16 * len(seen)])
    assert 16 * len(seen) <= 217
    assert np.isfinite(model.parameters.theta).all()
    for ask in (
        lambda: model.predict(OutOfCoreArray(x), memory_limit=LIMIT),
        lambda: model.evaluate(OutOfCoreArray(x), Y),
    ):
        with pytest.raises(NonFiniteError, match=r"X\[217, 4\]"):
            ask()


@pytest.mark.parametrize("source", ["x", "y", "validation"])
def test_a_file_that_cannot_be_read_is_named(source):
    broken = threading.Event()

    def fail(start):
        if broken.is_set() and start > 100:
            raise OSError("the disk is gone")

    class Break(Callback):
        def on_train_begin(self, run):
            broken.set()

    arrays = {"x": X, "y": Y, "v": X}
    arrays[source[0]] = OutOfCoreArray(arrays[source[0]], fail=fail)
    name = "Y" if source == "y" else "X"
    with pytest.raises(
        DataError,
        match=rf"{name}\[\d+:\d+\] must be readable, but it raised OSError\('the disk is gone'\): "
        rf"is the file",
    ):
        model_of().fit(
            arrays["x"],
            arrays["y"],
            validation=(arrays["v"], Y),
            callbacks=[Break()],
            memory_limit=3000 if source != "x" else LIMIT,
            **FIT,
        )


@pytest.mark.parametrize("hook", ["on_train_begin", "on_gradient", "on_epoch_end"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_interruption_ends_the_reader(file, hook, error):
    class Fails(Callback):
        def on_train_end(self, run):
            assert not reader_threads()

    def fail(self, run):
        if run.batch in (0, 3, len(run.minibatches)):
            raise error

    setattr(Fails, hook, fail)
    with pytest.raises(error):
        model_of().fit(file["u1"], file["y"], callbacks=[Fails()], memory_limit=LIMIT, **FIT)


def test_an_early_stop_ends_the_reader(file):
    history = model_of().fit(
        file["u1"],
        file["y"],
        validation=(file["f8"], file["y"]),
        callbacks=[EarlyStopping(patience=1, min_delta=1e9)],
        memory_limit=LIMIT,
        **{**FIT, "epochs": 50},
    )
    assert history.epochs == 2


@pytest.mark.skipif(os.name == "nt", reason="signals are sent otherwise there")
def test_control_c_while_waiting_for_the_reader():
    outside = OutOfCoreArray(X)

    def interrupt(start):
        if len(outside.row_ranges) > 60:
            outside.fail = None
            os.kill(os.getpid(), signal.SIGINT)

    outside.fail = interrupt
    with pytest.raises(KeyboardInterrupt):
        model_of().fit(outside, OutOfCoreArray(Y), memory_limit=4000, **{**FIT, "epochs": 50})


@pytest.mark.parametrize("place", [(1, 1), (2, 20), (3, 38)])
def test_a_stopped_training_from_a_file_is_resumed(file, place, tmp_path):
    class Stop(Callback):
        def on_batch_end(self, run):
            if (run.epoch, run.batch) == place:
                os.kill(os.getpid(), signal.SIGINT)

    def trained(*callbacks, **settings):
        model = model_of()
        model.fit(
            file["u1"],
            file["y"],
            callbacks=callbacks,
            memory_limit=LIMIT,
            **{**FIT, "optimizer": Adam(1e-3)},
            **settings,
        )
        return model.parameters.theta

    trained(Checkpoint(tmp_path / "kept.h5"), Stop())
    np.testing.assert_array_equal(trained(resume=tmp_path / "kept.h5"), trained())


def test_no_rows_are_read_before_the_first_step_or_after_the_last(file):
    outside = OutOfCoreArray(X)
    model_of().fit(outside, Y, memory_limit=LIMIT, **FIT)
    assert outside.threads == {"minidl-reader_0"}
    assert sum(stop - start for start, stop in outside.row_ranges) == 3 * M


def test_a_regression_from_a_file(file):
    model = Sequential([Linear(D, 2)], loss=MeanSquaredError())
    targets = OutOfCoreArray(X[:, :2] / 100)
    history = model.fit(
        file["f4"], targets, memory_limit=LIMIT, **{**FIT, "optimizer": Adam(0.01), "epochs": 40}
    )
    assert history.loss[-1] < 0.1 * history.loss[0]


CHILD = """
import sys, threading
import h5py, numpy as np
from minidl import Adam, CategoricalCrossEntropy, Linear, ReLU, Sequential, Softmax

def resident(name):  # VmRSS: now; VmHWM: the peak of this process alone, unlike getrusage
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith(name))

path, limit = sys.argv[1], int(sys.argv[2])
layers = [Linear(1024, 8), ReLU(), Linear(8, 10), Softmax()]
model = Sequential(layers, loss=CategoricalCrossEntropy())
settings = dict(optimizer=Adam(), epochs=1, batch_size=128, progress=False)
with h5py.File(path) as file:
    model.fit(file["x"][:512], file["y"][:512], **settings)  # what BLAS and Python need once
    before = resident("VmRSS")
    X, Y = file["x"], file["y"]
    model.fit(X, Y, validation=(X, Y), memory_limit=limit, **settings)
    model.evaluate(file["x"], file["y"], memory_limit=limit)
    peak = resident("VmHWM")
    whole = file["x"][:]
    print(peak - before, resident("VmHWM") - before, whole.nbytes, threading.active_count())
"""


@pytest.mark.skipif(
    not Path("/proc/self/status").exists(), reason="the peak of a process is asked of Linux"
)
def test_a_file_ten_times_larger_than_its_limit_stays_within_it(tmp_path):
    """In a separate process: its memory grows by less than the limit and a small allowance."""
    limit, allowance = 4 * 2**20, 3 * 2**20
    rows = 10 * limit // 1024
    with h5py.File(tmp_path / "large.h5", "w") as file:
        file["x"] = np.random.default_rng(0).integers(0, 256, (rows, 1024), np.uint8)
        file["y"] = np.arange(rows) % 10
    command = [sys.executable, "-c", CHILD, str(tmp_path / "large.h5"), str(limit)]
    environment = {
        **os.environ,
        "OPENBLAS_NUM_THREADS": "1",
    }  # a thread of BLAS has its own memory
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(minidl.__file__).parent.parent,
        env=environment,
    )
    training, loaded, size, threads = map(int, done.stdout.split())
    print(
        f"rose by {training:,} bytes under a limit of {limit:,}, and by {loaded:,} for all of "
        f"{size:,}"
    )
    assert size >= 10 * limit
    assert training <= limit + allowance
    assert loaded > 0.9 * size  # the measure does see what is loaded
    assert threads == 1
